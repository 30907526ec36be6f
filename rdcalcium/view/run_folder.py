"""A run as its pictures need it: the scene, the snapshots with calcium in them, and the time of the peak."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.results import Result
from rdcalcium.results.folder import ABOUT, SNAPSHOTS
from rdcalcium.results.scene import Scene
from rdcalcium.results.vtkhdf import Snapshots

if TYPE_CHECKING:
    import xarray

CALCIUM = "Ca (uM)"
ROUNDING = 1e-9  # ms, of a time that was written in decimals


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
        """Index of the snapshot nearest to a time, in ms or written like "1.2 ms"; None means the peak.

        Raises InputError for a time that the snapshots do not reach.
        """
        if time is None:
            return self.snapshots.nearest(self.peak_time())
        wanted, times = units.parse(time, "time"), self.snapshots.times
        index = self.snapshots.nearest(wanted)
        if abs(wanted - times[index]) > np.diff(times).max(initial=0.0) / 2 + ROUNDING:
            raise InputError(
                f"{self.path} has snapshots from {times[0]:g} to {times[-1]:g} ms, and none at {wanted:g} ms"
            )
        return index

    def traces(self, quantity: str) -> dict[str, xarray.DataArray]:
        """Name of each sensor and probe that has rows of a quantity, such as "calcium" or "release_rate" -> them."""
        probes = self.result.probes
        return {name: data[quantity] for name, data in probes.items() if quantity in data and data.time.size}

    def peak_time(self) -> float:
        """When calcium at the sensors (at the probes, if none is a sensor's) has its largest mean, ms."""
        traces = self.traces("calcium")
        chosen = [traces[name] for name in self.scene.names["sensors"] if name in traces] or list(traces.values())
        if not chosen:
            return self._peak_of_snapshots()
        return float(chosen[0].time[np.mean(chosen, axis=0).argmax()])

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])
