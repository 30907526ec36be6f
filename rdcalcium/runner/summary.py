"""What a reader of a run wants to know first."""

from __future__ import annotations

import resource
from dataclasses import asdict
from typing import Any

from rdcalcium.recorders.peaks import Peaks
from rdcalcium.simulation import Simulation


def summarize(simulation: Simulation, peaks: Peaks, lowest: float, wall: float) -> dict[str, Any]:
    """The entry "summary" of run.json.

    lowest  of all concentrations in the snapshots, µM
    wall    time that the run has taken, s
    """
    points = {
        name: {"peak calcium (uM)": peak, "time of peak (ms)": at}
        for name, (peak, at) in zip([*simulation.model.watched], peaks.values.tolist(), strict=True)
    }
    for sensor in simulation.sensors:
        for label, p in zip(sensor.labels, sensor.probability().tolist(), strict=True):
            points[label]["release probability"] = p
    balance = simulation.balance()
    ledger = {**asdict(balance), "missing": balance.missing, "relative error": balance.relative_error}
    return {
        "time (ms)": simulation.t,
        "points": points,
        "ledger (uM um^3)": ledger,
        "lowest value (uM)": lowest,
        "steps": simulation.steps,
        "rejected steps": simulation.rejected,
        "evaluations": simulation.scheme.evaluations,
        "wall time (s)": wall,
        "peak memory (MiB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
