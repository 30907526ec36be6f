"""The run folder: whole in itself, written by one run at a time, and clear about what is wrong with it."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import tempfile
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from scipy.integrate import trapezoid

import rdcalcium as rc
from rdcalcium import library, runner
from rdcalcium.currents import channel_currents
from rdcalcium.errors import MemoryShortageError
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.results import Result, RunFolderError, folder
from tests.support import ROOT, StopAfter, assert_same_tables, launch, rdcalcium, sentence

MODEL = dedent("""\
    title = "movable"
    geometry = { kind = "mesh", file = "meshes/tetrahedra.SUFFIX", length_unit = "um" }
    discretization = { kind = "tetrahedra" }
    buffers = [{ use = "EGTA", total = "1 mM" }]
    stimulus = { kind = "action_potential", waveform = "recorded/step.csv" }
    probes = [{ name = "inside", position = ["20 nm", "20 nm", "20 nm"] }]
    run = { duration = "0.05 ms", max_step = "1 us" }
    record = { snapshots = { every = "0.02 ms" } }

    [[channels]]
    use = "calyx_borst_sakmann1998"
    positions = [["10 nm", "10 nm", 0]]
""")
BOX = dedent("""\
    title = "small"
    geometry = { kind = "box", size = ["0.2 um", "0.2 um", "0.2 um"] }
    discretization = { kind = "grid", size_at_active_zone = "20 nm" }
    run = { duration = "DURATION", max_step = "1 us" }
