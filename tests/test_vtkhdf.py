"""Snapshots: what is written can be read, by us and by VTK, whenever the writer dies."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from rdcalcium.discretization.base import CellComplex
from rdcalcium.results import RunFolderError
from rdcalcium.results.vtkhdf import SnapshotFile, read_snapshots

FIELDS = {"Ca": "Ca (uM)", "EGTA.CaEGTA": "EGTA.CaEGTA (uM)"}

# Opens the file as ParaView does, in a process of its own because a wrong file can crash the reader.
READ_WITH_VTK = """
import sys
from vtkmodules.vtkIOHDF import vtkHDFReader
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline as pipeline
reader = vtkHDFReader()
reader.SetFileName(sys.argv[1])
reader.UpdateInformation()
print(*(reader.GetOutputInformation(0).Get(pipeline.TIME_STEPS()) or ()))
for step in range(reader.GetNumberOfSteps()):
    reader.SetStep(step)
    reader.Update()
    grid = reader.GetOutputDataObject(0)
    array = grid.GetCellData().GetArray("Ca (uM)") or grid.GetPointData().GetArray("Ca (uM)")
    print(grid.GetCellType(0), array.GetNumberOfTuples(), end=" ")
    print(array.GetValue(0), array.GetMaxId(), *array.GetRange())
"""

WRITE_FOREVER = """
import sys
import h5py
import numpy as np
sys.path.insert(0, sys.argv[1])
from test_vtkhdf import FIELDS, snapshot
from rdcalcium.results import RunFolderError
from rdcalcium.results.vtkhdf import SnapshotFile
file = SnapshotFile.resume(sys.argv[2])
print("writing", flush=True)
while file.count < file.planned:
    file.append(snapshot(file.count, int(sys.argv[3])))
