"""Whether an interrupted run can go on: its checkpoint fits, its files reach it; else nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.randomness import BY_NUMBER
from rdcalcium.recorders.schedule import Schedule, Schedules
from rdcalcium.results import RunFolderError, folder
from rdcalcium.results.csv_table import moments_of
from rdcalcium.results.folder import lost
from rdcalcium.results.tables import headings, headings_of_trials
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.simulation import Simulation
from rdcalcium.units import milliseconds

RESTORE = "restore the file, or "


def require_fitting(path: Path, state: Mapping[str, Any], fresh: Mapping[str, Any]) -> None:
    """Refuse, with a RunFolderError, a checkpoint that holds anything but finite numbers like those of a new run.

    fresh  what a run of the same model has to save before its first step
    """
    # A derivative is kept from the first step on, and is like the state.
    wanted = {**fresh, **({"derivative": fresh["y"]} if "derivative" in state else {})}
    for name, example in wanted.items():
        found, shape = state.get(name), np.shape(example)
        if found is not None and BY_NUMBER in name:
            shape = (*found.shape[:1], *shape[1:])
        if trouble := _misfit(found, shape):
            unfit = f"{path / folder.CHECKPOINT} does not fit this model, or this version: {name!r} {trouble}"
            raise lost(unfit)


def _misfit(found: np.ndarray | None, shape: tuple[int, ...]) -> str | None:
    """What is wrong with an array of a checkpoint that should have this shape."""
    if found is None:
        return "is missing"
    if found.shape != shape:
        return f"has the shape {found.shape}, not {shape}"
    if found.dtype.kind not in "fiu" or not np.isfinite(found).all():
        return "holds what is no number"
    return None


def require_complete(path: Path, simulation: Simulation, when: Schedules) -> SnapshotFile:
    """The snapshots of a run folder, which like its tables reach the checkpoint that `simulation` is at.

    The stimulus is not asked for: it is written anew.

    Raises RunFolderError where a row or a snapshot from before the checkpoint is not there, or a table is damaged.
    """
    fields = [field.name for field in simulation.system.fields]
    for name, columns in headings(simulation.model, fields, simulation.balance()).items():
        before, now = _rows(path / name, columns, simulation)
        if name == folder.LEDGER:
            whole = len(now) > 0 and now[-1] >= when.snapshots.last(simulation.t) - SAME_TIME
        else:
            rows = when.stores if name == folder.STORES else when.rows
            whole = _has_every_row(now, simulation, rows) and _has_every_trial(before, simulation, rows)
        _require_whole(path / name, whole, simulation)
    if simulation.model.computed_trials > 1:
        numbers = _moments(path / folder.TRIALS, headings_of_trials(simulation.model))[:, 0]
        whole = int(np.sum(numbers <= simulation.complete_trials)) == simulation.complete_trials
        _require_whole(path / folder.TRIALS, whole, simulation)
    due = when.snapshots.due(simulation.t if simulation.trial == 1 else np.inf, 0.0)
    return _require_snapshots(path / folder.SNAPSHOTS, len(due), simulation.t)


def _require_whole(path: Path, whole: bool, simulation: Simulation) -> None:
    if not whole:
        raise lost(f"{path} lacks rows from before the checkpoint at {milliseconds(simulation.t)}", RESTORE)


def _rows(path: Path, columns: Sequence[str], simulation: Simulation) -> tuple[int, np.ndarray]:
    """How many rows of a table are of earlier trials, and times of those up to the checkpoint in its own, ms."""
    moments = _moments(path, columns)
    trials = moments[:, 0] if simulation.model.computed_trials > 1 else np.ones(len(moments))
    times = moments[trials == simulation.trial, -1]
    return int(np.sum(trials < simulation.trial)), times[times <= simulation.t + SAME_TIME]


def _has_every_trial(rows: int, simulation: Simulation, schedule: Schedule | None) -> bool:
    """Whether so many rows are those of all earlier trials."""
    return rows == (simulation.trial - 1) * (0 if schedule is None else len(schedule.times))


def _moments(path: Path, columns: Sequence[str]) -> np.ndarray:
    """Those of all rows of a table, as their first columns tell them."""
    if not path.exists():
        raise lost(f"there is no {path}, which the run cannot go on without", RESTORE)
    try:
        return moments_of(path, columns)
    except RunFolderError as error:
        raise lost(str(error), RESTORE) from None


def _has_every_row(times: np.ndarray, simulation: Simulation, rows: Schedule | None) -> bool:
    """Whether a table of sensors or probes has a row at rest and after each step, or at each time that was asked for.

    times  (rows,) ms, up to that of the simulation
    """
    if rows is None:
        return len(times) == simulation.steps + 1 and times[-1] == simulation.t
    return np.array_equal(times, rows.times[rows.due(simulation.t, 0.0)])


def _require_snapshots(path: Path, count: int, until: float) -> SnapshotFile:
    if not path.exists():
        raise lost(f"there is no {path}, which the run cannot go on without", RESTORE)
    snapshots = SnapshotFile.resume(path)
    if snapshots.count < count:
        held = f"{path} holds {snapshots.count} of the {count} snapshots before the checkpoint at {milliseconds(until)}"
        raise lost(held, RESTORE)
    return snapshots
