"""A run as its pictures need it: the scene, the snapshots with calcium in them, and the time of the peak."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results import Result, columns
from rdcalcium.results.folder import PROBES, SNAPSHOTS
from rdcalcium.results.scene import Scene
from rdcalcium.results.vtkhdf import StoredSnapshots

if TYPE_CHECKING:
    import xarray

CALCIUM = columns.concentration(columns.CALCIUM).heading


class RunFolder:
    """One run on disk. Reading is lazy: a missing table matters only to the picture that shows it."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.result = Result(path)

    @property
    def scene(self) -> Scene:
        """What stands in the terminal, as the run wrote it down."""
        return self.result.about.scene

    @cached_property
    def snapshots(self) -> StoredSnapshots:
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
        snapshots = self.snapshots  # there is one, or this says why not
        if time is None:
            return snapshots.nearest(self.peak_time())
        return self.result.nearest(time)

    def traces(self, quantity: str) -> dict[str, xarray.DataArray]:
        """Name of each sensor and probe that has rows of a quantity, a key of columns.VARIABLES -> them."""
        probes, variable = self.result.probes, columns.VARIABLES[quantity]
        return {name: data[variable] for name, data in probes.items() if variable in data and data.time.size}

    def peak_time(self) -> float:
        """When calcium at the sensors (at the probes, if none is a sensor's) has its largest mean, ms.

        Raises InputError where the run has sensors or probes, and the table of them has no rows.
        """
        traces = self.traces(columns.CALCIUM)
        chosen = [traces[name] for name in self.scene.names["sensors"] if name in traces] or list(traces.values())
        if not chosen and (self.scene.names["sensors"] or self.scene.names["probes"]):
            raise InputError(
                f"{self.path / PROBES} is missing or holds no rows of calcium; restore it, or run the model again"
            )
        if not chosen:
            return self._peak_of_snapshots()
        return float(chosen[0].time[np.mean(chosen, axis=0).argmax()])

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])
