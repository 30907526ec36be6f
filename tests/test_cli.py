"""The command line: it works, and every mistake is one clear sentence and an exit status."""

from __future__ import annotations

import json
import logging
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, cast

import meshio
import numpy as np
import pytest

from rdcalcium.backends import BACKENDS, compiled, cupy
from rdcalcium.cli.progress import LogLines, in_words, progress_bar, working
from rdcalcium.cli.report import show_report
from rdcalcium.machine import SPINS
from rdcalcium.results import Result
from rdcalcium.results.about import Amounts, Machine, Point, Summary
from rdcalcium.runner import Progress
from tests.support import ENVIRONMENT, assert_same_tables, rdcalcium, sentence

QUICK = dedent("""\
    title = "quick"

    [geometry]
    kind = "box"
    size = ["0.2 um", "0.2 um", "0.2 um"]

    [discretization]
    kind = "grid"
    size_at_active_zone = "20 nm"

    [[buffers]]
    use = "EGTA"
    total = "1 mM"

    [[channels]]
    name = "pore"
    positions = [["0 nm", "0 nm"]]
    current = { kind = "pulse", amplitude = "0.1 pA", start = "0.02 ms", duration = "0.05 ms" }

    [[sensors]]
    name = "vesicle"
    use = "schneggenburger_neher2000"
    positions = [["60 nm", "0 nm", "2 nm"]]

    [run]
    duration = "0.1 ms"

    [record]
    snapshots = { every = "0.05 ms" }
""")
ENTERED = 0.1 * 0.05 * 5.182134828  # pA ms × µM µm³ per pA ms


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A folder with a model that runs in a blink."""
    (tmp_path / "quick.toml").write_text(QUICK)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model and its run; for reading only."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "quick.toml").write_text(QUICK)
    done = rdcalcium("run", "quick.toml", "--backend", "numpy", folder=folder)
    assert done.returncode == 0, done.stderr
    (folder / "output.txt").write_text(done.stdout)
    return folder


def changed(folder: Path, old: str, new: str) -> str:
    """Name of a model file in which one text is replaced."""
    assert QUICK.count(old) == 1
    (folder / "changed.toml").write_text(QUICK.replace(old, new))
    return "changed.toml"


def test_a_run_shows_a_summary_and_fills_its_folder(finished: Path) -> None:
    output = (finished / "output.txt").read_text()
    for said in ("quick", "backend: numpy", "vesicle", "release probability", "missing", "run folder: runs/quick"):
        assert said in output
    result = Result(finished / "runs" / "quick")
    assert result.about.status == "finished"
    assert result.summary.time == 0.1
    ledger = result.summary.ledger
    assert ledger.entered == pytest.approx(ENTERED, rel=1e-9)
    assert ledger.relative_error < 1e-12
    assert result.summary.lowest >= 0
    assert result.probes["vesicle"].calcium.attrs["units"] == "uM"
    assert float(result.probes["vesicle"].calcium.max()) > 1
    assert float(result.probes["vesicle"].release_probability[-1]) > 0
    np.testing.assert_allclose(result.snapshots.times, [0, 0.05, 0.1])
    assert {paper["key"] for paper in result.references} >= {"nagerl2000", "schneggenburger_neher2000"}


def test_the_run_folder_holds_the_resolved_model(finished: Path, tmp_path: Path) -> None:
    """The model of a run folder runs again, to the same numbers."""
    done = rdcalcium("run", finished / "runs/quick/model.toml", "--backend", "numpy", "--out", "again", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_same_tables(tmp_path / "again", finished / "runs" / "quick")


def test_progress_goes_to_stderr_line_by_line(quick: Path) -> None:
    done = rdcalcium("run", "quick.toml", "--backend", "numpy", folder=quick)
    assert all(line.startswith("t = ") for line in done.stderr.splitlines())
    first, *_, last = done.stderr.splitlines()
    assert "remaining" not in first  # of one tiny step nothing can be said
    assert last.endswith(" 0 s remaining")
    assert last.startswith("t = 100 us of 100 us, step ")
    assert "step 0 ns" not in done.stderr


def test_a_log_is_not_silent_for_long(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """While a mesh is made, and in a step that takes long, there is a line now and then."""
    monkeypatch.setattr("rdcalcium.cli.progress.SILENT", 0.05)
    with LogLines("meshing") as show:
        lines = next_lines(capsys, 2)
        assert len(lines) >= 2
        assert all(re.fullmatch(r"meshing; \d s ago", line) for line in lines)
        show(0.001, "t = 1 ns")
        told = next_lines(capsys, 5)
        assert "t = 1 ns" in told
        assert re.fullmatch(r"t = 1 ns; \d s ago", told[-1])
    capsys.readouterr()
    time.sleep(0.1)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("shown", [working, progress_bar])
def test_what_takes_long_before_a_run_is_told(shown: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A line in a log for each such thing; nothing is told where nobody has asked for it."""
    log = logging.getLogger("rdcalcium.surfaces.closed")
    with shown():
        log.info("smoothing")
        log.info("joining")
    log.info("meshing")
    assert capsys.readouterr().err == "smoothing\njoining\n"


