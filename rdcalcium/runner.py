"""Running a model into a folder: provenance, tables as they grow, snapshots, checkpoints, and the summary."""

from __future__ import annotations

import datetime
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium import __version__
from rdcalcium.backends import Operations, choose, open_backend
from rdcalcium.chemistry import CALCIUM
from rdcalcium.library import resolve, used_references
from rdcalcium.memory import prepare
from rdcalcium.model import Model, read_toml, write_toml
from rdcalcium.recorders.ledger import Balance
from rdcalcium.results import Result, RunFolderError, folder
from rdcalcium.results.provenance import describe, machine, scene
from rdcalcium.results.run import read_table
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.simulation import Moment, Simulation

CHECKPOINT_EVERY = 60.0  # s of wall time
FIRST_CHECKPOINT = 5.0  # s
FLUSH_EVERY = 1.0  # s of wall time

STRUCTURE = 1 << 18  # bytes of an HDF5 file besides its numbers, rounded up


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    t, duration  ms
    h            last step, ms
    steps        taken so far
    rate         model time per wall time, ms s⁻¹
    remaining    estimated wall time, s; infinite before anything is known
    """

    t: float
    duration: float
    h: float
    steps: int
    rate: float
    remaining: float


def run(
    model: Model,
    backend: str = "auto",
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: Callable[[Progress], None] = lambda p: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Simulate a model and return its Result.

    backend      "auto", "cuda", "compiled" or "numpy"
    out          run folder; none: a new folder among the temporary files
    overwrite    replace an earlier run in that folder
    progress     called about ten times a second
    should_stop  asked before every step; on True the run is saved so that it can be resumed
    """
    name, reason = choose(backend)
    path = folder.create_folder(out or tempfile.mkdtemp(prefix="rdcalcium-"), overwrite or out is None)
    return _Run(model, path, name, reason, None).go(progress, should_stop)


