"""Snapshots of the run in one VTKHDF file, which ParaView opens as a time series at any moment of the run.

A run may be killed at any instruction, so HDF5 finishes the structure of the file before the first snapshot:
every dataset has its planned size and its final address. A snapshot is raw data, written at that address.
When the operating system has it, the snapshot is published: the attribute NSteps and the length of
Steps/Values are raised by one write within one page. (Both, because VTK copies all of Values into room for
NSteps numbers, and crashes when Values is longer.) The oldest format of HDF5 is asked for because it has no
checksums over these two numbers and no mark "open for writing"; the lock of HDF5 is not taken, so that a
viewer may look during the run.
What the operating system has survives the death of the process; it need not survive a power cut.

Layout: https://docs.vtk.org/en/latest/vtk_file_formats/vtkhdf_file_format/ (UnstructuredGrid, temporal).
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.discretization.base import CellComplex
from rdcalcium.results.folder import RunFolderError

if TYPE_CHECKING:
    import h5py

VTK_TYPE_OF_CORNERS = {4: 10, 8: 12}  # tetrahedron, hexahedron
PAGE = 4096  # bytes, the unit in which the kernel copies a write
OWN_GROUP = "rdcalcium"  # what VTK does not need and we do: selection, centring, names
PARTS = "compartment"  # array of the parts that points or cells belong to, the same at all times


@dataclass(frozen=True)
class StoredSnapshots:
    """What a snapshot file holds.

    times   (completed,)  ms
    picture points, cells and selection, as they were given
    labels  array names with units, such as "Ca (uM)"
    trial   that they are of; none: there is one alone
    read    index of a completed snapshot -> {label: (points or cells,) float32}
    """

    times: np.ndarray
    picture: CellComplex
    labels: tuple[str, ...]
    read: Callable[[int], dict[str, np.ndarray]]
    trial: int | None = None

    @property
    def centres(self) -> np.ndarray:
        """Where each value belongs, (points or cells, 3) µm: the point, or the mean of the corners of the cell."""
        picture = self.picture
        return picture.points if picture.centring == "point" else picture.points[picture.connectivity].mean(axis=1)

    def nearest(self, time: float) -> int:
        """Index of the snapshot nearest to a time in ms."""
        return int(np.abs(self.times - time).argmin())


class SnapshotFile:
    """Writes snapshots one after the other. Get one from `create` or `resume`."""

    def __init__(self, path: Path, labels: dict[str, str], selection: np.ndarray, places: _Places):
        self.path, self.labels = path, labels
        self._selection, self._places = selection, places

    @classmethod
    def create(
        cls,
        path: str | Path,
        picture: CellComplex,
        times: Sequence[float] | np.ndarray,
        fields: Mapping[str, str],
        trial: int | None = None,
    ) -> SnapshotFile:
        """Lay out the whole file; an existing one is replaced.

        times   (planned,) ms, of every snapshot that the run will take
        fields  name -> label of its array, with the unit: {"Ca": "Ca (uM)"}
        trial   that they are of; none: there is one alone
        """
        path, planned = Path(path), np.asarray(times, dtype=np.float64).reshape(-1)
        _check(picture, planned, fields)
        unfinished = path.with_name(path.name + ".new")
        with _open(unfinished, "w") as file:
            _write_steps(file, planned)
            _write_mesh(file, picture)
            _reserve_arrays(file, picture, len(planned), fields.values())
            own = file.create_group(OWN_GROUP)
            own.attrs["centring"] = picture.centring
            own.attrs["fields"] = json.dumps(dict(fields))
            if trial is not None:
                own.attrs["trial"] = trial
            own["selection"] = np.asarray(picture.selection, dtype=np.int64)
            if picture.parts is not None:
                _write_parts(file, picture, len(planned))
        snapshots = cls.resume(unfinished)
        snapshots._publish(0)
        os.replace(unfinished, path)
        snapshots.path = path
        return snapshots

    @classmethod
    def resume(cls, path: str | Path) -> SnapshotFile:
        """Open an existing file to go on after its last completed snapshot."""
        with _reading(path) as file:
            own = _own_group(file, path)
            labels = json.loads(own.attrs["fields"])
            return cls(Path(path), labels, own["selection"][:], _places(file, path, labels))

    @property
    def planned(self) -> int:
        """Number of snapshots that the file has room for."""
        return self._places.planned

    @property
    def count(self) -> int:
        """Number of completed snapshots, as the file says."""
        with open(self.path, "rb") as file:
            return int(np.frombuffer(os.pread(file.fileno(), 8, self._places.count), dtype="<i8")[0])

    def append(self, values: Mapping[str, np.ndarray], index: int | None = None) -> int:
        """Write one snapshot and return its index.

        values  name -> (n,) over all control volumes; stored as float32
        index   place among the planned times: the next one by default; an earlier one takes back
                those after it, as a run that resumes from a checkpoint needs
        """
        if set(values) != set(self.labels):
            raise ValueError(f"a snapshot needs the fields {sorted(self.labels)}, not {sorted(values)}")
        count = self.count
        index = count if index is None else int(index)
        self._check_index(index, count)
        if index < count:
            self._publish(index)
        size = 4 * len(self._selection)  # bytes of one float32 array
        for name, value in values.items():
            shown = np.asarray(value)[self._selection].astype("<f4")
            write_at(self.path, self._places.arrays[name] + index * size, shown.data.cast("B"))
        self._publish(index + 1)
        return index

    def add_tables(self, tables: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Add tables, group -> columns, outside the VTK part, at the end of the run; one of that name is replaced.

        New groups change the structure of the file, so this happens in a copy which then takes the place of
        the file: call it once with all tables.
        """
        unfinished = self.path.with_name(self.path.name + ".new")
        shutil.copyfile(self.path, unfinished)
        with _open(unfinished, "r+") as file:
            for group, columns in tables.items():
                _write_table(file, group, columns)
        os.replace(unfinished, self.path)

    def _check_index(self, index: int, count: int) -> None:
        if not 0 <= index < self.planned:
            raise ValueError(f"snapshot {index} was not planned; {self.path} has room for {self.planned}")
        if index > count:
            raise ValueError(f"snapshot {index} would leave a gap; {self.path} holds {count}")

    def _publish(self, count: int) -> None:
        """Set NSteps and the length of Values by one write inside one page, which SIGKILL cannot divide."""
        first, last = sorted((self._places.count, self._places.length))
        with open(self.path, "rb") as file:
            bytes_between = bytearray(os.pread(file.fileno(), last + 8 - first, first))
        bytes_between[:8] = bytes_between[-8:] = np.int64(count).astype("<i8").tobytes()
        write_at(self.path, first, memoryview(bytes_between))