@pytest.mark.parametrize("shown", [working, progress_bar])
def test_a_terminal_shows_for_how_long_that_has_been_going_on(
    shown: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with shown():
        logging.getLogger("rdcalcium.geometry").info("Gmsh meshes a bouton")
    assert "Gmsh meshes a bouton, 0 s so far" in capsys.readouterr().err


def next_lines(capsys: pytest.CaptureFixture[str], count: int) -> list[str]:
    """As many, which come in time."""
    found: list[str] = []
    late = time.perf_counter() + 10
    while len(found) < count and time.perf_counter() < late:
        found += capsys.readouterr().err.splitlines()
        time.sleep(0.001)
    return found


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(0.0, 5.0, 0.0, 0, 0.0, math.inf), "t = 0 of 5 ms"),
        (Progress(6.899e-6, 5.0, 6.899e-6, 1, 0.1, math.inf), "t = 6.899 ns of 5 ms, step 6.9 ns (number 1)"),
        (
            Progress(1e-3, 5.0, 4e-6, 400, 1e-5, 5e5, bound="'RyR', 1e+11 per ms"),
            "t = 1 us of 5 ms, step 4 ns (number 400), kept short by 'RyR', 1e+11 per ms, 10 ns of model time per s, "
            "500000 s remaining",
        ),
        (
            Progress(1050.0, 2000.0, 0.5, 1234, 30.0, 31.7),
            "t = 1.05 s of 2 s, step 500 us (number 1,234), 30 ms of model time per s, 32 s remaining",
        ),
    ],
)
def test_progress_is_told_in_units_that_fit(progress: Progress, said: str) -> None:
    assert in_words(progress) == said


def test_a_summary_has_the_digits_that_a_tolerance_gives(capsys: pytest.CaptureFixture[str]) -> None:
    """Three of calcium and release; of a time what a flat peak allows."""
    points = {"a": Point(peak=9.5749, time_of_peak=162.1134, release_probability=0.016394)}
    show_report(told(points))
    assert "│ a │             9.57 │  162.11 │              0.0164 │" in capsys.readouterr().out
    show_report(told({"b": Point(peak=1e3, time_of_peak=0.012345)}))
    out = capsys.readouterr().out
    assert "│ b │            1e+03 │  0.0123 │" in out
    assert "release" not in out  # without a sensor there is no column for it


@pytest.mark.parametrize(("steps", "rejected", "said"), [(474, 119, True), (474, 118, False), (200, 99, False)])
def test_a_run_that_rejected_many_steps_says_what_to_try(
    capsys: pytest.CaptureFixture[str], steps: int, rejected: int, said: bool
) -> None:
    show_report(told({}, steps=steps, rejected=rejected))
    out = " ".join(capsys.readouterr().out.split())
    assert ("more than a quarter of the steps were rejected" in out) == said
    assert ('[run] max_step = "80 us", the mean' in out) == said


