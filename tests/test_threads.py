"""Threads: as many as are asked for, which change no bit, and a word where other programs keep the cores busy."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rdcalcium as rc
from rdcalcium import backends, bench, machine
from rdcalcium.backends import BackendError, choose, compiled
from rdcalcium.cli.commands import cli
from rdcalcium.machine import OtherPrograms
from rdcalcium.runner import busy
from rdcalcium.units import counted
from tests.models import small_model, small_system
from tests.support import ROOT, need_backend

QUIET = {"warn": lambda sentences: None}


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may use four cores, whatever machine this is, whose loops are all shared."""
    need_backend("compiled")
    for module in (backends, busy, machine):
        monkeypatch.setattr(module, "cores", lambda: 4)
    monkeypatch.setattr(compiled.CompiledOperations, "serial_below", 0)


def test_a_run_uses_the_threads_that_it_is_told(four_cores: None, tmp_path: Path) -> None:
    told = {n: rc.run(small_model(), "compiled", tmp_path / str(n), threads=n, **QUIET) for n in (1, 3)}
    assert [r.about.machine.threads for r in told.values()] == [1, 3]
    assert [r.about.machine.device for r in told.values()] == ["CPU, 1 thread", "CPU, 3 threads"]
    assert (tmp_path / "1" / "probes.csv").read_text() == (tmp_path / "3" / "probes.csv").read_text()


def test_so_many_threads_share_a_loop() -> None:
    """Those of the runtime are kept, and can be counted."""
    need_backend("compiled")
    program = (
        "import os\n"
        "from rdcalcium import backends\n"
        "from rdcalcium.backends import compiled\n"
        "from tests.models import small_system\n"
        "backends.cores = lambda: 4\n"
        "compiled.CompiledOperations.serial_below = 0\n"
        "for threads in (1, 3):\n"
        "    do = backends.open_backend('compiled', small_system(), threads=threads)\n"
        "    before = len(os.listdir('/proc/self/task'))\n"
        "    do.rhs(do.new(), do.new())\n"
        "    print(len(os.listdir('/proc/self/task')) - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "2"]


def test_without_a_word_all_cores_or_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert machine.threads() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert machine.threads() == 3


def test_more_threads_than_cores_are_refused(four_cores: None) -> None:
    for threads in (0, 5):
        with pytest.raises(BackendError, match=r"was asked for, and this process may use 4 cores; ask for 1 to 4$"):
            choose("compiled", threads=threads)


def test_a_backend_that_counts_no_threads_is_told_none(four_cores: None) -> None:
    assert choose("auto", threads=2)[0] == "compiled"
    assert choose("numpy", threads=1) == ("numpy", "as asked")
    with pytest.raises(BackendError, match=r"the numpy backend cannot be told how many; use the compiled backend"):
        choose("numpy", threads=2)


def test_the_benchmark_uses_no_more_than_it_is_told(four_cores: None) -> None:
    figures = bench.measure(quick=True, threads=2)
    assert {row["threads"] for row in figures["kernels"] if row["backend"] == "compiled"} == {1, 2}
    assert "2 threads, " in bench.table(figures)


@pytest.mark.parametrize("command", ["run", "bench"])
def test_the_command_line_takes_a_number_of_threads(command: str) -> None:
    assert "threads" in {parameter.name for parameter in cli.commands[command].params}


@pytest.mark.parametrize(("others", "said"), [(0.2, None), (1.6, "2"), (3.9, "1")])
def test_a_run_says_when_other_programs_keep_its_cores_busy(
    four_cores: None, monkeypatch: pytest.MonkeyPatch, others: float, said: str | None
) -> None:
    monkeypatch.setattr(OtherPrograms, "cores", lambda self: others)
    found = [*busy.waiting("compiled", small_system(), None if said is None else 4, OtherPrograms())]
    if said is None:
        assert not found
        return
    (sentence,) = found
    assert sentence.startswith(f"other programs keep {others} of 4 cores busy, and a loop that 4 threads share")
    assert f"threads = {said}, " in sentence


def test_nobody_waits_who_computes_alone(four_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OtherPrograms, "cores", lambda self: pytest.fail("nobody needs to know"))
    for backend, threads in (("compiled", 1), ("numpy", None)):
        assert not [*busy.waiting(backend, small_system(), threads, OtherPrograms())]


def test_another_program_is_seen_and_this_one_is_not() -> None:
    others = OtherPrograms()
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        pass  # busy itself
    alone = others.cores()
    endless = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.2)  # until it has begun
        others = OtherPrograms()
        time.sleep(0.5)
        seen = others.cores()
    finally:
        endless.kill()
        endless.wait()
    assert 0 <= alone <= len(os.sched_getaffinity(0)) + 0.1
    assert seen > 0.3  # even where many share the core


def test_where_the_system_does_not_tell_nobody_is_warned(four_cores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 10**6})
    others = OtherPrograms()
    assert math.isnan(others.cores())
    assert not [*busy.waiting("compiled", small_system(), 4, others)]


def test_one_of_something_is_no_plural() -> None:
    assert counted(1, "thread") == "1 thread"
    assert counted(32292, "control volume") == "32,292 control volumes"