@dataclass(frozen=True)
class _Places:
    """Addresses of what changes in the file: NSteps, the length of Values, and each array by its name."""

    planned: int
    count: int
    length: int
    arrays: dict[str, int]


def read_snapshots(path: str | Path) -> StoredSnapshots:
    """Times, picture cells and array names of all completed snapshots; the arrays are read when asked for."""
    with _reading(path) as file:
        own, vtk = _own_group(file, path), file["VTKHDF"]
        corners = int(vtk["Offsets"][1])
        picture = CellComplex(
            points=vtk["Points"][:],
            connectivity=vtk["Connectivity"][:].reshape(-1, corners),
            centring=str(own.attrs["centring"]),
            selection=own["selection"][:],
            parts=vtk[_data_group(str(own.attrs["centring"]))][PARTS][:] if PARTS in own.attrs else None,
        )
        times = vtk["Steps/Values"][: int(vtk["Steps"].attrs["NSteps"])]
        labels = tuple(json.loads(own.attrs["fields"]).values())
        trial = int(own.attrs["trial"]) if "trial" in own.attrs else None
    group, size = _data_group(picture.centring), len(picture.selection)

    def read(index: int) -> dict[str, np.ndarray]:
        if not 0 <= index < len(times):
            raise IndexError(f"snapshot {index} of {path} does not exist; it holds {len(times)}")
        part = slice(index * size, (index + 1) * size)
        with _reading(path) as file:
            return {label: file[f"VTKHDF/{group}/{label}"][part] for label in labels}

    return StoredSnapshots(times, picture, labels, read, trial)