def resume(
    path: str | Path,
    backend: str = "auto",
    *,
    progress: Callable[[Progress], None] = lambda p: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Go on with an interrupted run from its last checkpoint; with the same backend the numbers are the same."""
    path = Path(path)
    about = folder.read_about(path)
    if about.get("status") == "finished":
        raise RunFolderError(f"the run in {path} is finished; there is nothing to resume")
    state = folder.read_checkpoint(path)
    model = resolve(read_toml(path / folder.MODEL), origin=str(path / folder.MODEL), folder=path)
    if state.get("model") != write_toml(model):
        raise RunFolderError(
            f"{path / folder.MODEL} is not the model that the checkpoint belongs to; restore it, or run it anew"
        )
    before = about.get("machine", {}).get("backend", "auto")
    name, reason = choose(before if backend == "auto" else backend)
    return _Run(model, path, name, reason, state).go(progress, should_stop)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """A disk that is full, or gone, is one sentence."""
    try:
        yield
    except BrokenPipeError:  # whoever read the progress has left: nothing to do with the folder
        raise
    except OSError as error:
        raise RunFolderError(f"cannot write to {path}: {_reason(error)}; what was written before is kept") from error


def _reason(error: OSError) -> str:
    """What the operating system says, also where HDF5 wraps it into a report of its own."""
    wrapped = re.search(r"error message = '([^']*)'", str(error))
    return error.strerror or (wrapped[1] if wrapped else str(error).splitlines()[0])


class _Run:
    """One run and its files."""

    def __init__(self, model: Model, path: Path, backend: str, reason: str, state: dict[str, Any] | None):
        self.model, self.path = model, path
        self.begun = time.perf_counter()
        self.before = float(state["wall"]) if state else 0.0  # s, of the runs that this one goes on with
        self.system = prepare(model, backend)
        self.do: Operations = open_backend(backend, self.system, model.run.precision)
        self.simulation = Simulation(model, self.do)
        self.about: dict[str, Any] = {
            "title": model.title,
            "status": "running",
            "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "rdcalcium": __version__,
            "references": used_references(model),
            "seed": model.run.seed,
            "precision": model.run.precision,
        }
        self.about |= {
            "machine": machine(self.do, reason),
            "discretization": describe(self.system.discretization),
            "fields": [f.name for f in self.system.fields],
            "scene": scene(model, self.system.discretization).to_json(),
        }
        self.lowest = np.inf
        self.peaks = np.zeros((len(self.simulation.point_names), 2))  # µM, ms
        if state:
            self.simulation.restore(state)
            self.lowest, self.peaks = float(state["lowest"]), state["peaks"]
        try:
            with _writing(path):
                self._begin(state is None)
        except BaseException:
            with suppress(OSError):
                folder.write_about(path, self.about | {"status": "failed"})
            raise

    def _begin(self, new: bool) -> None:
        """First files. An earlier run gives way only now that everything else has succeeded."""
        if new:
            folder.remove_run(self.path)
            folder.write_atomically(self.path / folder.MODEL, write_toml(self.model).encode())
        folder.write_about(self.path, self.about)
        self._open_tables(None if new else self.simulation.t)
        if new:
            self._look(Moment(0.0, 0.0, 0, self.simulation.values))

    def _open_tables(self, keep_until: float | None) -> None:
        points, fields = self.simulation.point_names, self.system.fields
        labels = [label for s in self.simulation.sensors for label in s.labels]
        columns = [f"{p}: {f.name} (uM)" for p in points for f in fields]
        release = [f"{s}: {q}" for s in labels for q in ("release rate (1/ms)", "release probability")]
        buffers = [f"bound to {b.name} (uM um^3)" for b in self.model.buffers]
        heads = {
            folder.PROBES: [folder.TIME, *columns],
            folder.SENSORS: [folder.TIME, *release] if labels else [],
            folder.LEDGER: [
                folder.TIME,
                "entered (uM um^3)",
                "free (uM um^3)",
                *buffers,
                "missing (uM um^3)",
                "relative error",
            ],
        }
        self.tables: dict[str, folder.CsvTable] = {
            name: folder.CsvTable(self.path / name, head, keep_until) for name, head in heads.items() if head
        }
        self._write_stimulus()
        names = [f.name for f in fields]
        snapshots = self.model.record.snapshots
        kept = names if snapshots and snapshots.fields == "all" else names[:1]
        if keep_until is not None and (self.path / folder.SNAPSHOTS).exists():
            self.snapshots = SnapshotFile.resume(self.path / folder.SNAPSHOTS)
        else:
            cells, times = self.system.discretization.cells, self.simulation.snapshot_times
            labels_of: dict[str, str] = {name: f"{name} (uM)" for name in kept}
            arrays = 4 * len(times) * len(kept) * len(cells.selection)
            folder.refuse_too_large(self.path, arrays, f"{len(times)} snapshots of {len(kept)} fields")
            folder.require_room(self.path, STRUCTURE + 24 * len(cells.points) + 96 * len(cells.connectivity))
            self.snapshots = SnapshotFile.create(self.path / folder.SNAPSHOTS, cells, times, labels_of)

    def _write_stimulus(self) -> None:
        """Voltage, open probabilities and currents of the whole run, known before it begins."""
        groups = self.simulation.currents.groups
        if not groups:
            return
        knots = [g.influx.knots for g in groups] + [[0.0, self.model.run.duration]]
        times = np.unique(np.concatenate(knots))
        times = times[(times >= 0) & (times <= self.model.run.duration)]
        columns: dict[str, Any] = {folder.TIME: times}
        if self.model.stimulus:
            columns["voltage (mV)"] = self.model.stimulus.voltage(times)
        for group, count in zip(groups, self.simulation.sources.counts, strict=True):
            if group.open_probability:
                columns[f"{group.name}: open probability"] = group.open_probability.value(times, before=True)
            inward = self.model.copies * count * group.influx.value(times)
            columns[f"{group.name}: current (pA)"] = -inward
        table = folder.CsvTable(self.path / folder.STIMULUS, list(columns))
        for row in zip(*columns.values(), strict=True):
            table.append(row)
        table.close()

    def go(self, progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Result:
        """Advance to the end, or until asked to stop; the folder is complete either way."""
        try:
            with _writing(self.path):
                self._advance(progress, should_stop)
                self._complete()
        except BaseException as error:
            # The state may be that of half a step: the last checkpoint stands.
            if self.about["status"] == "running":
                with suppress(OSError):
                    self._tell("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        finally:
            for table in self.tables.values():
                with suppress(OSError):
                    table.close()
        return Result(self.path)

    def _advance(self, progress: Callable[[Progress], None], should_stop: Callable[[], bool]) -> None:
        simulation, duration = self.simulation, self.model.run.duration
        shown = flushed = -np.inf
        started, t_started = time.perf_counter(), simulation.t
        saved = started - max(CHECKPOINT_EVERY - FIRST_CHECKPOINT, 0.0)
        while not should_stop() and not simulation.finished:
            moment = simulation.advance()
            self._look(moment)
            now = time.perf_counter()
            if now - shown > 0.1 or simulation.finished:
                rate = (simulation.t - t_started) / (now - started)
                left = (duration - simulation.t) / rate
                progress(Progress(simulation.t, duration, moment.h, simulation.steps, rate, left))
                shown = now
            if now - flushed > FLUSH_EVERY:
                self._flush()
                flushed = now
            if now - saved > CHECKPOINT_EVERY:
                self._save()
                saved = now

    def _look(self, moment: Moment) -> None:
        """Write a row for this step, and the fields if a snapshot is due."""
        simulation, values = self.simulation, moment.values
        self.tables[folder.PROBES].append([moment.t, *values.T.ravel()])
        better = values[CALCIUM] > self.peaks[:, 0]
        self.peaks[better] = np.stack([values[CALCIUM, better], np.full(better.sum(), moment.t)], axis=1)
        if folder.SENSORS in self.tables:
            row, at = [moment.t], 0
            for sensor in simulation.sensors:
                calcium = values[CALCIUM, at : at + len(sensor.labels)]
                row += np.stack([sensor.rate(calcium), sensor.probability()], axis=1).ravel().tolist()
                at += len(sensor.labels)
            self.tables[folder.SENSORS].append(row)
        times = simulation.snapshot_times
        slack = 1e-12
        due = np.flatnonzero((times > moment.t - moment.h + slack) & (times <= moment.t + slack))
        if moment.t == 0:
            due = np.flatnonzero(times == 0)
        if len(due) or simulation.finished or moment.t == 0:
            self._look_at_fields(moment, due)

    def _look_at_fields(self, moment: Moment, due: np.ndarray) -> None:
        """Write the snapshots that fell into this step, and the ledger at its end."""
        times = self.simulation.snapshot_times[due]
        for index, state in zip(due.tolist(), self.simulation.fields_within(moment, times), strict=True):
            self.lowest = min(self.lowest, float(state.min()))
            kept = {f.name: state[i] for i, f in enumerate(self.system.fields) if f.name in self.snapshots.labels}
            self.snapshots.append(kept, index)
        balance = self.simulation.balance()
        row = [moment.t, balance.entered, balance.free, *balance.bound.values()]
        self.tables[folder.LEDGER].append([*row, balance.missing, balance.relative_error])

    def _flush(self) -> None:
        for table in self.tables.values():
            table.flush()

    def _wall(self) -> float:
        return self.before + time.perf_counter() - self.begun

    def _save(self) -> None:
        """Save the state; every row before it is handed over first, or a resumed run would miss some."""
        self._flush()
        state = self.simulation.state() | {
            "model": np.array(write_toml(self.model)),
            "wall": self._wall(),
            "lowest": self.lowest,
            "peaks": self.peaks,
        }
        folder.write_checkpoint(self.path, state)

    def _complete(self) -> None:
        """Leave a complete folder: tables, summary, and a checkpoint if the run can go on."""
        if not self.simulation.finished:
            self._save()
            return self._tell("interrupted")
        self._flush()
        self._tell("finished")
        (self.path / folder.CHECKPOINT).unlink(missing_ok=True)
        self._copy_tables(self.path / folder.SNAPSHOTS)

    def _copy_tables(self, path: Path) -> None:
        """The CSV tables into the HDF5 file as well."""
        tables = _tables(self.path)
        numbers = sum(column.nbytes for columns, _ in tables.values() for column in columns.values())
        folder.require_room(self.path, path.stat().st_size + numbers + STRUCTURE)
        self.snapshots.add_tables(tables)

    def _tell(self, status: str) -> None:
        self.about |= {"status": status, "summary": self.summary()}
        folder.write_about(self.path, self.about)

    def summary(self) -> dict[str, Any]:
        """What a reader wants to know first."""
        simulation = self.simulation
        points = {
            name: {"peak calcium (uM)": peak, "time of peak (ms)": at}
            for name, (peak, at) in zip(simulation.point_names, self.peaks.tolist(), strict=True)
        }
        for sensor in simulation.sensors:
            for label, p in zip(sensor.labels, sensor.probability().tolist(), strict=True):
                points[label]["release probability"] = p
        balance = simulation.balance()
        return {
            "time (ms)": simulation.t,
            "points": points,
            "ledger (uM um^3)": _ledger(balance),
            "lowest value (uM)": self.lowest,
            "steps": simulation.steps,
            "rejected steps": simulation.rejected,
            "evaluations": simulation.scheme.evaluations,
            "wall time (s)": self._wall(),
            "peak memory (MiB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def _ledger(balance: Balance) -> dict[str, Any]:
    return {**asdict(balance), "missing": balance.missing, "relative error": balance.relative_error}


def _tables(path: Path) -> dict[str, tuple[dict[str, np.ndarray], dict[str, object]]]:
    """The CSV tables, to stand in the HDF5 file as well."""
    names = (folder.PROBES, folder.SENSORS, folder.STIMULUS, folder.LEDGER)
    found = {Path(name).stem: read_table(path / name) for name in names}
    return {name: (columns, {}) for name, columns in found.items() if columns}
