"""The imaging file of a run: samples, lines and frames of every readout, in HDF5 that netCDF-4 readers open too.

It is laid out whole before the first step, filled with NaN, and written in place: nothing of its structure changes, so
that it can be read at any moment and survives whatever ends the run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.model import Buffer, Imaging
from rdcalcium.results import columns
from rdcalcium.results.columns import TIME, TRIAL
from rdcalcium.results.folder import RunFolderError, lost
from rdcalcium.results.vtkhdf import write_at

if TYPE_CHECKING:
    import h5py

NUMBER = np.dtype("<f8")


class Plan:
    """What one entry of [[imaging]] writes in all trials.

    columns      of what is written, in their order
    times        (samples,) ms, of each trial
    coordinates  dimensions of one sample and the places along each, µm; none for a single number
    """

    def __init__(self, entry: Imaging, dye: Buffer, times: np.ndarray, trials: int):
        self.name, self.times, self.trials = entry.name, times, trials
        self.columns = columns.imaging(entry, dye)
        self.coordinates = entry.view.coordinates

    @property
    def dimensions(self) -> dict[str, tuple[np.ndarray, str]]:
        """Of all that is written: name -> places and their unit; of several trials these come first."""
        trials = {TRIAL.quantity: (np.arange(1, self.trials + 1), "")} if self.trials > 1 else {}
        places = {name: (np.array(x), "um") for name, x in self.coordinates.items()}
        return {**trials, TIME.quantity: (self.times, TIME.unit), **places}

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all that is written in one column."""
        return tuple(len(places) for places, _ in self.dimensions.values())

    @property
    def points(self) -> int:
        """Numbers of one sample in one column."""
        return int(np.prod([len(x) for x in self.coordinates.values()], dtype=int))

    @property
    def size(self) -> int:
        """Bytes of all that is written."""
        return NUMBER.itemsize * len(self.columns) * int(np.prod(self.shape, dtype=int))


class ImagingFile:
    """Writes samples. Get one from `create` or `resume`."""

    def __init__(self, path: Path, plans: Sequence[Plan]):
        self.path, self._plans = path, {plan.name: plan for plan in plans}
        with _open(path, "r") as file:
            self._places = {plan.name: _places(file[plan.name], plan) for plan in plans}

    @classmethod
    def create(cls, path: Path, plans: Sequence[Plan]) -> ImagingFile:
        """Lay out the whole file; an existing one is replaced."""
        unfinished = path.with_name(path.name + ".new")
        with _open(unfinished, "w") as file:
            file.attrs["readouts"] = [plan.name for plan in plans]
            for plan in plans:
                _lay_out(file.create_group(plan.name), plan)
        os.replace(unfinished, path)
        return cls(path, plans)

    @classmethod
    def resume(cls, path: Path, plans: Sequence[Plan], completed: Mapping[str, int]) -> ImagingFile:
        """Go on after so many samples of each readout, of all trials; what is later is taken back.

        Raises RunFolderError where the file is not there, is not like the plans, or lacks a sample.
        """
        try:
            with _open(path, "r+") as file:
                for plan in plans:
                    _take_back(file[plan.name], plan, completed[plan.name])
        except (OSError, KeyError, ValueError) as error:
            raise lost(f"{path} is not there, damaged, or of another model: {str(error).splitlines()[0]}") from None
        return cls(path, plans)

    def append(self, name: str, index: int, values: Sequence[np.ndarray]) -> None:
        """Write one sample of a readout: (points,) for each of its columns.

        index  among those of all trials, one after the other
        """
        size = self._plans[name].points
        for address, column in zip(self._places[name], values, strict=True):
            numbers = np.ascontiguousarray(column, dtype=NUMBER)
            if numbers.size != size:
                raise ValueError(f"a sample of {name!r} has {numbers.size} numbers, not {size}")
            write_at(self.path, address + index * numbers.nbytes, numbers.data.cast("B"))


def read_imaging(path: Path) -> dict[str, dict[str, Any]]:
    """Completed samples of every readout: name -> what makes an xarray.Dataset, `data_vars` and `coords`.

    Empty where there is no such file; RunFolderError where it is damaged.
    """
    if not path.exists():
        return {}
    try:
        with _open(path, "r") as file:
            return {str(name): _read(file[name]) for name in file.attrs["readouts"]}
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise RunFolderError(f"{path} is damaged: {str(error).splitlines()[0]}") from None