def told(points: dict[str, Point], steps: int = 10, rejected: int = 0) -> Result:
    """What the report asks of a run of 40 ms."""
    ledger = Amounts(entered=0, free=0, bound={}, initial=0, missing=0, relative_error=0)
    cost = {"steps": steps, "rejected": rejected, "evaluations": 1, "wall_time": 1, "peak_memory": 1}
    machine = Machine(backend="", reason="", device="", processor="", threads=1, system="", versions={})
    about = SimpleNamespace(rest=None, machine=machine, discretization=SimpleNamespace(count=32292), status="finished")
    summary = Summary(time=40, points=points, ledger=ledger, lowest=0, **cost)
    return cast("Result", SimpleNamespace(summary=summary, about=about, folder="here"))


def test_a_run_warns_of_the_cells_as_check_does(quick: Path) -> None:
    """Of some at once; all of them are in what check says."""
    model = changed(quick, '[["60 nm", "0 nm", "2 nm"]]', '[["1 nm", 0, 0], ["2 nm", 0, 0], ["3 nm", 0, 0], [0, 0, 0]]')
    done = rdcalcium("run", model, "--backend", "numpy", folder=quick)
    warned = [line for line in done.stdout.splitlines() if line.startswith("warning: ")]
    checked = rdcalcium("check", model, folder=quick).stdout.splitlines()
    assert len(warned) == 4
    assert {f"# {line}" for line in warned[:3]} < set(checked)
    assert warned[3] == "warning: 1 more like these; rdcalcium check changed.toml tells all"


def test_a_run_on_other_cells_names_the_check_of_these(quick: Path) -> None:
    model = changed(quick, '[["60 nm", "0 nm", "2 nm"]]', '[["1 nm", 0, 0], ["2 nm", 0, 0], ["3 nm", 0, 0], [0, 0, 0]]')
    done = rdcalcium("run", model, "--backend", "numpy", "--tetrahedra", "--refine", 1.5, folder=quick)
    (more,) = [line for line in done.stdout.splitlines() if "more like these" in line]
    command = more.partition("; rdcalcium ")[2].removesuffix(" tells all")
    assert command == "check changed.toml --refine 1.5 --tetrahedra"
    said = {line.removeprefix("# ") for line in rdcalcium(*command.split(), folder=quick).stdout.splitlines()}
    assert {line for line in done.stdout.splitlines() if line.startswith("warning: ")} - {more} < said


def test_an_earlier_run_is_replaced_only_when_asked(quick: Path) -> None:
    words = ("run", "quick.toml", "--backend", "numpy", "--out", "here")
    assert rdcalcium(*words, folder=quick).returncode == 0
    first = (quick / "here" / "run.json").read_text()
    assert (
        "already holds a run; overwrite it, resume it, or choose another folder (--overwrite, --resume, --out)"
        in sentence(rdcalcium(*words, folder=quick))
    )
    assert (quick / "here" / "run.json").read_text() == first
    assert rdcalcium(*words, "--overwrite", folder=quick).returncode == 0
    assert (quick / "here" / "run.json").read_text() != first


def test_a_run_that_cannot_begin_leaves_the_earlier_one(quick: Path) -> None:
    words = ("--backend", "numpy", "--out", "here", "--overwrite")
    assert rdcalcium("run", "quick.toml", *words, folder=quick).returncode == 0
    before = {p.name: p.read_bytes() for p in (quick / "here").iterdir()}
    sentence(rdcalcium("run", changed(quick, '"20 nm"', '"0.05 nm"'), *words, folder=quick))
    assert {p.name: p.read_bytes() for p in (quick / "here").iterdir()} == before


def test_a_folder_of_somebody_else_is_left_alone(quick: Path) -> None:
    (quick / "thesis").mkdir()
    (quick / "thesis" / "chapter1.tex").write_text("precious")
    done = rdcalcium("run", "quick.toml", "--out", "thesis", "--overwrite", folder=quick)
    assert "thesis is not empty and holds no run; choose another folder (--out)" in sentence(done)
    assert [p.name for p in (quick / "thesis").iterdir()] == ["chapter1.tex"]