"""


def grid(cells_per_side: int = 3) -> CellComplex:
    """Unit cubes in the corner order of VTK_HEXAHEDRON; control volumes are numbered from 2."""
    n = cells_per_side
    k, j, i = np.meshgrid(*3 * [np.arange(n + 1)], indexing="ij")
    points = np.stack([i.ravel(), j.ravel(), k.ravel()], axis=1).astype(float)
    first = (np.arange(n)[:, None, None] * (n + 1) + np.arange(n)[:, None]) * (n + 1) + np.arange(n)
    square = np.array([0, 1, n + 2, n + 1])
    corners = np.concatenate([square, square + (n + 1) ** 2])
    return CellComplex(points, first.reshape(-1, 1) + corners, "cell", np.arange(n**3) + 2)


def tetrahedron() -> CellComplex:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    return CellComplex(points, np.array([[0, 1, 2, 3]]), "point", np.array([3, 2, 1, 0]))


def snapshot(index: int, volumes: int) -> dict[str, np.ndarray]:
    """Every value of snapshot i is i + 1, so that a missing or a mixed one shows."""
    return {name: np.full(volumes, index + 1.0) for name in FIELDS}


def vtk_lines(path) -> list[list[float]]:
    done = subprocess.run([sys.executable, "-c", READ_WITH_VTK, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def test_snapshots_come_back_as_they_were_written(tmp_path):
    cells = grid()
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", cells, [0, 0.5, 2], FIELDS)
    calcium = np.random.default_rng(1).random((2, 29))
    for row in calcium:
        file.append({"Ca": row, "EGTA.CaEGTA": 2 * row})
    stored = read_snapshots(file.path)
    assert stored.times.tolist() == [0, 0.5]
    assert stored.labels == tuple(FIELDS.values())
    assert stored.picture.centring == "cell"
    for name in ("points", "connectivity", "selection"):
        np.testing.assert_array_equal(getattr(stored.picture, name), getattr(cells, name))
    np.testing.assert_array_equal(stored.read(1)["EGTA.CaEGTA (uM)"], (2 * calcium[1, 2:]).astype(np.float32))
    with pytest.raises(IndexError, match="holds 2"):
        stored.read(2)


@pytest.mark.parametrize(("cells", "vtk_type", "volumes"), [(grid(), 12, 29), (tetrahedron(), 10, 4)])
@pytest.mark.parametrize("written", [0, 1, 3, 5])
def test_vtk_reads_the_completed_snapshots_as_a_time_series(tmp_path, cells, vtk_type, volumes, written):
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", cells, np.arange(5) / 8, FIELDS)
    for index in range(written):
        file.append(snapshot(index, volumes))
    times, *steps = vtk_lines(file.path)
    shown = len(cells.selection)
    if written > 1:  # VTK calls a file with one step a file without time
        assert times == list(np.arange(written) / 8)
    if written:
        assert steps == [[vtk_type, shown, i + 1, shown - 1, i + 1, i + 1] for i in range(written)]


def test_vtk_finds_every_hexahedron_right_way_out(tmp_path):
    import pyvista

    cells = grid()
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", cells, [0], {"Ca": "Ca (uM)"})
    file.append({"Ca": np.arange(29.0)})
    mesh = pyvista.read(file.path)
    np.testing.assert_allclose(mesh.compute_cell_sizes()["Volume"], 1)
    np.testing.assert_array_equal(mesh["Ca (uM)"], np.arange(2, 29))


def test_control_volumes_reach_the_points_of_tetrahedra_by_selection(tmp_path):
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", tetrahedron(), [0], {"Ca": "Ca (uM)"})
    file.append({"Ca": np.array([10, 20, 30, 40.0])})
    assert read_snapshots(file.path).read(0)["Ca (uM)"].tolist() == [40, 30, 20, 10]


def test_a_killed_writer_leaves_every_completed_snapshot(tmp_path):
    cells, planned = grid(24), 4000
    path = tmp_path / "result.vtkhdf"
    volumes = len(cells.selection) + 2
    SnapshotFile.create(path, cells, np.arange(planned), FIELDS)
    command = [sys.executable, "-c", WRITE_FOREVER, str(Path(__file__).parent), str(path), str(volumes)]
    random, before = np.random.default_rng(2), 0
    for _ in range(5):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout.readline() == "writing\n"
            time.sleep(random.uniform(0.01, 0.12))
            writer.kill()
        assert writer.returncode == -signal.SIGKILL
        stored = read_snapshots(path)
        count = len(stored.times)
        assert before < count < planned
        np.testing.assert_array_equal(stored.times, np.arange(count))
        for index in [*random.integers(before, count, 10).tolist(), count - 1]:
            for values in stored.read(index).values():
                assert (values == index + 1).all()
        before = count
    times, *steps = vtk_lines(path)
    assert times == list(range(before))
    assert [step[2:] for step in steps] == [[i + 1, len(cells.selection) - 1, i + 1, i + 1] for i in range(before)]


def test_a_reader_with_locks_may_look_while_the_run_writes(tmp_path):
    import h5py

    file = SnapshotFile.create(tmp_path / "result.vtkhdf", grid(), [0, 1, 2], FIELDS)
    file.append(snapshot(0, 29))
    with h5py.File(file.path, "r", locking=True) as reader:
        file.append(snapshot(1, 29))
        assert reader["VTKHDF/CellData/Ca (uM)"][27] == 2
    assert file.count == 2


def test_a_resumed_run_goes_on_at_the_count(tmp_path):
    path = tmp_path / "result.vtkhdf"
    SnapshotFile.create(path, grid(), [0, 1, 2], FIELDS).append(snapshot(0, 29))
    file = SnapshotFile.resume(path)
    assert (file.count, file.planned) == (1, 3)
    assert file.append(snapshot(1, 29)) == 1
    assert read_snapshots(path).times.tolist() == [0, 1]


def test_going_back_to_a_checkpoint_takes_back_what_came_after(tmp_path):
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", grid(), [0, 1, 2], FIELDS)
    for index in range(3):
        file.append(snapshot(index, 29))
    file.append(snapshot(7, 29), index=1)
    stored = read_snapshots(file.path)
    assert stored.times.tolist() == [0, 1]
    assert stored.read(1)["Ca (uM)"][0] == 8


def stored_table(path: Path, group: str) -> dict[str, np.ndarray]:
    """The columns of a table, under the names that they were given."""
    with h5py.File(path) as file:
        columns = sorted(file[group].values(), key=lambda column: column.attrs["position"])
        strings = [h5py.check_string_dtype(column.dtype) for column in columns]
        return {c.attrs["label"]: c.asstr()[:] if s else c[:] for c, s in zip(columns, strings, strict=True)}


def test_tables_stand_beside_the_snapshots(tmp_path):
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", grid(), [0, 1], FIELDS)
    file.append(snapshot(0, 29))
    columns = {
        "time (ms)": np.arange(3.0),
        "release rate (1/ms)": np.ones(3),
        "name": np.array(["a", "µ", "c"]),
    }
    file.add_tables({"sensors": columns})
    file.append(snapshot(1, 29))
    stored = stored_table(file.path, "sensors")
    assert list(stored) == list(columns)
    for label, values in columns.items():
        assert stored[label].tolist() == values.tolist()
    assert read_snapshots(file.path).read(1)["Ca (uM)"][0] == 2
    assert len(vtk_lines(file.path)) == 3


def test_a_run_that_stopped_early_costs_the_disk_little(tmp_path):
    path = tmp_path / "result.vtkhdf"
    SnapshotFile.create(path, grid(20), np.arange(1000), FIELDS).append(snapshot(0, 8002))
    assert path.stat().st_size > 60e6
    assert path.stat().st_blocks * 512 < 4e6


def test_wrong_snapshots_are_refused_with_a_reason(tmp_path):
    path = tmp_path / "result.vtkhdf"
    file = SnapshotFile.create(path, grid(), [0, 1], FIELDS)
    with pytest.raises(ValueError, match="needs the fields"):
        file.append({"Ca": np.zeros(29)})
    with pytest.raises(ValueError, match="leave a gap"):
        file.append(snapshot(0, 29), index=1)
    with pytest.raises(ValueError, match="room for 2"):
        file.append(snapshot(0, 29), index=2)
    with pytest.raises(ValueError, match="must increase"):
        SnapshotFile.create(path, grid(), [1, 1], FIELDS)
    with pytest.raises(ValueError, match="slash"):
        SnapshotFile.create(path, grid(), [1], {"release": "release (1/ms)"})


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    """Cut anywhere, or with a block of its structure gone: an error of ours, or whole snapshots, never another one."""
    import h5py

    with pytest.raises(RunFolderError, match="there is no snapshot file"):
        read_snapshots(tmp_path / "nothing.vtkhdf")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = [1]
    with pytest.raises(RunFolderError, match="is not a snapshot file of rdcalcium"):
        read_snapshots(tmp_path / "other.h5")
    file = SnapshotFile.create(tmp_path / "result.vtkhdf", grid(), [0, 1], FIELDS)
    file.append(snapshot(0, 29))
    whole, damaged = file.path.read_bytes(), tmp_path / "damaged.vtkhdf"
    for left in range(0, len(whole), 997):
        damaged.write_bytes(whole[:left])
        for read in (read_snapshots, SnapshotFile.resume):
            with pytest.raises(RunFolderError, match=r"damaged\.vtkhdf is damaged, or no snapshot file") as error:
                read(damaged)
            assert "\n" not in str(error.value)
    for start in range(0, len(whole), 499):
        damaged.write_bytes(whole[:start] + bytes(200) + whole[start + 200 :])
        with suppress(RunFolderError):
            read_snapshots(damaged).read(0)
