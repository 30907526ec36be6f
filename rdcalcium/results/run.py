"""Reading a run: traces as labelled arrays with units, and the fields at each snapshot."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.errors import InputError, suggest
from rdcalcium.results.about import About, Summary
from rdcalcium.results.columns import TIME, TRIAL, Column
from rdcalcium.results.csv_table import read_table
from rdcalcium.results.distances import read_distances
from rdcalcium.results.folder import (
    CHANNELS,
    IMAGING,
    LEDGER,
    PER_STIMULUS,
    PROBES,
    SENSORS,
    SNAPSHOTS,
    STIMULUS,
    STORES,
    TRIALS,
    RunFolderError,
)
from rdcalcium.results.imaging_file import read_imaging
from rdcalcium.results.openings import read_openings
from rdcalcium.results.placement import read_places
from rdcalcium.results.releases import read_releases
from rdcalcium.results.trials import outcomes, over_trials
from rdcalcium.results.vtkhdf import StoredSnapshots, read_snapshots
from rdcalcium.units import milliseconds, parse

ROUNDING = 1e-9  # ms, of a time that was written in decimals

if TYPE_CHECKING:
    import xarray

    from rdcalcium.placement import Row


class UnknownPointError(InputError, KeyError):
    """A sensor, probe or entry of imaging that the run does not have."""

    __str__ = Exception.__str__  # that of KeyError puts quotes around the sentence


class Points(dict[str, Any]):
    """Traces by the name of their sensor or probe; an unknown name raises UnknownPointError, which tells the known."""

    what = "sensor or probe"

    def __missing__(self, name: str) -> Any:
        raise UnknownPointError(f"there is no {self.what} {name!r}; {suggest(str(name), list(self))}")


class Stores(Points):
    """What is in stores, by the name of the store."""

    what = "store"


class Groups(Points):
    """What channels do whose gate calcium changes, by the name of their group."""

    what = "group of channels whose gate calcium changes"


class Images(Points):
    """What was seen, by the name of the entry of [[imaging]]."""

    what = "imaging"


class Result:
    """A finished, running or interrupted run, read from its folder.

    probes["sensor 1"].calcium is an xarray.DataArray over time, with its unit in attrs["units"]; so are
    probes["sensor 1"]["EGTA.bound"] and, at a sensor, probes["sensor 1"].release_probability. Of a run with several
    trials they are over trial and time: probes["sensor 1"].calcium.mean("trial").
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.about = About.read(self.folder)

    def __repr__(self) -> str:
        """Title, status and place."""
        return f"<Result {self.about.title!r}, {self.about.status}, in {self.folder}>"

    @property
    def summary(self) -> Summary:
        """Peaks, release probabilities, ledger and cost of the run; RunFolderError before it has stopped."""
        if self.about.summary is None:
            raise RunFolderError(f"the run in {self.folder} has no summary yet: its status is {self.about.status!r}")
        began = self.about.rest.told if self.about.rest else ""
        return self.about.summary.model_copy(update={"began": began})

    @property
    def references(self) -> list[dict[str, str]]:
        """The papers whose values the run used."""
        return self.about.references

    def table(self, name: str) -> dict[str, np.ndarray]:
        """Columns of a CSV file of the folder, such as "probes.csv", by heading; empty where there is none.

        What a heading says is told by rdcalcium.results.columns.Column.read.
        """
        return read_table(self.folder / name)

    @cached_property
    def probes(self) -> Points:
        """Name of each sensor and probe -> xarray.Dataset of its traces over time (ms), and over several trials."""
        tables = [table for table in (self.table(name) for name in (PROBES, SENSORS)) if table]
        if any(TRIAL.heading in table for table in tables):
            return _over_trials(tables)
        return _over_time(tables)

    @cached_property
    def per_stimulus(self) -> Points:
        """Name of each sensor and probe -> xarray.Dataset of what each stimulus brought, over its begin (ms).

        Until the next one: peak_calcium (µM) and time_of_peak (ms); at sensors the number of releases to be expected of
        a site, so that releases / releases[0] is facilitation, and first_release_probability, that a site releases
        which has released nothing before. Of several trials, unless vesicles come back undrawn, per_stimulus["all
        sensors"] has failures, mean_fusions and variance_of_fusions.

        Raises RunFolderError where nothing begins, or before a trial has ended.
        """
        if not len(self.table(PER_STIMULUS).get(TIME.heading, ())):
            raise RunFolderError(f"{self.folder} has no {PER_STIMULUS}: no stimulus begins in it, or none has ended")
        return self._traces(PER_STIMULUS)

    @cached_property
    def trials(self) -> xarray.Dataset:
        """What came of each complete trial: charge, openings, peaks, release probabilities.

        trials.release_probability.mean("trial") and .std("trial", ddof=1) are those of each sensor. Raises
        RunFolderError where there was one trial alone.
        """
        table = self.table(TRIALS)
        if not table:
            raise RunFolderError(f"{self.folder} has no {TRIALS}: its model has one trial; say [run] trials = 100")
        return outcomes(table)

    @cached_property
    def releases(self) -> xarray.Dataset:
        """Every vesicle that fused, over `release`: its trial, sensor (by name), number and time (ms).

        Raises RunFolderError where none was drawn: a sensor says fusion = "stochastic".
        """
        return read_releases(self.folder)

    @cached_property
    def openings(self) -> xarray.Dataset:
        """Every opening of a channel, over `opening`: trial, time (ms), channels (by name), channel, closes, gating.

        Raises RunFolderError where none was written: [record] openings = true asks for them.
        """
        return read_openings(self.folder)

    @cached_property
    def distances(self) -> xarray.Dataset:
        """How far each sensor is from channels: that of rdcalcium.distances for this model, `nearest` and the others.

        More than 100,000 numbers of `distance` (sensor, channel) are left out. Raises RunFolderError where a model has
        no sensors, or no channels.
        """
        return read_distances(self.folder)

    @cached_property
    def placement(self) -> list[Row]:
        """Where each active zone, vesicle, channel and sensor is; empty without rules of placement and active zones."""
        return read_places(self.folder)

    @cached_property
    def imaging(self) -> Images:
        """Name of each entry of [[imaging]] -> xarray.Dataset of what it saw over time (ms), and over places (µm)."""
        import xarray

        found = read_imaging(self.folder / IMAGING)
        return Images({name: xarray.Dataset(**one) for name, one in found.items()})

    @cached_property
    def stimulus(self) -> dict[str, np.ndarray]:
        """Voltage, open probability and currents over time, by column; what calcium changes is in `channels`."""
        return self.table(STIMULUS)

    @cached_property
    def ledger(self) -> dict[str, np.ndarray]:
        """Where the calcium is, over time, by column."""
        return self.table(LEDGER)

    @cached_property
    def stores(self) -> Points:
        """Name of each store -> xarray.Dataset of what is in it and what crosses its membrane, over time (ms).

        stores["ER"].calcium is the free calcium in it (µM), on average where it has a lumen of control volumes, and
        total_calcium that with what is bound; stores["ER"]["flux through SERCA"] goes into it, in µM µm³ ms⁻¹ of the
        whole terminal, and stores["ER"]["h of IP3R"] is a gate. In several trials they are over trial and time.
        """
        return Stores(self._traces(STORES))

    @cached_property
    def channels(self) -> Points:
        """Name of each group of channels whose gate calcium changes -> xarray.Dataset of how open they are, over time.

        channels["CDI"].current is in pA, and inward is negative; other groups are in `stimulus`.
        """
        return Groups(self._traces(CHANNELS))

    def _traces(self, name: str) -> Points:
        """Of a table with a row for each time, and trial where there are several."""
        table = self.table(name)
        return _over_trials([table]) if TRIAL.heading in table else _over_time([table] if table else [])

    @cached_property
    def snapshots(self) -> StoredSnapshots:
        """Whole fields at the completed snapshots."""
        return read_snapshots(self.folder / SNAPSHOTS)

    def snapshot(self, time: float | str, nearest: bool = False) -> xarray.Dataset:
        """Fields at the snapshot of a time (ms, or such as "1.2 ms").

        nearest  whether it may be of another moment, if none is of that one

        An xarray.Dataset over "volume", the control volumes that are shown: each field, as in `probes`, with its unit;
        x, y and z of their centres (of a node, on tetrahedra) in µm; the time in ms that it is of; where stores have a
        lumen of control volumes the compartment, 0 in the cytosol and 1 in the first of these lumens; and in its attrs
        the trial, where there are several. Raises
        InputError where there is no snapshot of that time; if the nearest will do, as the method of that name.
        """
        import xarray

        index = self.nearest(time) if nearest else self._exactly(time)
        columns = [(Column.read(label), values) for label, values in self.snapshots.read(index).items()]
        places = self.snapshots.centres.T
        coordinates = {axis: ("volume", place, {"units": "um"}) for axis, place in zip("xyz", places, strict=True)}
        at = ((), self.snapshots.times[index], {"units": TIME.unit})
        if (parts := self.snapshots.picture.parts) is not None:
            coordinates["compartment"] = ("volume", parts, {})
        return xarray.Dataset(
            {column.variable: ("volume", values, {"units": column.unit}) for column, values in columns},
            coords={**coordinates, "time": at},
            attrs={} if self.snapshots.trial is None else {"trial": self.snapshots.trial},
        )

    def _exactly(self, time: float | str) -> int:
        """Index of the snapshot of a time."""
        times, wanted = self.snapshots.times, parse(time, "time")
        index = self.nearest(time)
        if abs(wanted - times[index]) > ROUNDING:
            raise InputError(
                f"{self.folder} has no snapshot at {milliseconds(wanted)}; the nearest is that at "
                f"{milliseconds(times[index])}, which snapshot({time!r}, nearest=True) takes"
            )
        return index

    def nearest(self, time: float | str) -> int:
        """Index of the snapshot nearest to a time (ms, or such as "1.2 ms").

        Raises InputError for a time that the snapshots do not reach, by half their distance.
        """
        wanted, times = parse(time, "time"), self.snapshots.times
        if not len(times):
            raise InputError(f"{self.folder / SNAPSHOTS} holds no completed snapshot")
        index = self.snapshots.nearest(wanted)
        if abs(wanted - times[index]) > np.diff(times).max(initial=0.0) / 2 + ROUNDING:
            raise InputError(
                f"{self.folder} has snapshots from {times[0]:g} to {milliseconds(times[-1])}, "
                f"and none at {milliseconds(wanted)}"
            )
        return index


