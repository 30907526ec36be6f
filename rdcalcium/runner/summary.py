"""What a reader of a run wants to know first."""

from __future__ import annotations

from dataclasses import asdict

from rdcalcium.machine import peak_memory
from rdcalcium.recorders.peaks import Peaks
from rdcalcium.results.about import Amounts, Point, Summary
from rdcalcium.simulation import Simulation


def summarize(simulation: Simulation, peaks: Peaks, lowest: float, wall: float) -> Summary:
    """The summary of a run at this moment.

    lowest  of all concentrations in the snapshots, µM
    wall    time that the run has taken, s
    """
    released = {
        label: {"release_probability": probability, "cumulative_release": count if sensor.refills else None}
        for sensor in simulation.sensors
        for label, probability, count in zip(
            sensor.labels, sensor.probability().tolist(), sensor.releases().tolist(), strict=True
        )
    }
    points = {
        name: Point(peak=peak, time_of_peak=at, **released.get(name, {}))
        for name, (peak, at) in zip(simulation.model.watched, peaks.values.tolist(), strict=True)
    }
    balance = simulation.balance()
    return Summary(
        time=simulation.t,
        points=points,
        ledger=Amounts(**asdict(balance), missing=balance.missing, relative_error=balance.relative_error),
        lowest=lowest,
        steps=simulation.steps,
        rejected=simulation.rejected,
        evaluations=simulation.stepper.evaluations,
        wall_time=wall,
        peak_memory=peak_memory(),
    )
