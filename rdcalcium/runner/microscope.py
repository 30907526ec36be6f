"""The imaging of one run: who looks at what is due, and where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.backends.base import Array
from rdcalcium.model import Model
from rdcalcium.recorders.imaging import Readout, Sample
from rdcalcium.results import folder
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.imaging_file import ImagingFile, Plan, imaging_table, read_imaging
from rdcalcium.simulation import Moment, Simulation
from rdcalcium.system import System

STRUCTURE = 1 << 16  # bytes of a group of an HDF5 file besides its numbers, rounded up


class Microscope:
    """All readouts of a run. Make it, `begin` or `go_on` with its file, then let it `look` at every moment.

    Raises InputError where an entry sees nothing of the cytosol, or has no sample, or too many.
    """

    def __init__(self, model: Model, system: System):
        self.readouts = [Readout(entry, model, system) for entry in model.imaging]
        self.trials = model.computed_trials

    @property
    def _plans(self) -> list[Plan]:
        return [Plan(one.imaging, one.dye, one.exposures.times, self.trials) for one in self.readouts]

    @property
    def size(self) -> int:
        """Bytes of what is written."""
        return sum(plan.size for plan in self._plans)

    def begin(self, path: Path, simulation: Simulation) -> None:
        """Lay out the file in a folder; the state is that at rest."""
        if not self.readouts:
            return
        state = simulation.do.to_host(simulation.stepper.y)
        for readout in self.readouts:
            readout.begin(state)
        folder.require_room(path, self.size + STRUCTURE * len(self.readouts))
        self._file = ImagingFile.create(path / folder.IMAGING, self._plans)

    def go_on(self, path: Path, state: Mapping[str, Any], simulation: Simulation) -> None:
        """Take up the file of a run that goes on from a checkpoint, with what was kept in its `state`."""
        if not self.readouts:
            return
        for i, readout in enumerate(self.readouts):
            readout.rest, readout.total = state[f"imaging rest {i}"], state[f"imaging total {i}"]
        t, before = simulation.t, simulation.trial - 1
        completed = {
            one.imaging.name: before * len(one.exposures.starts) + one.exposures.completed(t) for one in self.readouts
        }
        self._file = ImagingFile.resume(path / folder.IMAGING, self._plans, completed)

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps: the light at rest, and that of the samples that are under way."""
        rest = {f"imaging rest {i}": one.rest for i, one in enumerate(self.readouts)}
        return rest | {f"imaging total {i}": one.total for i, one in enumerate(self.readouts)}

    def following(self, t: float) -> float:
        """When the first look is due after t ms, ms; infinite after the last."""
        return min([one.exposures.schedule.following(t) for one in self.readouts], default=np.inf)

    def look(self, simulation: Simulation, moment: Moment) -> None:
        """Take the looks that fell into the step to a moment, and write the samples that are complete with them."""
        looking = [(one, due) for one in self.readouts if len(due := one.exposures.schedule.due(moment.t, moment.h))]
        if not looking:
            return
        when = [one.exposures.schedule.times[due] for one, due in looking]
        times = np.unique(np.concatenate(when))

        def look(state: Array) -> np.ndarray:
            fields = simulation.do.to_host(state)
            return np.concatenate([one.look(fields).ravel() for one, _ in looking])

        found = np.array([*simulation.within(moment, times, look)])
        ends = np.cumsum([0, *(one.looked for one, _ in looking)])
        for (one, due), at, first, last in zip(looking, when, ends, ends[1:], strict=False):
            looked = found[np.searchsorted(times, at), first:last]
            before = (simulation.trial - 1) * len(one.exposures.starts)
            for sample in one.collect(due, looked, simulation.trial):
                self._file.append(one.imaging.name, before + sample.index, _columns(sample))

    def write_table(self, path: Path) -> None:
        """The readouts that are single numbers, as a table."""
        table = imaging_table(read_imaging(path / folder.IMAGING))
        if not table:
            return
        rows = CsvTable(path / folder.IMAGING_TABLE, [*table])
        for row in zip(*table.values(), strict=True):
            rows.append(row)
        rows.close()


def _columns(sample: Sample) -> list[np.ndarray]:
    """In the order of rdcalcium.results.columns.imaging."""
    seen, measured = sample.seen, sample.measured
    told = [*seen.light, seen.change, seen.ratio, seen.calcium]
    if sample.photons is not None and measured is not None:
        told += [*sample.photons, measured.change, measured.ratio, measured.calcium]
    return [one for one in told if one is not None]
