"""Stopping and going on: a stopped run loses nothing, and ends with the numbers of one that was never stopped."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import h5py
import numpy as np
import pytest

from rdcalcium import library, runner
from rdcalcium.model import Model
from rdcalcium.results import Result, RunFolderError
from rdcalcium.results.about import About
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.runner import execution
from rdcalcium.stepping import device
from tests.models import small_model
from tests.support import LikeAGpu, StopAfter, assert_same_tables, fresh, launch, need_backend

MODEL = dedent("""\
    title = "stopped"
    geometry = { kind = "box", size = ["0.2 um", "0.2 um", "0.2 um"] }
    discretization = { kind = "grid", size_at_active_zone = "20 nm" }
    buffers = [{ use = "EGTA", total = "1 mM" }, { use = "fixed_keller2015" }]
    probes = [{ name = "deep", position = ["0 nm", "0 nm", "150 nm"] }]
    run = { duration = "DURATION", max_step = "1 us" }
    record = { snapshots = { every = "0.05 ms", fields = "all" } }

    [[channels]]
    name = "pore"
    positions = [["0 nm", "0 nm"]]
    current = { kind = "gaussian", amplitude = "0.1 pA", peak = "0.12 ms", width = "0.06 ms" }

    [[channels]]
    name = "late"
    positions = [["40 nm", "0 nm"]]
    current = { kind = "pulse", amplitude = "0.1 pA", start = "0.15 ms", duration = "0.1 ms" }

    [[sensors]]
    name = "vesicle"
    use = "schneggenburger_neher2000"
    positions = [["60 nm", "0 nm", "2 nm"]]
""")
SLOW = "0.8 ms"  # about 900 steps: some seconds, most of them steps
STOPPED = 130


def model(folder: Path, duration: str = "0.2 ms", **run: Any) -> Model:
    path = folder / "model.toml"
    path.write_text(MODEL.replace("DURATION", duration))
    loaded = library.load(path)
    return loaded.changed(run=loaded.run.model_copy(update=run))


def assert_same_run(a: Path, b: Path) -> None:
    """Every number that describes nature, and the cost, to the last bit."""
    assert_same_tables(a, b)
    first, second = Result(a), Result(b)
    np.testing.assert_array_equal(first.snapshots.times, second.snapshots.times)
    for t in first.snapshots.times:
        for label, values in first.snapshot(t).items():
            np.testing.assert_array_equal(values, second.snapshot(t)[label])
    np.testing.assert_equal(tables_inside(a), tables_inside(b))
    for name in ("points", "ledger", "lowest", "steps", "rejected", "evaluations"):
        assert getattr(first.summary, name) == getattr(second.summary, name), name


def tables_inside(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Those of the result file."""
    with h5py.File(folder / "result.vtkhdf", locking=False) as file:
        groups = {name: group for name, group in file.items() if name not in ("VTKHDF", "rdcalcium")}
        return {name: {column: values[:] for column, values in group.items()} for name, group in groups.items()}


def assert_times_ascend(folder: Path) -> None:
    for table in ("probes.csv", "sensors.csv", "ledger.csv"):
        times = np.loadtxt(folder / table, delimiter=",", skiprows=1, usecols=0, ndmin=1)
        assert times[0] == 0
        assert np.all(np.diff(times) > 0), table