def test_refine_divides_every_cell(quick: Path) -> None:
    done = rdcalcium("run", "quick.toml", "--backend", "numpy", "--refine", "1.25", folder=quick)
    assert done.returncode == 0, done.stderr
    about = json.loads((quick / "runs/quick-refine-1.25/run.json").read_text())
    assert about["discretization"]["control volumes"] == 13**3  # 200 / 16 nm = 12.5
    assert "size_at_active_zone" in (quick / "runs/quick-refine-1.25/model.toml").read_text()
    assert '"16 nm"' in (quick / "runs/quick-refine-1.25/model.toml").read_text()


def test_idle_cores_sleep_on_tetrahedra_too(quick: Path) -> None:
    """Gmsh brings the runtime of OpenMP, before there is a backend; it tells by which variables it was loaded."""
    tells = {"env": ENVIRONMENT | {"OMP_DISPLAY_ENV": "VERBOSE"}}
    done = rdcalcium("run", "quick.toml", "--backend", "numpy", "--tetrahedra", folder=quick, **tells)
    assert done.returncode == 0, done.stderr
    if "OPENMP DISPLAY ENVIRONMENT" not in done.stderr:
        pytest.skip("this Gmsh has no OpenMP")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in done.stderr


def test_check_prints_the_resolved_model_and_advice(quick: Path) -> None:
    done = rdcalcium("check", "quick.toml", folder=quick)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'k_on = "0.01 1/(uM*ms)"' in done.stdout
    assert "# 1,210 control volumes × 2 fields; memory about" in done.stdout
    assert [p.name for p in quick.iterdir()] == ["quick.toml"]
    (quick / "resolved.toml").write_text(done.stdout)  # advice is a comment: the output is a model file
    again = rdcalcium("check", "resolved.toml", folder=quick)
    assert again.stdout.partition("# ")[0] == done.stdout.partition("# ")[0]


def test_of_a_model_that_check_refuses_the_refusal_is_all_that_is_said(quick: Path) -> None:
    """A resolved model of 60 lines would bury it."""
    model = changed(quick, "[run]", '[run]\nprecision = "float32"\ntolerance = 1e-8')
    done = rdcalcium("check", model, folder=quick)
    assert "float32" in sentence(done)
    assert done.stdout == ""


def test_list_shows_every_entry_with_its_paper(quick: Path) -> None:
    done = rdcalcium("list", folder=quick)
    assert done.returncode == 0
    for said in ("buffers", "EGTA", "sensors", "felmy2003", "models", "keller2015", "waveforms"):
        assert said in done.stdout
    assert "Nägerl UV" in rdcalcium("list", "buffers", folder=quick).stdout
    assert "0.010 /uM/ms" in rdcalcium("list", "EGTA", folder=quick).stdout
    assert "EGTA" not in rdcalcium("list", "sensors", folder=quick).stdout
    assert "the library has no 'bufers'" in sentence(rdcalcium("list", "bufers", folder=quick))


def test_list_shows_what_this_machine_computes_with(quick: Path) -> None:
    lines = rdcalcium("list", "devices", folder=quick).stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(BACKENDS)


def test_a_device_of_a_backend_without_any_is_refused(quick: Path) -> None:
    refused = sentence(rdcalcium("run", "quick.toml", "--backend", "numpy", "--device", "0", folder=quick))
    assert refused.startswith("device 0 was asked for, and the numpy backend has none to choose from")
    assert not (quick / "runs").exists()


def test_help_and_version() -> None:
    done = rdcalcium("--help", folder=Path.cwd())
    assert done.returncode == 0
    for command in ("run", "check", "view", "list", "bench"):
        assert f"\n  {command} " in done.stdout
    assert rdcalcium("--version", folder=Path.cwd()).stdout.startswith("rdcalcium, version ")


