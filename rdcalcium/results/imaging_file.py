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
from rdcalcium.results.columns import TIME
from rdcalcium.results.folder import RunFolderError, lost
from rdcalcium.results.vtkhdf import write_at

if TYPE_CHECKING:
    import h5py

NUMBER = np.dtype("<f8")


class Plan:
    """What one entry of [[imaging]] writes.

    columns      of what is written, in their order
    times        (samples,) ms
    coordinates  dimensions of one sample and the places along each, µm; none for a single number
    """

    def __init__(self, entry: Imaging, dye: Buffer, times: np.ndarray):
        self.name, self.times = entry.name, times
        self.columns = columns.imaging(entry, dye)
        self.coordinates = entry.view.coordinates

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(map(len, self.coordinates.values()))

    @property
    def size(self) -> int:
        """Bytes of all that is written."""
        return NUMBER.itemsize * len(self.times) * len(self.columns) * int(np.prod(self.shape, dtype=int))


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
        """Go on after so many samples of each readout; what is later is taken back.

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
        """Write one sample of a readout: (points,) for each of its columns."""
        shape = self._plans[name].shape
        for address, column in zip(self._places[name], values, strict=True):
            numbers = np.ascontiguousarray(column, dtype=NUMBER)
            if numbers.size != np.prod(shape, dtype=int):
                raise ValueError(f"a sample of {numbers.size} numbers for the shape {shape}")
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
    """Readouts that are single numbers as columns by heading, over the times of all; NaN where one has no sample."""
    single = {name: one for name, one in found.items() if list(one["coords"]) == ["time"]}
    times = np.unique(np.concatenate([np.zeros(0), *(one["coords"]["time"][1] for one in single.values())]))
    table = {TIME.heading: times}
    for one in single.values():
        rows = np.searchsorted(times, one["coords"]["time"][1])
        for _, values, attributes in one["data_vars"].values():
            table[attributes["heading"]] = np.full(len(times), np.nan)
            table[attributes["heading"]][rows] = values
    return table if single else {}


def _open(path: Path, mode: str) -> h5py.File:
    import h5py

    return h5py.File(path, mode, libver=("earliest", "latest"), locking=False)


def _lay_out(group: h5py.Group, plan: Plan) -> None:
    """Coordinates as dimension scales, and room for every column."""
    places = {"time": (plan.times, TIME.unit), **{name: (x, "um") for name, x in plan.coordinates.items()}}
    for name, (values, unit) in places.items():
        group[name] = np.asarray(values, dtype=NUMBER)
        group[name].attrs["units"] = unit
        group[name].make_scale(name)
    for column in plan.columns:
        dataset = _reserve(group, column.variable, (len(plan.times), *plan.shape))
        dataset.attrs.update({"units": column.unit, "heading": column.heading})
        for dimension, name in zip(dataset.dims, places, strict=True):
            dimension.attach_scale(group[name])
    group.attrs["variables"] = [column.variable for column in plan.columns]
    group.attrs["dimensions"] = list(places)


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
    if not np.array_equal(group["time"][:], plan.times):
        raise ValueError(f"the times of {plan.name!r} are others")
    for column in plan.columns:
        dataset = group[column.variable]
        if dataset.shape != (len(plan.times), *plan.shape):
            raise ValueError(f"{plan.name!r} has the shape {dataset.shape}")
        if column == plan.columns[0] and np.isnan(dataset[:completed]).any():
            raise ValueError(f"{plan.name!r} lacks samples from before the checkpoint")
        dataset[completed:] = np.nan


def _read(group: h5py.Group) -> dict[str, Any]:
    """One readout up to the first sample that is not there; fluorescence, the first variable, is NaN only there."""
    variables, (time, *others) = list(group.attrs["variables"]), list(group.attrs["dimensions"])
    first = group[variables[0]][:]
    missing = np.isnan(first.reshape(len(first), -1)).any(axis=1)
    count = int(missing.argmax()) if missing.any() else len(first)
    attributes = {name: dict(group[name].attrs) for name in variables}
    return {
        "data_vars": {
            name: ((time, *others), group[name][:count], {key: attributes[name][key] for key in ("units", "heading")})
            for name in variables
        },
        "coords": {
            name: (name, group[name][: count if name == time else None], {"units": group[name].attrs["units"]})
            for name in (time, *others)
        },
    }