def in_cytosol(stored: StoredSnapshots) -> StoredSnapshots:
    """The same without the lumens of stores, where calcium is a thousand times as high: no cell of them, and no number.

    On points their places stay, which no cell uses any more, and hold NaN.
    """
    picture = stored.picture
    if picture.parts is None:
        return stored
    there = picture.parts == 0
    kept = there if picture.centring == "cell" else there[picture.connectivity].all(axis=1)
    shown = replace(picture, connectivity=picture.connectivity[kept], parts=None)
    if picture.centring == "cell":
        shown = replace(shown, selection=picture.selection[kept])

    def read(index: int) -> dict[str, np.ndarray]:
        values = stored.read(index)
        if picture.centring == "cell":
            return {label: array[kept] for label, array in values.items()}
        return {label: np.where(there, array, np.nan) for label, array in values.items()}

    return replace(stored, picture=shown, read=read)


@contextmanager
def _reading(path: str | Path) -> Iterator[h5py.File]:
    """The file, open for reading; whatever is wrong with it or with what is read is one RunFolderError."""
    import h5py

    if not Path(path).is_file():
        raise RunFolderError(f"there is no snapshot file {path}")
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except RunFolderError:
        raise
    except (OSError, KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:  # all that h5py raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunFolderError(f"{path} is damaged, or no snapshot file: {reason}") from error


def _open(path: str | Path, mode: str) -> h5py.File:
    """Open for writing in the oldest format, and with no lock: see the head of this file."""
    import h5py

    try:
        return h5py.File(path, mode, libver=("earliest", "latest"), locking=False)
    except OSError as error:
        raise OSError(f"{path} cannot be opened as an HDF5 file: {error}") from error


def _own_group(file: h5py.File, path: str | Path) -> h5py.Group:
    if OWN_GROUP not in file:
        raise RunFolderError(f"{path} is not a snapshot file of rdcalcium: it has no group {OWN_GROUP!r}")
    return file[OWN_GROUP]


def _data_group(centring: str) -> str:
    return "PointData" if centring == "point" else "CellData"


def _check(picture: CellComplex, times: np.ndarray, fields: Mapping[str, str]) -> None:
    if not len(times) or (np.diff(times) <= 0).any():
        raise ValueError("the times of the snapshots must be given, and must increase")
    if picture.connectivity.shape[1] not in VTK_TYPE_OF_CORNERS:
        raise ValueError(f"cells have 4 or 8 corners, not {picture.connectivity.shape[1]}")
    carriers = len(picture.points) if picture.centring == "point" else len(picture.connectivity)
    if len(picture.selection) != carriers:
        raise ValueError(f"the selection has {len(picture.selection)} entries for {carriers} {picture.centring}s")
    for label in fields.values():
        if "/" in label:
            raise ValueError(f"the array name {label!r} has a slash, a folder to HDF5; write 'per'")


def _write_mesh(file: h5py.File, picture: CellComplex) -> None:
    vtk = file["VTKHDF"]
    vtk.attrs["Version"] = np.array([2, 2], dtype=np.int64)
    vtk.attrs.create("Type", np.bytes_("UnstructuredGrid"))  # VTK asks for a fixed-length ASCII text
    count, corners = picture.connectivity.shape
    vtk["NumberOfPoints"] = np.array([len(picture.points)], dtype=np.int64)
    vtk["NumberOfCells"] = np.array([count], dtype=np.int64)
    vtk["NumberOfConnectivityIds"] = np.array([count * corners], dtype=np.int64)
    vtk["Points"] = np.asarray(picture.points, dtype=np.float64)
    vtk["Points"].attrs["unit"] = "um"
    vtk["Connectivity"] = np.asarray(picture.connectivity, dtype=np.int64).reshape(-1)
    vtk["Offsets"] = corners * np.arange(count + 1, dtype=np.int64)
    vtk["Types"] = np.full(count, VTK_TYPE_OF_CORNERS[corners], dtype=np.uint8)


def _write_steps(file: h5py.File, times: np.ndarray) -> None:
    """Every step has the one mesh, at offset zero.

    Called first, which puts the two numbers that are published into the first page.
    """
    steps = file.create_group("VTKHDF/Steps")
    steps.attrs["NSteps"] = np.int64(1)
    planned = len(times)
    values = steps.create_dataset("Values", (1,), np.float64, chunks=(planned,), maxshape=(planned,))
    values.id.write_direct_chunk((0,), times.tobytes())  # all planned times, beyond the length of today
    values.attrs["unit"] = "ms"
    steps["NumberOfParts"] = np.ones(planned, dtype=np.int64)
    for name, shape in {
        "PartOffsets": (planned,),
        "PointOffsets": (planned,),
        "CellOffsets": (planned, 1),
        "ConnectivityIdOffsets": (planned, 1),
    }.items():
        steps[name] = np.zeros(shape, dtype=np.int64)


def _reserve_arrays(file: h5py.File, picture: CellComplex, planned: int, labels: Iterable[str]) -> None:
    """Room for every snapshot of every array; the pages stay unwritten, so a short run costs little disk."""
    group, size = _data_group(picture.centring), len(picture.selection)
    arrays = file["VTKHDF"].create_group(group)
    offsets = file["VTKHDF/Steps"].create_group(group + "Offsets")
    for label in labels:
        _reserve(arrays, label, planned * size)
        offsets[label] = size * np.arange(planned, dtype=np.int64)


def _write_parts(file: h5py.File, picture: CellComplex, planned: int) -> None:
    """An array that every step shares, at offset zero."""
    group = _data_group(picture.centring)
    file[f"VTKHDF/{group}"][PARTS] = np.asarray(picture.parts, dtype=np.uint8)
    file[f"VTKHDF/Steps/{group}Offsets"][PARTS] = np.zeros(planned, dtype=np.int64)
    file[OWN_GROUP].attrs[PARTS] = "0 in the cytosol, 1 in the lumen of the first store that has one, and so on"


def _reserve(group: h5py.Group, name: str, size: int) -> None:
    from h5py import h5d, h5p, h5s, h5t

    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_layout(h5d.CONTIGUOUS)
    plan.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5d.FILL_TIME_NEVER)
    h5d.create(group.id, name.encode(), h5t.IEEE_F32LE, h5s.create_simple((size,)), plan)