MISTAKES = {
    "misspelt key": ('total = "1 mM"', 'totl = "1 mM"', "unknown key 'buffers[1].totl'; known: "),
    "wrong unit": ('total = "1 mM"', 'total = "1 ms"', "'1 ms' is not a concentration: its unit is ms"),
    "negative total": ('total = "1 mM"', 'total = "-1 mM"', "'buffers[1].total' is '-1 mM'; it should be greater"),
    "not a number": ('total = "1 mM"', "total = nan", "nan is not a finite concentration"),
    "infinity": ('total = "1 mM"', "total = inf", "inf is not a finite concentration"),
    "unknown buffer": ('"EGTA"', '"EGAT"', "the library has no buffer 'EGAT'. Did you mean 'EGTA'"),
    "channel outside": (
        '[["0 nm", "0 nm"]]',
        '[["500 nm", "0 nm"]]',
        "channels 'pore', number 1 at (500, 0, 0) nm is outside the terminal, whose x goes from -100 to 100 nm",
    ),
    "channel in a vesicle": (
        'size = ["0.2 um", "0.2 um", "0.2 um"]',
        'size = ["0.2 um", "0.2 um", "0.2 um"]\nobstacles = [{ centre = [0, 0, "20 nm"], radius = "25 nm" }]',
        "channels 'pore', number 1 at (0, 0, 0) nm is inside obstacle 1, 'vesicle'",
    ),
    "no duration": ('duration = "0.1 ms"', "", "'run.duration' is missing"),
    "mesh file missing": (
        'kind = "box"\nsize = ["0.2 um", "0.2 um", "0.2 um"]\n\n[discretization]\nkind = "grid"\n'
        'size_at_active_zone = "20 nm"',
        'kind = "mesh"\nfile = "nowhere.vtu"\nlength_unit = "um"\n\n[discretization]\nkind = "tetrahedra"',
        "there is no mesh file ",
    ),
}


