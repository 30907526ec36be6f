"""A run as its pictures need it: the scene, the snapshots with calcium in them, and the time of the peak."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.results import Result
from rdcalcium.results.folder import ABOUT, PROBES, SNAPSHOTS, TIME
from rdcalcium.results.scene import Scene
from rdcalcium.results.vtkhdf import Snapshots

CALCIUM = "Ca (uM)"


class RunFolder:
    """One run on disk. Reading is lazy: a missing table matters only to the picture that shows it."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.result = Result(path)

    @cached_property
    def scene(self) -> Scene:
        """What stands in the terminal, as the run wrote it down."""
        try:
            return Scene.from_json(self.result.about.get("scene"))
        except InputError as error:
            raise InputError(f"{self.path / ABOUT}: {error}") from None

    @cached_property
    def snapshots(self) -> Snapshots:
        """The completed snapshots; at least one, with calcium in it."""
        path, snapshots = self.path / SNAPSHOTS, self.result.snapshots
        if not len(snapshots.times):
            raise InputError(f"{path} holds no completed snapshot; the run ended before its first one")
        if CALCIUM not in snapshots.labels:
            raise InputError(f"{path} holds {', '.join(snapshots.labels)}, but no {CALCIUM!r}")
        return snapshots

    def nearest(self, time: float | str | None) -> int:
        """Index of the snapshot nearest to a time, in ms or written like "1.2 ms"; None means the peak."""
        return self.snapshots.nearest(self.peak_time() if time is None else units.parse(time, "time"))

    def peak_time(self) -> float:
        """When calcium at the sensors (at the probes, if none is a sensor's) has its largest mean, ms."""
        table = self.result.table(PROBES)
        columns = {name: values for name, values in table.items() if name.endswith(": " + CALCIUM)}
        sensors = {f"{name}: {CALCIUM}" for name in self.scene.names["sensors"]}
        at_sensors = [v for name, v in columns.items() if name in sensors]
        chosen = at_sensors or list(columns.values())
        if not chosen or not len(table[TIME]):
            return self._peak_of_snapshots()
        return float(table[TIME][np.mean(chosen, axis=0).argmax()])

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])