def _places(file: h5py.File, path: str | Path, labels: Mapping[str, str]) -> _Places:
    """Find the addresses in a file that HDF5 has open for reading.

    Attribute message, version 1: padded name (8 bytes), datatype (16 here), dataspace (8), value.
    Dataspace message, version 1: version, rank, "has maximum", 5 zeros, length, maximum length.
    https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t11.html
    """
    values, vtk = file["VTKHDF/Steps/Values"], file["VTKHDF"]
    count, length, planned = int(vtk["Steps"].attrs["NSteps"]), len(values), values.maxshape[0]
    with open(path, "rb") as raw:
        page = raw.read(PAGE)
    attribute = page.find(b"NSteps\0\0") + 8 + 16 + 8
    dataspace = page.find(struct.pack("<BBBxxxxxqq", 1, 1, 1, length, planned)) + 8
    found = [struct.unpack_from("<q", page, place)[0] for place in (attribute, dataspace)]
    if found != [count, length]:
        raise RunFolderError(f"{path} has been rewritten by another program; it can be read, but not continued")
    group = vtk[_data_group(file[OWN_GROUP].attrs["centring"])]
    return _Places(planned, attribute, dataspace, {n: group[l].id.get_offset() for n, l in labels.items()})


def write_at(path: Path, address: int, data: memoryview) -> None:
    """Write bytes at an address of a file, in place."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        while data:  # Linux writes at most 2 GiB at once
            written = os.pwrite(descriptor, data, address)
            data, address = data[written:], address + written
    finally:
        os.close(descriptor)


def _write_table(file: h5py.File, group: str, columns: Mapping[str, np.ndarray]) -> None:
    import h5py

    if group in (OWN_GROUP, "VTKHDF") or "/" in group:
        raise ValueError(f"a table cannot be called {group!r}")
    if group in file:
        del file[group]
    table = file.create_group(group)
    for position, (label, values) in enumerate(columns.items()):
        # HDF5 reads a slash as a folder, so "1/ms" is called "1 per ms" there; the label keeps the slash.
        values = np.asarray(values)
        words = h5py.string_dtype() if values.dtype.kind == "U" else None
        held = values if words is None else values.astype(object)
        column = table.create_dataset(label.replace("/", " per "), data=held, dtype=words)
        column.attrs["label"], column.attrs["position"] = label, position