""")


def tetrahedra() -> TetrahedralMesh:
    """A cube of 0.1 µm cut into a few hundred tetrahedra, its floor named "membrane"."""
    from scipy.spatial import Delaunay

    axis = np.linspace(0, 0.1, 5)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = ((points > 0.01) & (points < 0.09)).all(axis=1)
    points[inside] += np.random.default_rng(1).normal(0, 1e-3, (inside.sum(), 3))
    corners = Delaunay(points).simplices
    volumes = np.linalg.det(points[corners[:, 1:]] - points[corners[:, :1]])
    corners = corners[np.abs(volumes) > 1e-10]
    faces = np.concatenate([np.delete(corners, i, axis=1) for i in range(4)])
    floor = faces[(points[faces][:, :, 2] == 0).all(axis=1)]
    return TetrahedralMesh(points, corners, {}, {"membrane": floor})


def movable(place: Path, suffix: str) -> rc.Model:
    """A model that names a mesh and a waveform beside it."""
    for name in ("meshes", "recorded"):
        (place / name).mkdir(parents=True)
    write_mesh(tetrahedra(), place / "meshes" / f"tetrahedra.{suffix}")
    (place / "recorded" / "step.csv").write_text("# a comment\n0,-80\n0.01,-79.7\n0.02,20.1\n0.04,0\n0.06,-80\n")
    (place / "model.toml").write_text(MODEL.replace("SUFFIX", suffix))
    return library.load(place / "model.toml")


def small(place: Path, duration: str = "0.01 ms") -> rc.Model:
    (place / "small.toml").write_text(BOX.replace("DURATION", duration))
    return library.load(place / "small.toml")


def assert_same_numbers(a: Path, b: Path) -> None:
    assert_same_tables(a, b)
    first, second = Result(a).snapshots, Result(b).snapshots
    np.testing.assert_array_equal(first.times, second.times)
    np.testing.assert_array_equal(first.picture.points, second.picture.points)
    np.testing.assert_array_equal(first.read(2)["Ca (uM)"], second.read(2)["Ca (uM)"])


@pytest.mark.parametrize("suffix", ["msh", "xdmf"])
def test_a_run_that_was_moved_can_be_resumed_and_run_again(tmp_path: Path, suffix: str) -> None:
    """Without the files that its model was made from; those of an XDMF mesh are two."""
    described = movable(tmp_path / "mine", suffix)
    runner.run(described, "numpy", tmp_path / "whole")
    runner.run(described, "numpy", tmp_path / "mine" / "parts", should_stop=StopAfter(20))
    shutil.move(tmp_path / "mine" / "parts", tmp_path / "sent")
    shutil.rmtree(tmp_path / "mine")
    runner.resume(tmp_path / "sent")
    assert_same_numbers(tmp_path / "whole", tmp_path / "sent")
    assert 'file = "inputs/tetrahedra.' in (tmp_path / "sent" / "model.toml").read_text()
    runner.run(library.load(tmp_path / "sent" / "model.toml"), "numpy", tmp_path / "again")
    assert_same_numbers(tmp_path / "whole", tmp_path / "again")


def test_a_run_says_what_computed_it(tmp_path: Path, backend: str) -> None:
    told = rc.run(small(tmp_path), backend, tmp_path / "run").about.machine
    expected = {name: version(name) for name in ("numpy", "scipy", "gmsh")}
    assert expected.items() <= told.versions.items()
    assert ("compiler" in told.versions) == (backend == "compiled")
    assert told.threads >= 1


def test_a_run_may_be_replaced_by_its_own_model(tmp_path: Path) -> None:
    """The inputs that it reads are those that it replaces."""
    runner.run(movable(tmp_path / "mine", "vtu"), "numpy", tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "before")
    runner.run(library.load(tmp_path / "run" / "model.toml"), "numpy", tmp_path / "run", overwrite=True)
    assert_same_numbers(tmp_path / "before", tmp_path / "run")
    runner.run(small(tmp_path), "numpy", tmp_path / "run", overwrite=True)
    assert not (tmp_path / "run" / "inputs").exists()


def test_nothing_of_an_earlier_run_outlives_the_one_that_takes_its_place(tmp_path: Path) -> None:
    """Nor pictures of it; what a run may write is what the page says. Other files in the folder stay."""
    table = (ROOT / "docs" / "run-folder.md").read_text().partition("## The pictures")[0]
    written = re.findall(r"^\| `([\w.]+/?)` \|", table, flags=re.MULTILINE)
    assert {"run.json", "imaging.h5", "imaging.csv", "pictures/"} <= {*written}
    new = rc.run(small(tmp_path), "numpy", tmp_path / "new").folder
    old = tmp_path / "old"
    old.mkdir()
    for name in (*written, "notes.txt"):
        (old / name).mkdir() if name.endswith("/") else (old / name).write_text("of an earlier run")
    rc.run(small(tmp_path), "numpy", old, overwrite=True)
    assert {path.name for path in old.iterdir()} == {*(path.name for path in new.iterdir()), "notes.txt"}


def test_a_waveform_given_as_rows_is_kept_too(tmp_path: Path) -> None:
    described = movable(tmp_path / "mine", "msh")
    told = described.changed(stimulus=described.stimulus.model_copy(update={"waveform": "by hand"}))
    runner.run(told, "numpy", tmp_path / "run")
    assert library.load(tmp_path / "run" / "model.toml").stimulus.table == described.stimulus.table


LONG = "1000 ms"  # nobody waits for its end


def test_two_runs_cannot_write_one_folder(tmp_path: Path) -> None:
    small(tmp_path, LONG)
    with launch("run", "small.toml", "--backend", "numpy", "--out", "here", folder=tmp_path) as first:
        assert first.stderr.readline().startswith("t = ")
        refused = "another run is writing to here; wait for its end, or stop it"
        for second in (("small.toml", "--out", "here", "--overwrite"), ("--resume", "here")):
            assert sentence(rdcalcium("run", *second, "--backend", "numpy", folder=tmp_path)) == refused
        assert Result(tmp_path / "here").about.status == "running"  # reading is free
        first.send_signal(signal.SIGKILL)
    runner.run(small(tmp_path), "numpy", tmp_path / "here", overwrite=True)  # the lock died with its process
    assert sorted(p.name for p in (tmp_path / "here").iterdir()) == [
        "ledger.csv", "model.toml", "probes.csv", "result.vtkhdf", "run.json",
    ]  # fmt: skip


def test_a_run_lets_go_of_its_folder(tmp_path: Path) -> None:
    runner.run(small(tmp_path), "numpy", tmp_path / "run")
    with folder.claimed(tmp_path / "run"), pytest.raises(RunFolderError, match="another run is writing to"):
        runner.run(small(tmp_path), "numpy", tmp_path / "run", overwrite=True)
    runner.run(small(tmp_path), "numpy", tmp_path / "run", overwrite=True)


def without_privilege() -> None:
    """The superuser too may only write where the permissions say so."""
    drop_from_bounding_set, override_permissions = 24, 1
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0)


def test_a_folder_that_may_only_be_read_is_one_sentence(tmp_path: Path) -> None:
    runner.run(small(tmp_path), "numpy", tmp_path / "here", should_stop=StopAfter(3))
    (tmp_path / "here").chmod(0o555)
    try:
        for words in (
            ("run", "small.toml", "--out", "here", "--overwrite"),
            ("run", "--resume", "here"),
            ("view", "here", "--screenshot"),
            ("view", "here", "--movie"),
        ):
            said = sentence(rdcalcium(*words, folder=tmp_path, preexec_fn=without_privilege))
            assert said.startswith("cannot write to here"), words
            assert said.endswith(": Permission denied"), words
        assert Result(tmp_path / "here").about.status == "interrupted"
    finally:
        (tmp_path / "here").chmod(0o755)


def test_a_damaged_result_file_is_one_sentence(tmp_path: Path) -> None:
    runner.run(small(tmp_path), "numpy", tmp_path / "here", should_stop=StopAfter(3))
    path = tmp_path / "here" / "result.vtkhdf"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(RunFolderError, match=r"result\.vtkhdf is damaged"):
        _ = Result(tmp_path / "here").snapshots
    before = (tmp_path / "here" / "run.json").read_text()
    for words in (("run", "--resume", "here"), ("view", "here", "--screenshot")):
        assert "here/result.vtkhdf is damaged" in sentence(rdcalcium(*words, folder=tmp_path))
    assert (tmp_path / "here" / "run.json").read_text() == before


def test_a_damaged_table_is_one_sentence(tmp_path: Path) -> None:
    runner.run(small(tmp_path), "numpy", tmp_path / "here")
    for content in (
        *(b"time (ms),a: Ca (uM)\n0,x\n", b"time (ms)\n\xff\n"),
        *(b"junk\n", b"a: Ca (uM)\n0\n", b"time (ms),a: Ca (uM)\n0,1\n1\n2,1\n", b"time (ms),a: Ca (uM)\n0,1,2\n"),
    ):
        (tmp_path / "here" / "probes.csv").write_bytes(content)
        with pytest.raises(RunFolderError, match=r"probes\.csv is damaged"):
            _ = Result(tmp_path / "here").probes


def test_a_snapshot_of_a_time_that_the_run_does_not_have_is_refused(tmp_path: Path) -> None:
    result = runner.run(small(tmp_path), "numpy", tmp_path / "here")
    np.testing.assert_array_equal(result.snapshot("0.01 ms").calcium, result.snapshots.read(1)["Ca (uM)"])
    assert result.snapshot("0.01 ms").time == 0.01
    for nearest in (False, True):
        with pytest.raises(rc.RdcalciumError, match=r"has snapshots from 0 to 0\.01 ms, and none at 99 ms"):
            result.snapshot(99, nearest=nearest)


def test_the_nearest_snapshot_is_taken_where_that_is_asked_for(tmp_path: Path) -> None:
    result = runner.run(small(tmp_path), "numpy", tmp_path / "here")
    said = "has no snapshot at 0.009 ms; the nearest is that at 0.01 ms, which snapshot('9 us', nearest=True) takes"
    with pytest.raises(rc.RdcalciumError, match=re.escape(said)):
        result.snapshot("9 us")
    assert result.snapshot("9 us", nearest=True).time == 0.01


def test_a_snapshot_says_where_its_values_are(tmp_path: Path) -> None:
    """Without a current calcium is the same everywhere, and the middle of all places is that of the box."""
    model = small(tmp_path)
    fields = runner.run(model, "numpy", tmp_path / "here").snapshot(0)
    assert fields.calcium.attrs["units"] == "uM"
    assert [fields[axis].attrs["units"] for axis in "xyz"] == ["um"] * 3
    lower, upper = (np.array(corner) for corner in model.geometry.bounds)
    places = np.column_stack([fields.x, fields.y, fields.z])
    assert ((places >= lower) & (places <= upper)).all()
    assert len(np.unique(places, axis=0)) == fields.sizes["volume"]
    np.testing.assert_allclose(places.min(axis=0) + places.max(axis=0), lower + upper, atol=1e-9)


def test_a_point_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    runner.run(small(tmp_path), "numpy", tmp_path / "here")
    (tmp_path / "here" / "probes.csv").write_text("time (ms),sensor: Ca (uM)\n0,1\n")
    probes = Result(tmp_path / "here").probes
    said = "there is no sensor or probe 'sensr'; known: sensor. Did you mean 'sensor'?"
    with pytest.raises(rc.RdcalciumError, match=f"^{re.escape(said)}$") as caught:
        probes["sensr"]
    assert isinstance(caught.value, KeyError)  # as of any mapping
    assert "sensr" not in probes
    assert float(probes["sensor"].calcium[0]) == 1


def test_a_buffer_may_have_brackets_in_its_name(tmp_path: Path) -> None:
    rates = {"k_on": 0.1, "k_off": 1.0, "diffusivity": 0}
    buffers = [{"name": f"fixed ({speed})", "total": total, **rates} for speed, total in (("fast", 10), ("slow", 20))]
    described = small(tmp_path).changed(buffers=buffers, probes=[{"name": "deep", "position": [0, 0, 0.1]}])
    deep = runner.run(described, "numpy", tmp_path / "run").probes["deep"]
    assert set(deep) == {"calcium", "fixed (fast).bound", "fixed (slow).bound"}
    assert {trace.units for trace in deep.values()} == {"uM"}
    assert float(deep["fixed (slow).bound"][0]) == pytest.approx(2 * float(deep["fixed (fast).bound"][0]))


def test_a_run_without_a_folder_keeps_one_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    result = rc.run(small(tmp_path), "numpy")
    assert result.folder.parent == tmp_path / "temporary"
    assert str(result.folder) in repr(result)
    assert len(result.snapshots.times) == 2
    monkeypatch.setattr("rdcalcium.memory.memory_available", lambda: 0)
    with pytest.raises(MemoryShortageError):
        rc.run(small(tmp_path), "numpy")
    assert list((tmp_path / "temporary").iterdir()) == [result.folder]  # a run that never began leaves nothing


COURSES = dedent("""\
    title = "every course of a current"
    geometry = { kind = "box", size = ["0.2 um", "0.2 um", "0.2 um"] }
    discretization = { kind = "grid", size_at_active_zone = "50 nm" }
    stimulus = { kind = "action_potential", waveform = "calyx_keller2015" }
    run = { duration = "1 ms" }
    channels = [
        { name = "pulse", positions = [[0, 0]], current = { kind = "pulse", amplitude = 0.2, start = 0.1, duration = 0.5 } },
        { name = "steady", positions = [[0, 0]], current = { kind = "constant", amplitude = 0.1 } },
        { name = "bell", positions = [[0, 0]], current = { kind = "gaussian", amplitude = 0.3, peak = 0.5, width = 0.1 } },
        { name = "steps", positions = [[0, 0]], current = { kind = "table", times = [0, 0.2, 0.2, 2], values = [0, 1, 2, 2] } },
        { name = "gate", use = "calyx_borst_sakmann1998", positions = [[0, 0]] },
    ]