def test_a_name_in_brackets_is_printed_as_it_is(tmp_path: Path) -> None:
    """In the tables and in the name of the folder, where a terminal might take it for a colour."""
    text = QUICK.replace('name = "vesicle"', 'name = "[red]x"').replace('use = "EGTA"', 'use = "EGTA"\nname = "[b]y"')
    (tmp_path / "m.toml").write_text(text)
    done = rdcalcium("run", "m.toml", "--backend", "numpy", "--out", "[i]z", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("[red]x", "bound to [b]y", "run folder: [i]z"):
        assert name in done.stdout


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_model_is_one_sentence(quick: Path, mistake: str) -> None:
    old, new, said = MISTAKES[mistake]
    assert said in sentence(rdcalcium("run", changed(quick, old, new), folder=quick))
    assert not (quick / "runs" / "changed" / "run.json").exists()


def test_what_is_no_model_is_one_sentence(quick: Path) -> None:
    (quick / "words.toml").write_text("hello there")
    (quick / "bytes.toml").write_bytes(bytes(range(256)))
    (quick / "empty.toml").write_text("")
    (quick / "folder.toml").mkdir()
    for name, said in {
        "words.toml": "words.toml is not TOML",
        "bytes.toml": "bytes.toml is not TOML",
        "empty.toml": "empty.toml has 3 mistakes:\n  'geometry' is missing: the shape of the cytosol\n",
        "folder.toml": "folder.toml is a folder, not a model file",
        "nowhere.toml": "there is no file nowhere.toml",
        "kellr2015": "Did you mean 'keller2015'?",
        ".": ". is a folder, not a model file",
    }.items():
        assert said in sentence(rdcalcium("check", name, folder=quick))


@pytest.mark.parametrize(
    ("cells", "membrane", "said"),
    [
        ("triangle", "membrane", "surface.vtu has no tetrahedra; it holds 1 triangle"),
        ("tetra", "active zone", "surface 'active zone' of surface.vtu has no faces; it names: membrane"),
    ],
)
def test_a_mesh_that_cannot_serve_is_one_sentence(quick: Path, cells: str, membrane: str, said: str) -> None:
    points = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    corners = np.arange(3 if cells == "triangle" else 4)[None]
    meshio.write(quick / "surface.vtu", meshio.Mesh(points, [(cells, corners)]))
    box, _, rest = QUICK.partition("[[buffers]]")
    assert "[discretization]" in box
    mesh = f'[geometry]\nkind = "mesh"\nfile = "surface.vtu"\nlength_unit = "um"\nmembrane = "{membrane}"\n'
    (quick / "mesh.toml").write_text(f'{mesh}[discretization]\nkind = "tetrahedra"\n[[buffers]]{rest}')
    assert said in sentence(rdcalcium("run", "mesh.toml", folder=quick))


def test_an_unknown_backend_names_the_known(quick: Path) -> None:
    done = rdcalcium("run", "quick.toml", "--backend", "cuad", folder=quick)
    assert sentence(done) == "unknown backend 'cuad'; available: auto, cuda, compiled, numpy"
    assert not (quick / "runs").exists()


@pytest.mark.skipif(cupy.missing() is None, reason="a CUDA device answers")
def test_cuda_where_there_is_none_says_what_is_missing(quick: Path) -> None:
    done = rdcalcium("run", "quick.toml", "--backend", "cuda", folder=quick)
    said = sentence(done)
    assert said.startswith("the cuda backend cannot run: ")
    assert "cudaError" not in said
    assert "use the compiled or numpy backend (--backend)" in said
    # Nothing was computed, so nothing stands in the way of the next attempt.
    assert rdcalcium("run", "quick.toml", "--backend", "numpy", folder=quick).returncode == 0


@pytest.mark.skipif(compiled.find_compiler() is None, reason="no C++ compiler")
def test_a_missing_compiler_says_how_to_get_one(quick: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CXX"} | {"PATH": str(quick)}
    done = rdcalcium("run", "quick.toml", "--backend", "compiled", folder=quick, env=environment)
    assert sentence(done).startswith("the compiled backend cannot run: no C++ compiler was found (install g++")


@pytest.mark.parametrize("out", ["quick.toml/below", "/proc/x", "quick.toml"])
def test_a_place_that_cannot_be_written_is_one_sentence(quick: Path, out: str) -> None:
    said = sentence(rdcalcium("run", "quick.toml", "--backend", "numpy", "--out", out, folder=quick))
    assert out in said
    assert "cannot write to" in said or "is a file" in said


@pytest.mark.parametrize("size", ["0.09 nm", "0.001 nm"])
def test_too_many_cells_are_refused_before_they_are_made(quick: Path, size: str) -> None:
    """1e10 cells and more: the process may not take 2 GiB, which fewer than a thousandth of them would."""
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))

    name = changed(quick, '"20 nm"', f'"{size}"')
    done = rdcalcium("run", name, "--backend", "numpy", folder=quick, preexec_fn=limited)
    said = sentence(done)
    assert "control volumes × 2 fields and this machine has" in said
    assert "times as wide would fit" in said
    checked = rdcalcium("check", name, folder=quick, preexec_fn=limited)
    assert checked.returncode == 0
    assert "# warning: this does not fit" in checked.stdout


def test_a_full_disk_is_one_sentence_and_keeps_what_was_written(quick: Path) -> None:
    """A limit on the size of files stands for the disk; it takes effect in the middle of the run."""
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (560_000, 560_000))

    model = QUICK.partition("[record]")[0].replace('"0.1 ms"', '"0.1 ms"\nmax_step = "0.01 us"')
    place = '["60 nm", "0 nm", "2 nm"]'
    (quick / "fine.toml").write_text(model.replace(place, ", ".join(8 * [place])))  # long rows come to the limit soon
    done = rdcalcium("run", "fine.toml", "--backend", "numpy", folder=quick, preexec_fn=limited)
    assert sentence(done) == "cannot write to runs/fine: File too large; what was written before is kept"
    result = Result(quick / "runs" / "fine")
    assert result.about.status == "failed"
    calcium = result.probes["vesicle 1"].calcium
    assert len(calcium) > 50
    assert 0 < float(calcium.time[-1]) < 0.1
    assert np.isfinite(calcium).all()