def _over_time(tables: list[dict[str, np.ndarray]]) -> Points:
    """Traces of one trial, from tables with the same times."""
    # A run that was killed may have handed over more rows of one table than of the other.
    times = [table.pop(TIME.heading) for table in tables]
    rows = min(map(len, times), default=0)
    time = ("time", times[0][:rows] if times else np.zeros(0), {"units": TIME.unit})
    values = {heading: column[:rows] for table in tables for heading, column in table.items()}
    return _by_point(values, ("time",), {"time": time})


def _over_trials(tables: list[dict[str, np.ndarray]]) -> Points:
    """Traces of several trials."""
    # As above: what all tables have.
    rows = min(len(table[TIME.heading]) for table in tables)
    joined = {heading: column[:rows] for table in tables for heading, column in table.items()}
    coordinates, values = over_trials(joined)
    return _by_point(values, ("trial", "time"), coordinates)


def _by_point(values: dict[str, np.ndarray], over: tuple[str, ...], coordinates: dict[str, Any]) -> Points:
    """Columns by the sensor or probe that they are about."""
    import xarray

    found: dict[str, dict[str, Any]] = {}
    for heading, trace in values.items():
        column = Column.read(heading)
        found.setdefault(column.place, {})[column.variable] = (over, trace, {"units": column.unit})
    return Points({point: xarray.Dataset(columns, coords=coordinates) for point, columns in found.items()})