""")  # noqa: E501


CHARGES = {  # fC in 1 ms
    "pulse": 0.2 * 0.5,
    "steady": 0.1,
    "bell": 0.3 * 0.1 * np.sqrt(np.pi / (4 * np.log(2))),
    "steps": 0.5 * 0.2 * 1 + 0.8 * 2,
}


def test_straight_lines_join_the_rows_of_the_stimulus_to_the_currents(tmp_path: Path) -> None:
    """Whoever plots stimulus.csv sees what flowed: jumps upright, curves smooth, the ends as they are inside."""
    (tmp_path / "courses.toml").write_text(COURSES)
    stimulus = rc.run(library.load(tmp_path / "courses.toml"), "numpy", tmp_path / "run").stimulus
    time, currents = stimulus["time (ms)"], {name: -stimulus[f"{name}: current (pA)"] for name in CHARGES}
    assert {name: trapezoid(current, time) for name, current in currents.items()} == pytest.approx(CHARGES, rel=1e-3)
    assert (np.diff(time) >= 0).all()
    assert time[[0, -1]].tolist() == [0, 1]
    at_jump = np.flatnonzero(time == 0.1)
    assert currents["pulse"][[at_jump[0] - 1, *at_jump, at_jump[1] + 1]].tolist() == [0, 0, 0.2, 0.2]
    assert currents["steps"][time == 0.2].tolist() == [1, 2]
    assert currents["steady"].tolist() == [0.1] * len(time)
    assert not any((np.signbit(column) & (column == 0)).any() for column in stimulus.values())  # no "-0.0"


def test_rows_of_the_stimulus_are_few_and_miss_nothing(tmp_path: Path) -> None:
    """Of the 2501 times at which a gate is tabulated in 5 ms; lines between the rows are the courses to 1/1000."""
    (tmp_path / "courses.toml").write_text(COURSES.replace("1 ms", "5 ms"))
    model = library.load(tmp_path / "courses.toml")
    stimulus = rc.run(model, "numpy", tmp_path / "run").stimulus
    rows = stimulus["time (ms)"]
    assert len(rows) < 300
    t = np.setdiff1d(np.linspace(0, 5, 7001), rows)  # between the rows, and between those that were tabulated
    assert model.stimulus is not None
    courses = {"voltage (mV)": model.stimulus.voltage(t)}
    for group in channel_currents(model).groups:
        courses[f"{group.name}: current (pA)"] = -group.influx.value(t)
        if group.open_probability:
            courses[f"{group.name}: open probability"] = group.open_probability.value(t)
    assert {"time (ms)", *courses} == set(stimulus)
    for name, course in courses.items():
        np.testing.assert_allclose(np.interp(t, rows, stimulus[name]), course, atol=1e-3 * (np.ptp(course) or 1))
