"""What a reader of a run wants to know first."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from rdcalcium.machine import peak_memory
from rdcalcium.recorders.peaks import Peaks
from rdcalcium.results.about import Amounts, Point, Summary
from rdcalcium.runner.outcome import drawn_failures, failures, over_trials
from rdcalcium.simulation import Simulation


@dataclass(frozen=True)
class Spent:
    """What trials have taken."""

    steps: int = 0
    rejected: int = 0
    evaluations: int = 0

    def and_of(self, simulation: Simulation) -> Spent:
        """With the trial that the simulation is in."""
        return Spent(
            self.steps + simulation.steps,
            self.rejected + simulation.rejected,
            self.evaluations + simulation.stepper.evaluations,
        )


def summarize(
    simulation: Simulation,
    peaks: Peaks,
    lowest: float,
    wall: float,
    spent: Spent,
    trials: dict[str, np.ndarray],
    fused: dict[str, np.ndarray],
) -> Summary:
    """The summary of a run at this moment.

    lowest  of all concentrations in the snapshots, µM
    wall    time that the run has taken, s
    spent   by all trials
    trials  columns of the table with a row for each complete trial; none where there is one alone
    fused   columns of the table with a row for each vesicle that fuses; none where no vesicle is drawn
    """
    balance = simulation.balance()
    complete = len(next(iter(trials.values()))) if trials else None
    drawn_together = simulation.model.run.trials if simulation.finished and complete is None else 0
    return Summary(
        time=simulation.t,
        trials=complete,
        failures=failures(simulation, trials),
        drawn_failures=drawn_failures(simulation.model, fused, complete or drawn_together),
        points=over_trials(simulation, trials) if complete else _points(simulation, peaks),
        ledger=Amounts(**asdict(balance), missing=balance.missing, relative_error=balance.relative_error),
        lowest=lowest,
        steps=spent.steps,
        rejected=spent.rejected,
        evaluations=spent.evaluations,
        wall_time=wall,
        peak_memory=peak_memory(),
    )


def _points(simulation: Simulation, peaks: Peaks) -> dict[str, Point]:
    released = {
        label: {"release_probability": probability, "cumulative_release": count if sensor.refills else None}
        for sensor in simulation.sensors
        if sensor.releases_vesicles
        for label, probability, count in zip(
            sensor.labels, sensor.probability().tolist(), sensor.releases().tolist(), strict=True
        )
    }
    return {
        name: Point(peak=peak, time_of_peak=at, **released.get(name, {}))
        for name, (peak, at) in zip(simulation.model.watched, peaks.values.tolist(), strict=True)
    }
