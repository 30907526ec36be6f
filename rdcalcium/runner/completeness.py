"""Whether the files of an interrupted run reach its checkpoint: where one does not, nothing is changed."""

from __future__ import annotations

from pathlib import Path

from rdcalcium.recorders.schedule import SLACK, Schedule
from rdcalcium.results import folder
from rdcalcium.results.csv_table import has_row
from rdcalcium.results.folder import lost
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.simulation import Simulation
from rdcalcium.units import milliseconds

RESTORE = "restore the file, or "


def require_complete(path: Path, simulation: Simulation, schedule: Schedule, rows: Schedule | None) -> SnapshotFile:
    """The snapshots of a run folder, which like its tables reach the checkpoint that `simulation` is at.

    schedule  of snapshots, with which the ledger is written
    rows      times of the rows of sensors and probes; none: at the end of each step

    The stimulus is not asked for: it is written anew.

    Raises RunFolderError where a row or a snapshot from before the checkpoint is not there.
    """
    last = rows.last(simulation.t) if rows else simulation.t
    latest = {folder.PROBES: last, folder.LEDGER: schedule.last(simulation.t)}
    if simulation.sensors:
        latest[folder.SENSORS] = last
    for name, since in latest.items():
        _require_row(path / name, since - SLACK, simulation.t + SLACK)
    return _require_snapshots(path / folder.SNAPSHOTS, len(schedule.due(simulation.t, 0.0)), simulation.t)


def _require_row(path: Path, since: float, until: float) -> None:
    if not path.exists():
        raise lost(f"there is no {path}, which the run cannot go on without", RESTORE)
    if not has_row(path, since, until):
        raise lost(f"{path} ends before the checkpoint at {milliseconds(until)}, its last row is missing", RESTORE)


def _require_snapshots(path: Path, count: int, until: float) -> SnapshotFile:
    if not path.exists():
        raise lost(f"there is no {path}, which the run cannot go on without", RESTORE)
    snapshots = SnapshotFile.resume(path)
    if snapshots.count < count:
        held = f"{path} holds {snapshots.count} of the {count} snapshots before the checkpoint at {milliseconds(until)}"
        raise lost(held, RESTORE)
    return snapshots
