"""A run as its pictures need it: the scene, the snapshots with calcium in them, and the time of the peak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results import Result, columns, read_places
from rdcalcium.results.folder import CHANNELS, PROBES, SNAPSHOTS
from rdcalcium.results.scene import Scene
from rdcalcium.results.trials import over_trials
from rdcalcium.results.vtkhdf import StoredSnapshots, in_cytosol
from rdcalcium.units import milliseconds, parse, time_span
from rdcalcium.view.ends import ends_of

if TYPE_CHECKING:
    import xarray

T = TypeVar("T")
NEAR = 0.13  # ms from the peak; calcium near channels that have closed falls within such a time
ROUNDING = 1e-9  # ms
CALCIUM = columns.concentration(columns.CALCIUM).heading


class RunFolder:
    """One run on disk. Reading is lazy: a missing table matters only to the picture that shows it."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.result = Result(path)

    @cached_property
    def scene(self) -> Scene:
        """What stands in the terminal, as the run wrote it down; an unknown outline is where tetrahedra end."""
        scene = self.result.about.scene
        if scene.outline is None and scene.membrane is None and (self.path / SNAPSHOTS).exists():
            return replace(scene, outline=ends_of(self.snapshots.picture))
        return scene

    @cached_property
    def zones(self) -> np.ndarray:
        """Centre and radius of every active zone and its mirror images, (z, 4) µm."""
        found = [(*place.point, place.radius) for place in read_places(self.path) if place.kind == "active zone"]
        return self.scene.reflected(np.array(found).reshape(-1, 4))

    @cached_property
    def snapshots(self) -> StoredSnapshots:
        """The completed snapshots of the cytosol; at least one, with calcium in it."""
        path, snapshots = self.path / SNAPSHOTS, self.result.snapshots
        if not len(snapshots.times):
            raise InputError(f"{path} holds no completed snapshot; the run ended before its first one")
        if CALCIUM not in snapshots.labels:
            raise InputError(f"{path} holds {', '.join(snapshots.labels)}, but no {CALCIUM!r}")
        return in_cytosol(snapshots)

    def nearest(self, time: float | str | None) -> int:
        """Index of the snapshot nearest to a time, in ms or written like "1.2 ms"; None means the peak.

        Raises InputError for a time that the snapshots do not reach.
        """
        snapshots = self.snapshots  # there is one, or this says why not
        if time is None:
            return snapshots.nearest(self.peak_time())
        return self.result.nearest(time)

    def traces(self, quantity: str) -> dict[str, xarray.DataArray]:
        """Name of each sensor and probe that has rows of a quantity, a key of columns.VARIABLES -> them.

        They are over time, and over trials where there are several.
        """
        probes, variable = self.result.probes, columns.VARIABLES[quantity]
        return {name: data[variable] for name, data in probes.items() if variable in data and data.time.size}

    def fullest_states(self) -> dict[str, xarray.DataArray]:
        """Of each sensor that releases nothing the occupancy of its last state, by the name of both."""
        last = {name: [*columns.occupancies(data)][-1:] for name, data in self.result.probes.items()}
        return {
            f"{state} of {name}": self.result.probes[name][variable]
            for name, states in last.items()
            for variable, state in states
            if self.result.probes[name].time.size
        }

    def first_traces(self, quantity: str) -> dict[str, xarray.DataArray]:
        """The same of the first trial alone, which is that of the snapshots."""
        return {name: t[0] if "trial" in t.dims else t for name, t in self.traces(quantity).items()}

    def stimulus(self) -> dict[columns.Column, np.ndarray]:
        """Columns of the stimulus, (times,), or (trials, times) where there are several; without rows none."""
        return _columns(self.result.stimulus)

    def currents(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of each group of channels times (ms) and current (pA), also of those whose gate calcium changes."""
        tables = (self.stimulus(), _columns(self.result.table(CHANNELS)))
        return {
            column.place: (table[columns.TIME], values)
            for table in tables
            for column, values in table.items()
            if column.quantity == columns.CURRENT
        }

    def stores(self) -> dict[str, xarray.DataArray]:
        """Free calcium in each store that has rows, on average over its lumen, as `traces`."""
        return {name: held.calcium for name, held in self.result.stores.items() if held.time.size}

    @property
    def in_lumens(self) -> Mapping[str, str]:
        """Name of each probe in the lumen of a store -> that store; the others are in the cytosol."""
        return self.result.about.lumens or {}

    def peak_time(self) -> float:
        """When calcium of the cytosol is highest at any sensor, as the summary says, ms.

        Where there is no sensor that is at any probe, and where none of these is there, in the mean of snapshots.
        While the run goes on there is no summary, and the rows so far are asked; with several trials those of the first
        one, from which the snapshots are. Raises InputError where the run has sensors or probes, and the table of them
        has no rows.
        """
        traces, summary = self.first_traces(columns.CALCIUM), self.result.about.summary
        if not traces and (self.scene.names["sensors"] or self.scene.names["probes"]):
            raise InputError(
                f"{self.path / PROBES} is missing or holds no rows of calcium; restore it, or run the model again"
            )
        if summary and summary.trials is None and (points := self._sensors_of(summary.points)):
            return max(points, key=lambda point: point.peak).time_of_peak
        if there := self._sensors_of(traces):
            highest = max(there, key=lambda trace: float(trace.max()))
            return float(highest.time[int(highest.values.argmax())])
        return self._peak_of_snapshots()

    def _sensors_of(self, named: Mapping[str, T]) -> list[T]:
        """What belongs to the sensors; to the probes in the cytosol, if there is no sensor."""
        sensors = [named[name] for name in self.scene.names["sensors"] if name in named]
        return sensors or [one for name, one in named.items() if name not in self.in_lumens]

    def other_moment(self, time: float | str | None) -> str | None:
        """That the nearest snapshot is of another moment than was asked for, if it is; None asks for the peak."""
        at = float(self.snapshots.times[self.nearest(time)])
        wanted = self.peak_time() if time is None else parse(time, "time")
        if abs(at - wanted) <= (NEAR if time is None else ROUNDING):
            return None
        if time is None:
            return self._missed(wanted, at)
        return f"nearest snapshot to {milliseconds(wanted)}: {milliseconds(at)}"

    def _missed(self, peak: float, at: float) -> str:
        """That the snapshots miss the peak (ms), of which the nearest is at another time."""
        times, wanted, aside = self.snapshots.times, f"{peak:.4g} ms", time_span(abs(peak - at))
        if peak > times[-1]:
            return f"the peak at {wanted} is {aside} after the last snapshot, at {milliseconds(at, 4)}"
        gaps = np.diff(times)
        if len(times) == 2:
            there = "the only snapshots, at rest and at the end,"
        elif np.allclose(gaps[:-1], gaps[0]):
            there = f"snapshots every {time_span(gaps[0])}"
        else:
            after = int(np.searchsorted(times, peak))
            there = f"the snapshots at {times[after - 1]:.4g} and {milliseconds(times[after], 4)}"
        key = f'[record] snapshots = {{ times = ["{wanted}"] }}'
        return f"{there} miss the peak at {wanted} by {aside}; one there is taken with {key}"

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])


def _columns(table: dict[str, np.ndarray]) -> dict[columns.Column, np.ndarray]:
    """Of a table over time, (times,), or (trials, times) where there are several; without rows none."""
    if not table or not len(next(iter(table.values()))):
        return {}
    if columns.TRIAL.heading in table:
        coordinates, table = over_trials(table)
        table = {columns.TIME.heading: coordinates["time"][1], **table}
    return {columns.Column.read(heading): values for heading, values in table.items()}