def imaging_table(found: Mapping[str, Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Readouts that are single numbers as columns by heading, over the times of all; NaN where one has no sample.

    Of several trials there is a row for each trial and time.
    """
    single = {name: one for name, one in found.items() if {*one["coords"]} <= {TRIAL.quantity, TIME.quantity}}
    if not single:
        return {}
    times = np.unique(np.concatenate([_places_of(one, TIME.quantity) for one in single.values()]))
    trials = max((_places_of(one, TRIAL.quantity) for one in single.values()), key=len)
    table = {TIME.heading: np.tile(times, max(len(trials), 1))}
    if len(trials):
        table = {TRIAL.heading: np.repeat(trials, len(times)), **table}
    for one in single.values():
        place = np.searchsorted(times, _places_of(one, TIME.quantity))
        for _, values, attributes in one["data_vars"].values():
            column = np.full((max(len(trials), 1), len(times)), np.nan)
            column[: len(np.atleast_2d(values)), place] = values
            table[attributes["heading"]] = column.ravel()
    return table


def _places_of(one: Mapping[str, Any], dimension: str) -> np.ndarray:
    """Along a dimension; none where there is no such one."""
    return one["coords"][dimension][1] if dimension in one["coords"] else np.zeros(0)


def _open(path: Path, mode: str) -> h5py.File:
    import h5py

    return h5py.File(path, mode, libver=("earliest", "latest"), locking=False)


def _lay_out(group: h5py.Group, plan: Plan) -> None:
    """Coordinates as dimension scales, and room for every column."""
    for name, (places, unit) in plan.dimensions.items():
        group[name] = places
        group[name].attrs["units"] = unit
        group[name].make_scale(name)
    for column in plan.columns:
        dataset = _reserve(group, column.variable, plan.shape)
        dataset.attrs.update({"units": column.unit, "heading": column.heading})
        for dimension, name in zip(dataset.dims, plan.dimensions, strict=True):
            dimension.attach_scale(group[name])
    group.attrs["variables"] = [column.variable for column in plan.columns]
    group.attrs["dimensions"] = [*plan.dimensions]


def _reserve(group: h5py.Group, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    """A dataset whose place in the file is known from now on, and that says NaN until it is written."""
    from h5py import h5d, h5p, h5s, h5t

    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_layout(h5d.CONTIGUOUS)
    plan.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    plan.set_fill_value(np.array(np.nan, dtype=NUMBER))
    plan.set_fill_time(h5d.FILL_TIME_ALLOC)
    h5d.create(group.id, name.encode(), h5t.IEEE_F64LE, h5s.create_simple(shape), plan)
    return group[name]


def _places(group: h5py.Group, plan: Plan) -> list[int]:
    """Address of each column in the file."""
    return [group[column.variable].id.get_offset() for column in plan.columns]


def _take_back(group: h5py.Group, plan: Plan, completed: int) -> None:
    """Forget the samples after those that are completed, each of which must be there."""
    if not np.array_equal(group[TIME.quantity][:], plan.times):
        raise ValueError(f"the times of {plan.name!r} are others")
    for column in plan.columns:
        dataset = group[column.variable]
        if dataset.shape != plan.shape:
            raise ValueError(f"{plan.name!r} has the shape {dataset.shape}")
        if column == plan.columns[0] and np.isnan(dataset[:].reshape(-1, plan.points)[:completed]).any():
            raise ValueError(f"{plan.name!r} lacks samples from before the checkpoint")
        trial, sample = divmod(completed, len(plan.times))
        if plan.trials == 1:
            dataset[completed:] = np.nan
        elif trial < plan.trials:
            dataset[trial, sample:] = np.nan
            dataset[trial + 1 :] = np.nan


def _read(group: h5py.Group) -> dict[str, Any]:
    """One readout: of one trial the samples that are there, of several all, NaN where a trial has not come to them.

    Fluorescence, the first variable, is NaN only where there is no sample.
    """
    variables, dimensions = list(group.attrs["variables"]), list(group.attrs["dimensions"])
    first = group[variables[0]][:]
    missing = np.isnan(first.reshape(len(first), -1))
    missing = missing.all(axis=1) if dimensions[0] == TRIAL.quantity else missing.any(axis=1)
    count = int(missing.argmax()) if missing.any() else len(first)  # of the first dimension
    places = {name: group[name][: count if name == dimensions[0] else None] for name in dimensions}
    units = {name: {"units": group[name].attrs["units"]} for name in dimensions}
    return {
        "data_vars": {
            name: (dimensions, group[name][:count], {key: group[name].attrs[key] for key in ("units", "heading")})
            for name in variables
        },
        "coords": {name: (name, x, units[name] if units[name]["units"] else {}) for name, x in places.items()},
    }