def test_a_full_disk_is_one_sentence_before_the_first_step_too(quick: Path) -> None:
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))  # the picture file is larger

    done = rdcalcium("run", "quick.toml", "--backend", "numpy", folder=quick, preexec_fn=limited)
    assert sentence(done) == "cannot write to runs/quick: File too large; what was written before is kept"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "give either a MODEL or --resume RUN"),
        (("run", "quick.toml", "--resume", "x"), "give either a MODEL or --resume RUN"),
        (("run", "--resume", "x", "--refine", "2"), "--resume goes on with the run as it is"),
        (("run", "--resume", "x", "--overwrite"), "--resume goes on with the run as it is"),
        (("run", "quick.toml", "--refine", "0.5"), "--refine"),
        (("run", "quick.toml", "--compare"), "--compare compares with a run on finer cells: add --refine 2"),
        (("run", "quick.toml", "--refine", "nan"), "'--refine': nan is not a number"),
        (("run", "quick.toml", "--bakend", "numpy"), "--bakend"),
        (("walk",), "walk"),
        (("view", "runs/quick", "--format", "svg"), "add --screenshot"),
        (("view", "runs/quick", "--movie", "--time", "1 ms"), "add --screenshot"),
        (("view", "runs/quick", "--at", "az"), "add --screenshot"),
        (("view", "runs/quick", "--screenshot", "--format", "gif"), "'gif' is not one of 'png', 'pdf', 'svg'"),
    ],
)
def test_a_wrong_word_is_a_usage_error(quick: Path, words: tuple[str, ...], said: str) -> None:
    done = rdcalcium(*words, folder=quick)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--resume", "runs/quick"), "the run in runs/quick is finished; there is nothing to resume"),
        (("run", "--resume", "nowhere"), "nowhere is not a run folder: it has no run.json"),
        (("view", "nowhere", "--screenshot"), "nowhere is not a run folder: it has no run.json"),
        (("run", "--resume", "quick.toml"), "quick.toml is a file; give the folder of a run"),
        (("view", "quick.toml"), "quick.toml is a file; give the folder of a run"),
    ],
)
def test_a_run_folder_that_is_none_is_one_sentence(finished: Path, words: tuple[str, ...], said: str) -> None:
    assert said in sentence(rdcalcium(*words, folder=finished))


def test_view_writes_pictures(finished: Path) -> None:
    done = rdcalcium("view", "runs/quick", "--screenshot", "--time", "0.05 ms", folder=finished)
    if "pictures need OpenGL" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    pictures = [finished / line for line in done.stdout.split()]
    assert [p.name for p in pictures] == ["plume_0.05ms.png", "plane_0.05ms.png", "section_0.05ms.png", "traces.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)


def test_a_window_without_a_display_is_one_sentence(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    said = sentence(rdcalcium("view", "runs/quick", folder=finished))
    assert said == "there is no display for a window; draw into a file (--screenshot, --movie)"
    assert "nowhere is not a run folder" in sentence(rdcalcium("view", "nowhere", folder=finished))


def test_a_movie_says_what_it_lacks_before_it_is_drawn(finished: Path) -> None:
    done = rdcalcium("view", "runs/quick", "--movie", folder=finished)
    if "pictures need OpenGL" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    *before, first = done.stderr.partition("frame 0 of 3\n")[:2]
    assert first
    assert done.stderr.endswith("frame 3 of 3\n")
    if done.stdout.endswith(".gif\n"):
        assert before == ["the movie will be a GIF; an MP4 needs: pip install imageio imageio-ffmpeg\n"]


def test_a_time_that_is_none_is_one_sentence(finished: Path) -> None:
    words = ("view", "runs/quick", "--screenshot", "--time", "noon")
    assert "'noon' is not a quantity" in sentence(rdcalcium(*words, folder=finished))
    said = sentence(rdcalcium(*words[:-1], "9 ms", folder=finished))
    assert said == "runs/quick has snapshots from 0 to 0.1 ms, and none at 9 ms"


def test_a_reader_that_leaves_is_no_error(finished: Path) -> None:
    command = f"{sys.executable} -m rdcalcium list | head -n 1"
    done = subprocess.run(command, shell=True, cwd=finished, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("buffers ")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
