"""What a run writes down while it goes: rows for its steps, fields and ledger when they are due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.model import Model
from rdcalcium.recorders.peaks import Peaks
from rdcalcium.recorders.schedule import Schedules
from rdcalcium.recorders.stimuli import Stimuli
from rdcalcium.recorders.stores import Stores
from rdcalcium.results import folder
from rdcalcium.results.columns import concentration, seen_by
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.openings import OpeningTable
from rdcalcium.results.per_stimulus import PerStimulusTable
from rdcalcium.results.releases import Release, ReleaseTable, draws, rows_until
from rdcalcium.results.tables import Tables
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.runner.beginnings import beginnings
from rdcalcium.runner.completeness import require_complete
from rdcalcium.runner.microscope import Microscope
from rdcalcium.runner.outcome import outcome
from rdcalcium.runner.pores import open_and_inward
from rdcalcium.runner.stimulus import StimulusOfTrials, write_stimulus
from rdcalcium.simulation import Moment, Simulation
from rdcalcium.system import System

NOTHING_SENT: tuple[np.ndarray, Iterable[np.ndarray]] = (np.zeros(0, dtype=int), ())
WHOLE_FIELDS_OF = 1  # trial
STRUCTURE = 1 << 18  # bytes of an HDF5 file besides its numbers, rounded up


class Recording:
    """The tables and the result file of one run, open for writing, and what its summary needs.

    peaks   of calcium at the sensors and probes
    lowest  concentration in any snapshot so far, µM
    """

    def __init__(
        self,
        path: Path,
        model: Model,
        simulation: Simulation,
        when: Schedules,
        microscope: Microscope,
        state: dict[str, Any] | None,
    ):
        """Begin the files in a folder, or go on with them after dropping what is later than the checkpoint."""
        self.path, self.simulation, self.microscope = path, simulation, microscope
        self.fields = [f.name for f in simulation.system.fields]
        self.schedule, self.rows = when.snapshots, when.rows
        self.stores = Stores(model, simulation.do) if model.stores else None
        self.store_rows = when.stores
        self.peaks, self.lowest = Peaks(len(model.watched)), float(np.inf)
        self.stimuli = stimuli_of(simulation)
        self._stimulus: StimulusOfTrials | None = None
        self._released = 0  # vesicles that were drawn and fused, so far
        if state:
            self.lowest = float(state["lowest"])
        # What is damaged or short is refused before a row of anything is lost.
        if state:
            self.snapshots = require_complete(path, simulation, when)
            microscope.go_on(path, state, simulation)
        else:
            self.snapshots = self._new_snapshots(model)
            microscope.begin(path, simulation)
        until = (simulation.complete_trials, simulation.trial, simulation.t) if state else None
        self.tables = Tables(path, model, self.fields, simulation.balance(), until)
        self.releases = ReleaseTable(path, model, self._kept(state) if state else ())
        complete = simulation.complete_trials if state else None
        self.openings = OpeningTable(path, model, complete)
        self.per_stimulus = PerStimulusTable(path, model, len(self.stimuli.peaks), complete)
        self._sent: tuple[np.ndarray, Iterable[np.ndarray]] = NOTHING_SENT
        if model.computed_trials == 1:
            write_stimulus(path, model, simulation)
        elif self.rows:
            before = simulation.trial - 1 if state else None
            self._stimulus = StimulusOfTrials(path, model, simulation.influx, self.rows.times, before)
        self._begin_trial()
        if state:
            self.peaks.values = state["peaks"]
            self.stimuli.restore(state)

    def _kept(self, state: dict[str, Any]) -> list[Release]:
        """Releases before the checkpoint."""
        self._released = int(state["released"])
        if not draws(self.simulation.model):
            return []
        trial = self.simulation.trial if self.simulation.model.computed_trials > 1 else None
        return rows_until(self.path, trial, self.simulation.t, self._released)

    def _begin_trial(self) -> None:
        """What follows is of the trial that the simulation is in."""
        self.peaks, self.stimuli = Peaks(len(self.simulation.model.watched)), stimuli_of(self.simulation)
        self.tables.begin(self.simulation.trial)
        if self._stimulus:
            self._stimulus.write(self.simulation.trial)

    def begin_trial(self) -> None:
        """Write what there is to see before the first step of a trial."""
        self._begin_trial()
        self.look(self.simulation.now())

    def end_trial(self) -> None:
        """Write openings and stimuli of a trial that is at its end, and its row where there are several."""
        trial, stimuli = self.simulation.trial, self.stimuli
        self.openings.write(trial, self.simulation.influx.openings)
        self.per_stimulus.write(trial, stimuli.begins, stimuli.peaks, stimuli.released)
        if self.simulation.model.computed_trials > 1:
            self.write_sent()
            self.tables.write_trial(outcome(self.simulation, self.peaks))

    def _new_snapshots(self, model: Model) -> SnapshotFile:
        picture, times = self.simulation.system.discretization.picture, self.schedule.times
        kept = kept_fields(model, self.fields)
        folder.require_room(self.path, STRUCTURE + 24 * len(picture.points) + 96 * len(picture.connectivity))
        labels = {name: concentration(name).heading for name in kept}
        trial = WHOLE_FIELDS_OF if model.computed_trials > 1 else None
        return SnapshotFile.create(self.path / folder.SNAPSHOTS, picture, times, labels, trial)

    def look(self, moment: Moment) -> None:
        """Write the rows of this step, and the fields if a snapshot is due; peaks are those of all steps."""
        self._look_at_points(moment)
        self._look_at_stores(moment)
        fusions = [step.fusions for step in moment.release]
        self.releases.write(fusions)
        self._released += sum(len(f.time) for f in fusions if f)
        self.peaks.look(moment.t, moment.values[CALCIUM])
        self._look_at_stimuli(moment)
        due = self.schedule.due(moment.t, moment.h)
        self.microscope.look(self.simulation, moment)
        if self.simulation.trial == WHOLE_FIELDS_OF and len(due):
            self._look_at_fields(moment, due)
        times = self.schedule.times[due]
        for t, balance in zip(times.tolist(), self.simulation.balances_within(moment, times), strict=True):
            self.tables.write_balance(t, balance)

    def _look_at_points(self, moment: Moment) -> None:
        """A row for this step, or for each time within it that is due.

        The steps do not land on these times, which would make every one of them shorter, and the results depend on who
        looks. Within a step each field is the cubic of third order that snapshots are taken from; straight lines
        between the ends of steps would add an error of second order, as large as the tolerance.
        """
        if self.rows is None or not moment.h:
            self.tables.write_points(moment.t, moment.values, self._release(moment, moment.values))
            self._look_at_channels(moment, np.array([moment.t]))
            return
        times = self.rows.times[self.rows.due(moment.t, moment.h)]
        if not len(times):
            return
        for t, values in zip(times.tolist(), self.simulation.values_within(moment, times), strict=True):
            share = 1 + (t - moment.t) / moment.h
            self.tables.write_points(t, values, self._release(moment, values, share))
        self._look_at_channels(moment, times)

    def _look_at_stimuli(self, moment: Moment) -> None:
        """Calcium after this step, and what there is when a stimulus begins within it, or the run ends."""
        due = self.stimuli.moments.due(moment.t, moment.h)
        times = self.stimuli.moments.times[due]
        seen = self.simulation.values_within(moment, times) if moment.h and len(due) else [moment.values] * len(due)
        for number, t, values in zip(due.tolist(), times.tolist(), seen, strict=True):
            share = 1 + (t - moment.t) / moment.h if moment.h else 1.0
            self.stimuli.look(t, values[CALCIUM])
            self.stimuli.released[number] = self._release(moment, values, share)
        self.stimuli.look(moment.t, moment.values[CALCIUM])

    def _look_at_stores(self, moment: Moment) -> None:
        """A row for each time within this step at which stores are looked at."""
        times = self.store_rows.times[self.store_rows.due(moment.t, moment.h)]
        if self.stores and len(times):
            looks = self.simulation.looks_within(moment, times, self.stores.look)
            for t, seen in zip(times.tolist(), looks, strict=True):
                self.tables.write_stores(t, self.stores.values(seen))

    def _look_at_channels(self, moment: Moment, times: np.ndarray) -> None:
        """The same of channels whose gate calcium changes."""
        for t, are_open, inward in open_and_inward(self.simulation, moment, times):
            self.tables.write_channels(t, are_open, inward)

    def following(self, t: float) -> float:
        """When the state itself is looked at for the first time after t ms, ms."""
        stores = self.store_rows.following(t) if self.stores else np.inf
        return min(self.schedule.following(t), self.microscope.following(t), stores)

    def _release(self, moment: Moment, values: np.ndarray, share: float = 1.0) -> np.ndarray:
        """What is written of release at all sensors after a share of the step, in the order of the columns."""
        steps = zip(self.simulation.sensors, moment.release, strict=True)
        found = [sensor.look(values[CALCIUM, sensor.places], share, step) for sensor, step in steps]
        return np.concatenate([np.zeros(0), *(table.ravel() for table in found)])

    def _look_at_fields(self, moment: Moment, due: np.ndarray) -> None:
        """Ask for the snapshots that fell into this step, and write them, or those before where these take a while."""
        self.write_sent()  # before the device keeps others
        self._sent = (due, self.simulation.fields_within(moment, self.schedule.times[due]))
        if not self.simulation.do.sends_ahead:
            self.write_sent()

    def write_sent(self) -> None:
        """Write the snapshots that were asked for last, when they have come."""
        due, states = self._sent
        self._sent = NOTHING_SENT
        for index, state in zip(due.tolist(), states, strict=True):
            self.lowest = min(self.lowest, float(state.min()))
            kept = {name: state[i] for i, name in enumerate(self.fields) if name in self.snapshots.labels}
            self.snapshots.append(kept, index)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it; every row before it is handed over first, or a resumed run would miss some."""
        self.flush()
        self.write_sent()
        return {
            "peaks": self.peaks.values,
            "lowest": self.lowest,
            "released": self._released,
            **self.stimuli.saved(),
            **self.microscope.state(),
        }

    def flush(self) -> None:
        """Hand the rows so far to the operating system."""
        self.tables.flush()
        self.releases.flush()
        self.openings.flush()
        self.per_stimulus.flush()

    def close(self) -> None:
        """Close all tables, as far as the disk allows."""
        self.tables.close()
        self.releases.close()
        self.openings.close()
        self.per_stimulus.close()
        if self._stimulus:
            with suppress(OSError):
                self._stimulus.close()

    def copy_tables(self) -> None:
        """The CSV tables into the result file as well, at the end of the run."""
        tables = {Path(name).stem: read_table(self.path / name) for name in folder.TABLES}
        numbers = sum(column.nbytes for columns in tables.values() for column in columns.values())
        folder.require_room(self.path, self.snapshots.path.stat().st_size + numbers + STRUCTURE)
        self.snapshots.add_tables({name: columns for name, columns in tables.items() if columns})


def stimuli_of(simulation: Simulation) -> Stimuli:
    """What the stimuli of a model bring, before the first look."""
    model = simulation.model
    begins = [t for times in beginnings(model).values() for t in times]
    columns = sum(len(seen_by(sensor)) * len(sensor.positions) for sensor in model.sensors)
    return Stimuli(begins, model.run.duration, len(model.watched), columns)


def kept_fields(model: Model, fields: Sequence[str]) -> Sequence[str]:
    """Those of the fields that snapshots hold."""
    snapshots = model.record.snapshots
    return fields if snapshots and snapshots.fields == "all" else fields[:1]


def require_space(path: Path, model: Model, system: System, when: Schedules, images: int) -> None:
    """Refuse a run whose snapshots, and `images` bytes of imaging, would not fit on the disk."""
    times, kept = len(when.snapshots.times), len(kept_fields(model, [f.name for f in system.fields]))
    arrays = 4 * times * kept * len(system.discretization.picture.selection)
    what, fewer = f"{times} snapshots of {kept} fields", "record.snapshots.every"
    if images:
        what, fewer = f"{what}, and the imaging,", f"{fewer}, or every of imaging"
    folder.refuse_too_large(path, arrays + images, what, fewer)