@pytest.mark.parametrize("stopped", [False, True])
def test_fields_that_are_under_way_while_the_run_goes_on_arrive_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """On a device that sends snapshots ahead, like a GPU: also those of a run that was stopped, and resumed."""
    need_backend("compiled")
    described, waited, ahead = model(tmp_path), tmp_path / "waited", tmp_path / "ahead"
    runner.run(described, backend="compiled", out=waited)
    monkeypatch.setattr(execution, "open_backend", lambda name, system, precision, *_: LikeAGpu(system, precision))
    if stopped:
        monkeypatch.setattr(device, "AWAY", 0.0)  # asked after every step whether to stop
        runner.run(described, backend="compiled", out=ahead, should_stop=StopAfter(STOPPED))
        assert 1 < len(Result(ahead).snapshots.times) < len(Result(waited).snapshots.times)
        runner.resume(ahead)
    else:
        runner.run(described, backend="compiled", out=ahead)
    for t in Result(waited).snapshots.times:
        for label, values in Result(waited).snapshot(t).items():
            np.testing.assert_allclose(Result(ahead).snapshot(t)[label], values, rtol=1e-5, err_msg=label)
    assert Result(ahead).summary.lowest == pytest.approx(Result(waited).summary.lowest)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_resumed_run_ends_with_the_same_bits(
    tmp_path: Path, backend: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped again and again, at steps that lie in the rest, the bell, and the pulse of the current."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    described = model(tmp_path, precision=precision)
    runner.run(described, backend, whole)
    monkeypatch.setattr(device, "AWAY", 0.0)  # asked after every step whether to stop
    result = runner.run(described, backend, parts, should_stop=StopAfter(1))
    for steps in (1, 3, 40, 57, 30, 22):
        assert result.about.status == "interrupted"
        assert (parts / "checkpoint.npz").exists()
        assert_times_ascend(parts)
        result = runner.resume(parts, should_stop=StopAfter(steps))
    result = runner.resume(parts)
    assert result.about.status == "finished"
    assert result.about.machine.backend == backend
    assert not (parts / "checkpoint.npz").exists()
    assert_times_ascend(parts)
    assert_same_run(whole, parts)


@pytest.mark.parametrize("every", [0.05, 0.013, 0.0004])
def test_a_resumed_run_with_rows_at_even_times_ends_with_the_same_bits(tmp_path: Path, every: float) -> None:
    """Rows at the ends of steps, within them, several in one; stopped also where the pulse begins, at 0.15 ms."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    described = model(tmp_path, "0.16 ms").changed(record={"every": every})
    runner.run(described, "numpy", whole)
    result = runner.run(described, "numpy", parts, should_stop=StopAfter(1))
    while result.about.status == "interrupted":
        result = runner.resume(parts, should_stop=StopAfter(1 if 0.146 < result.summary.time < 0.151 else 40))
    assert_times_ascend(parts)
    assert_same_run(whole, parts)


def test_a_run_that_goes_on_after_any_step_takes_the_next_one_as_if_it_had_not_stopped() -> None:
    """The length of a step depends on those before it, where errors grow from one to the next."""
    bell = {"kind": "gaussian", "amplitude": 0.1, "peak": 0.2, "width": 0.05}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": bell}]
    described = small_model(discretization={"kind": "grid", "size_at_active_zone": 0.05}, channels=channels)
    run = fresh(described, "numpy")
    while not run.finished:
        again = fresh(described, "numpy")
        again.restore(run.state())
        assert again.advance().h == run.advance().h
        assert again.pace == run.pace


def test_a_run_stopped_before_its_first_step_can_be_resumed(tmp_path: Path) -> None:
    described = model(tmp_path, "0.06 ms")
    runner.run(described, "numpy", tmp_path / "whole")
    assert runner.run(described, "numpy", tmp_path / "parts", should_stop=lambda: True).summary.steps == 0
    runner.resume(tmp_path / "parts")
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_an_empty_folder_says_that_the_run_is_to_begin_anew(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"has no run\.json; a run that was killed .*: run the model again"):
        runner.resume(tmp_path)


def test_why_a_backend_was_chosen_is_still_known_after_a_run_has_gone_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    runner.run(model(tmp_path, "0.06 ms"), "numpy", folder, should_stop=lambda: True)
    about = About.read(folder)
    machine = about.machine.model_copy(update={"reason": "the others cannot run"})
    about.model_copy(update={"machine": machine}).write(folder)
    assert runner.resume(folder, should_stop=lambda: True).about.machine.reason == "the others cannot run"
    assert runner.resume(folder, "numpy").about.machine.reason == "as asked"


def test_an_interrupted_run_can_be_read(tmp_path: Path) -> None:
    result = runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(120))
    assert result.summary.steps == 120
    assert len(result.probes["deep"].calcium) == 121
    assert len(result.probes["vesicle"].release_probability) == 121
    assert 1 <= len(result.snapshots.times) < 5
    assert result.summary.ledger.relative_error < 1e-12


def test_a_finished_run_has_nothing_to_resume(tmp_path: Path) -> None:
    runner.run(model(tmp_path, "0.02 ms"), "numpy", tmp_path / "run")
    with pytest.raises(RunFolderError, match="is finished; there is nothing to resume"):
        runner.resume(tmp_path / "run")


def test_a_run_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(5))
    (tmp_path / "run" / "checkpoint.npz").unlink()
    with pytest.raises(
        RunFolderError, match=r"has no checkpoint\.npz to resume from; run the model again and overwrite it"
    ):
        runner.resume(tmp_path / "run")


def test_a_damaged_checkpoint_says_so(tmp_path: Path) -> None:
    runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(5))
    path = tmp_path / "run" / "checkpoint.npz"
    whole, array = (
        path.read_bytes(),
        b"\x93NUMPY"
        + b"\x01\0v\0"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': ()}".ljust(117)
        + b"\n"
        + bytes(8),
    )
    for content in (b"", whole[:100], whole[:-30], b"junk", array):
        path.write_bytes(content)
        with pytest.raises(RunFolderError, match=r"checkpoint\.npz is damaged; run the model again") as error:
            runner.resume(tmp_path / "run")
        assert "\n" not in str(error.value)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["probes.csv", "sensors.csv", "ledger.csv", "result.vtkhdf"])
def test_a_run_whose_file_ends_before_the_checkpoint_is_not_resumed(tmp_path: Path, name: str) -> None:
    """Shorter by a row, by half a row, of another run, empty, or gone: one sentence, and nothing is changed."""
    out = tmp_path / "run"
    runner.run(model(tmp_path), "numpy", out, should_stop=StopAfter(1))
    early = (out / name).read_bytes()
    runner.run(model(tmp_path), "numpy", out, overwrite=True, should_stop=StopAfter(120))
    whole = (out / name).read_bytes()
    rows = whole.splitlines(keepends=True)
    shorter = [] if name == "result.vtkhdf" else [b"".join(rows[:-1]), whole[:-2], rows[0]]
    for left in (*shorter, early, b"", None):
        (out / name).write_bytes(left) if left is not None else (out / name).unlink()
        before = contents(out)
        with pytest.raises(RunFolderError, match=re.escape(name)) as error:
            runner.resume(out)
        assert "\n" not in str(error.value)
        assert contents(out) == before
    (out / name).write_bytes(whole)
    assert runner.resume(out).about.status == "finished"


DAMAGES = [  # number of the line, and what stands there; None: nothing does
    *((3, text) for text in ("hello,world", '"', "", "0,1", None)),
    *((0, text) for text in ("time (ms),renamed", "hello", None)),
]


@pytest.mark.parametrize("every", [None, 0.0004])
@pytest.mark.parametrize("name", ["probes.csv", "sensors.csv", "ledger.csv"])
def test_a_damaged_table_is_refused_and_stays_as_it_is(tmp_path: Path, name: str, every: float | None) -> None:
    """A line that is no row, another heading, a row that is gone; of the ledger nobody knows how many rows it had."""
    out, described = tmp_path / "run", model(tmp_path).changed(record={"every": every})
    runner.run(described, "numpy", out, should_stop=StopAfter(160))
    whole = (out / name).read_text().splitlines(keepends=True)
    for line, text in DAMAGES[:4] + DAMAGES[5:] if name == "ledger.csv" else DAMAGES:
        rows = [*whole[:line], *([] if text is None else [text + "\n"]), *whole[line + 1 :]]
        (out / name).write_text("".join(rows))
        before = contents(out)
        with pytest.raises(RunFolderError, match=rf"{name} .*; restore the file, or run the model again") as error:
            runner.resume(out)
        assert "\n" not in str(error.value)
        assert contents(out) == before


@pytest.mark.parametrize(("time", "said"), [("0.021", "lacks rows"), ("0.005", "is damaged: its times do not ascend")])
def test_a_time_of_a_table_that_was_changed_is_noticed(tmp_path: Path, time: str, said: str) -> None:
    out, described = tmp_path / "run", model(tmp_path).changed(record={"every": 0.01})
    runner.run(described, "numpy", out, should_stop=StopAfter(150))
    text = (out / "probes.csv").read_text()
    assert "\n0.02," in text
    (out / "probes.csv").write_text(text.replace("\n0.02,", f"\n{time},"))
    with pytest.raises(RunFolderError, match=rf"probes\.csv {said}"):
        runner.resume(out)


def unfit(state: dict[str, np.ndarray]) -> list[tuple[str, np.ndarray | None]]:
    """What may be wrong with each array of a checkpoint but the model: gone, of another shape, no number, a text."""
    wrong: list[tuple[str, np.ndarray | None]] = []
    for name, array in state.items():
        if name == "model":
            continue
        longer = np.concatenate([np.atleast_1d(array), np.atleast_1d(array)])
        wrong += [(name, array) for array in (longer, np.full(array.shape, np.nan), np.full(array.shape, "a text"))]
        wrong += [(name, None)] if name != "derivative" else []  # without it the run computes it
    return wrong


def test_a_checkpoint_that_does_not_fit_says_so(tmp_path: Path) -> None:
    out = tmp_path / "run"
    runner.run(model(tmp_path), "numpy", out, should_stop=StopAfter(20))
    path = out / "checkpoint.npz"
    with np.load(path) as file:
        state = {name: file[name] for name in file.files}
    assert "derivative" in state
    for name, array in unfit(state):
        np.savez(path, **({**state, name: array} if array is not None else {k: state[k] for k in state if k != name}))
        before = contents(out)
        with pytest.raises(RunFolderError, match=rf"does not fit this model, .* '{name}' .*; run the model again"):
            runner.resume(out)
        assert contents(out) == before
    for text in (np.array(["two", "texts"]), np.array(1.0)):
        np.savez(path, **{**state, "model": text})
        with pytest.raises(RunFolderError, match="is not the model that the checkpoint belongs to"):
            runner.resume(out)
    np.savez(path, **state)
    assert runner.resume(out, should_stop=StopAfter(1)).summary.steps == 21


def test_a_stimulus_that_is_lost_is_written_anew(tmp_path: Path) -> None:
    runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(5))
    path = tmp_path / "run" / "stimulus.csv"
    whole = path.read_bytes()
    path.unlink()
    runner.resume(tmp_path / "run")
    assert path.read_bytes() == whole


def test_a_run_that_crawls_says_why_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a gate that no step can pass over, whose rate grows with the fourth power of calcium."""
    steep = {"name": "steep", "surface": "membrane", "law": "g*Ca", "gates": {"g": "10*Ca**4*(1 - g) - g"}}
    strong = {"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "1 pA"}}
    crawls = model(tmp_path, max_step=None).changed(pumps=[{**steep, "leak": "none"}], channels=[strong])
    told: list[runner.Progress] = []
    monkeypatch.setattr(execution, "SHOW_EVERY", 0.0)
    stopped = runner.run(crawls, "numpy", tmp_path / "run", progress=told.append, should_stop=StopAfter(28))
    assert told[-1].bound.startswith("'steep', ")
    assert not told[0].bound
    assert runner.resume(tmp_path / "run", should_stop=StopAfter(1)).summary.steps == stopped.summary.steps + 1


def test_rows_are_handed_over_before_the_checkpoint_after_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed right after a checkpoint, a run may miss no row before it."""
    monkeypatch.setattr(execution, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(execution, "FLUSH_EVERY", 1e9)
    seen: list[float] = []

    def look(progress: runner.Progress) -> None:
        path = tmp_path / "run" / "checkpoint.npz"
        if path.exists():
            with np.load(path) as checkpoint:
                t = float(checkpoint["clock"][0])
            rows = (tmp_path / "run" / "probes.csv").read_text().splitlines()
            assert float(rows[-1].split(",")[0]) >= t
            seen.append(t)

    runner.run(model(tmp_path), "numpy", tmp_path / "run", progress=look)
    assert seen


def test_a_half_written_row_is_passed_over(tmp_path: Path) -> None:
    runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(50))
    path = tmp_path / "run" / "probes.csv"
    whole = path.read_bytes()
    for cut in (1, 2, 5, 40):  # even where what is left of the last number is a number
        path.write_bytes(whole[:-cut])
        assert len(Result(tmp_path / "run").probes["deep"].calcium) == 50
    path.write_bytes(b"")
    assert list(Result(tmp_path / "run").probes) == ["vesicle"]


def test_one_table_may_be_ahead_of_the_other(tmp_path: Path) -> None:
    runner.run(model(tmp_path), "numpy", tmp_path / "run", should_stop=StopAfter(50))
    path = tmp_path / "run" / "sensors.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:21]))
    traces = Result(tmp_path / "run").probes["vesicle"]
    assert len(traces.calcium) == len(traces.release_probability) == 20
    path.write_text("")
    assert len(Result(tmp_path / "run").probes["deep"].calcium) == 51


# A process that saves its last checkpoint after step {saved} and is killed as it begins its {calls}th {act} since.
KILLED = dedent("""\
    import os, signal
    from rdcalcium import simulation
    from rdcalcium.results import csv_table, vtkhdf
    from rdcalcium.runner import execution
    from rdcalcium.stepping import device

    execution.CHECKPOINT_EVERY = execution.FLUSH_EVERY = 0.0
    device.AWAY = 0.0
    stretch, act, left = simulation.Simulation.stretch, {act}, {calls}

    def step(simulation, until):
        if simulation.steps == {saved}:
            execution.CHECKPOINT_EVERY, {act} = 1e9, last_act
        return stretch(simulation, until)

    def last_act(*words):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return act(*words)

    simulation.Simulation.stretch = step
""")


def wait_for_steps(process: subprocess.Popen[str], lines: int) -> None:
    """Until so many lines of progress, one at each tenth of the run, have been printed."""
    assert process.stderr is not None
    for _ in range(lines):
        assert process.stderr.readline().startswith("t = ")


@pytest.fixture(scope="module")
def slow_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the slow model and its uninterrupted run."""
    folder = tmp_path_factory.mktemp("slow")
    runner.run(model(folder, SLOW), "numpy", folder / "whole")
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_half_way_stops_the_run_and_resume_finishes_it(slow_run: Path, number: signal.Signals) -> None:
    out = f"stopped by {number.name}"
    process = launch("run", "model.toml", "--backend", "numpy", "--out", out, folder=slow_run)
    wait_for_steps(process, 4)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == STOPPED
    assert "Traceback" not in stderr
    assert f"go on with: rdcalcium run --resume {out}" in " ".join(stdout.split())
    result = Result(slow_run / out)
    assert result.about.status == "interrupted"
    assert 0 < result.summary.time < 0.8
    assert len(result.snapshots.times) > 1
    again = launch("run", "--resume", out, folder=slow_run)
    assert again.communicate(timeout=60)
    assert again.returncode == 0
    assert_same_run(slow_run / "whole", slow_run / out)


@pytest.mark.parametrize(
    ("act", "calls"),
    [
        ("csv_table.CsvTable.append", 1000),  # a row of one table is there, that of the next is not
        ("vtkhdf.SnapshotFile._publish", 2),  # the numbers of a snapshot are there, its count is not
    ],
)
def test_a_killed_run_can_be_read_and_goes_on_from_its_last_checkpoint(slow_run: Path, act: str, calls: int) -> None:
    out = f"killed at {act}"
    died = KILLED.format(act=act, calls=calls, saved=100)
    process = launch("run", "model.toml", "--backend", "numpy", "--out", out, first=died, folder=slow_run)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    result = Result(slow_run / out)
    assert result.about.status == "running"  # nobody was left to say otherwise
    calcium = result.probes["deep"].calcium
    assert len(calcium) > 100
    assert np.all(np.diff(calcium.time) > 0)
    assert np.isfinite(calcium).all()
    assert len(result.snapshots.times) >= 1
    for t in result.snapshots.times:
        assert np.isfinite(result.snapshot(t).calcium).all()
    resumed = runner.resume(slow_run / out)
    assert resumed.about.status == "finished"
    assert_times_ascend(slow_run / out)
    assert_same_run(slow_run / "whole", slow_run / out)


@pytest.mark.parametrize("act", [(SnapshotFile, "add_tables"), (About, "write")], ids="at {0[1]}".format)
def test_a_run_that_ends_after_its_last_step_is_not_finished(
    tmp_path: Path, act: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, before its tables are in the result file or after that; one that goes on finds all in place."""
    real = getattr(*act)

    def full(self: object, *words: object) -> None:
        if getattr(self, "status", "finished") == "finished":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, *words)

    described = model(tmp_path, "0.02 ms")
    runner.run(described, "numpy", tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(*act, full)
        with pytest.raises(RunFolderError, match="No space left on device"):
            runner.run(described, "numpy", tmp_path / "parts")
    assert Result(tmp_path / "parts").about.status == "failed"
    assert runner.resume(tmp_path / "parts").about.status == "finished"
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


# A script of a user, who presses Ctrl-C while the run takes its steps.
SCRIPT = dedent("""\
    import os, pathlib, signal, threading, time
    import rdcalcium as rc

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it

    def press():
        while not pathlib.Path("{out}/checkpoint.npz").exists():
            time.sleep(0.01)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.{signal})

    threading.Thread(target=press, daemon=True).start()
    rc.run(rc.load("model.toml"), "numpy", "{out}")
""")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_script_that_is_stopped_before_five_seconds_leaves_a_run_to_resume(
    slow_run: Path, number: signal.Signals
) -> None:
    out = slow_run / f"script and {number.name}"
    code = SCRIPT.format(signal=number.name, out=out.name)
    done = subprocess.run([sys.executable, "-c", code], cwd=slow_run, capture_output=True, text=True, timeout=60)
    assert done.returncode == -number
    assert ("KeyboardInterrupt" in done.stderr) == (number == signal.SIGINT)
    assert Result(out).about.status == ("interrupted" if number == signal.SIGINT else "running")
    assert runner.resume(out).about.status == "finished"
    assert_same_run(slow_run / "whole", out)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_step_stops_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """A grid that takes seconds to make: nothing is written, and nothing stands in the way of the next attempt."""
    path = tmp_path / "large.toml"
    path.write_text(MODEL.replace("DURATION", "1 ms").replace('"20 nm"', '"1.6 nm"'))  # 2 million cells
    process = launch("run", "large.toml", "--backend", "numpy", folder=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"  # the title of the model: it is about to be made
    time.sleep(0.3)
    process.send_signal(number)
    asked = time.perf_counter()
    _, stderr = process.communicate(timeout=60)
    assert time.perf_counter() - asked < 10
    assert (process.returncode, stderr.strip()) == (
        STOPPED,
        "rdcalcium: stopped before the first step; there is nothing to go on with, so run it anew",
    )
    assert not (tmp_path / "runs" / "large").exists()


def test_two_signals_stop_at_once_and_leave_the_last_checkpoint(slow_run: Path) -> None:
    """The first wish is granted after the step, the second in the middle of it; no half step is saved."""
    described = model(slow_run, SLOW)
    out = slow_run / "impatient"

    def impatient() -> bool:
        if (out / "checkpoint.npz").exists():
            raise KeyboardInterrupt
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "CHECKPOINT_EVERY", 0.2)
        with pytest.raises(KeyboardInterrupt):
            runner.run(described, "numpy", out, should_stop=impatient)
    assert Result(out).about.status == "interrupted"
    runner.resume(out)
    assert_same_run(slow_run / "whole", out)
