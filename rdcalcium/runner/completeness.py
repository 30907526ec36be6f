"""Whether an interrupted run can go on: its checkpoint fits, its files reach it; else nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.recorders.schedule import Schedule, Schedules
from rdcalcium.results import RunFolderError, folder
from rdcalcium.results.csv_table import times_of
from rdcalcium.results.folder import lost
from rdcalcium.results.tables import headings
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
        if trouble := _misfit(state.get(name), np.shape(example)):
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
    for name, columns in headings(simulation.model, fields).items():
        times = _times(path / name, columns, simulation.t)
        if name == folder.LEDGER:
            whole = len(times) > 0 and times[-1] >= when.snapshots.last(simulation.t) - SAME_TIME
        else:
            whole = _has_every_row(times, simulation, when.rows)
        if not whole:
            raise lost(f"{path / name} lacks rows from before the checkpoint at {milliseconds(simulation.t)}", RESTORE)
    return _require_snapshots(path / folder.SNAPSHOTS, len(when.snapshots.due(simulation.t, 0.0)), simulation.t)


def _times(path: Path, columns: Sequence[str], until: float) -> np.ndarray:
    """Those of the rows of a table up to a checkpoint, ms."""
    if not path.exists():
        raise lost(f"there is no {path}, which the run cannot go on without", RESTORE)
    try:
        times = times_of(path, columns)
    except RunFolderError as error:
        raise lost(str(error), RESTORE) from None
    return times[times <= until + SAME_TIME]


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
