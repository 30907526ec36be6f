"""What a run takes of memory is what was planned, on this machine and on a GPU; one that does not fit is told so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rdcalcium.backends import backend_class, open_backend
from rdcalcium.backends.compiled import CompiledOperations
from rdcalcium.backends.kernels import MAX_INT32, index_type
from rdcalcium.backends.program import STATES
from rdcalcium.discretization.build import discretize
from rdcalcium.integrators.rosenbrock import Rosenbrock
from rdcalcium.integrators.stepper import Stepper
from rdcalcium.memory import (
    QUIET_MODES,
    QUIET_STATES,
    SENT,
    MemoryShortageError,
    check_memory,
    gpu_memory_needed,
    memory_needed,
)
from rdcalcium.model import Box, Grid, Model, Run, Tetrahedra
from rdcalcium.system import build_system
from tests.models import small_model, small_system
from tests.support import ROOT, need_backend
from tests.test_lumens import SERCA, store, with_lumen

NEAR = 0.2  # of what was planned, that may be taken more or less
CASES = (
    ("grid", "six fields", "compiled", "float64"),
    ("grid", "fixed", "compiled", "float32"),
    ("grid", "fixed", "numpy", "float64"),
    ("tetrahedra", "fixed", "compiled", "float64"),
)


def large_model(kind: str, chemistry: str, precision: str) -> Model:
    """About 130 000 cells, or 16 000 nodes."""
    fine = Grid(size_at_active_zone=0.02, size_in_bulk=0.02)
    if kind == "tetrahedra":
        fine = Tetrahedra(size_at_active_zone=0.04, size_in_bulk=0.04)
    run = Run(duration=1.0, tolerance=1e-3, precision=precision)
    return small_model(kind, chemistry, geometry=Box(size=(1, 1, 1)), discretization=fine, run=run)


TAKEN = """
from rdcalcium import runner, simulation
from rdcalcium.backends import open_backend
from rdcalcium.machine import peak_memory
from tests.models import small_model
from tests.test_memory import large_model
kind, chemistry, backend, precision = {case}
def attempt(model):
    system = runner.prepare(model, backend)
    run = simulation.Simulation(model, open_backend(backend, system, precision))
    run.advance()
    run.stepper.attempt(run.host.implicit, 1e-3, None, run.rtol, run.atol)
    return system.discretization.size
attempt(small_model(kind, chemistry, run=large_model(kind, chemistry, precision).run))  # what a program takes anyway
before = peak_memory()
print(attempt(large_model(kind, chemistry, precision)), 2**20 * (peak_memory() - before))
"""


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_a_run_takes_the_memory_that_was_planned(case: tuple[str, ...]) -> None:
    """Implicit steps included, beyond what Python and its libraries take."""
    kind, chemistry, backend, precision = case
    need_backend(backend)
    command = [sys.executable, "-c", TAKEN.format(case=case)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    size, taken = (float(word) for word in done.stdout.split())
    planned = memory_needed(large_model(kind, chemistry, precision), int(size), backend)
    assert taken == pytest.approx(planned, rel=NEAR), taken / planned


class Counted(CompiledOperations):
    """Counts the bytes of every array that a GPU would hold."""

    held = 0

    def upload(self, values: np.ndarray) -> np.ndarray:
        self.held += values.nbytes
        return super().upload(values)

    def zeros(self, size: int) -> np.ndarray:
        self.held += size * self.real.itemsize
        return super().zeros(size)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_gpu_holds_the_arrays_that_were_planned(kind: str, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted on the arrays of the compiled backend, which are the same but for the width of a mask."""
    need_backend("compiled")
    monkeypatch.setattr(Counted, "reduction_threads", 1)
    system = small_system(kind)
    do = Counted(system, precision)
    stepper = Stepper(do, np.zeros(system.shape))
    assert do.nothing.shape == stepper.y.shape
    states = do.held
    Rosenbrock(do)
    model = small_model(kind, run=Run(duration=1.0, precision=precision))
    sent = SENT * stepper.y.nbytes  # which only a GPU keeps
    assert do.held + sent == pytest.approx(gpu_memory_needed(model, system.shape[1]), rel=NEAR)
    assert states < do.held


def test_explicit_steps_take_seven_states(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    do = open_backend("numpy", small_system())
    new: Callable[[], np.ndarray] = do.new
    monkeypatch.setattr(do, "new", lambda: made.append(new()) or made[-1])
    monkeypatch.setattr(do, "from_host", lambda values, sites=None: made.append(np.array(values)) or made[-1])
    Stepper(do, np.zeros(do.system.shape))
    assert len(made) == len(STATES)


def test_a_gpu_holds_where_each_part_is() -> None:
    """Its volumes, and which control volumes are in it, beside one state more than without a lumen."""
    need_backend("compiled")
    model = with_lumen(buffers=[], probes=[], stores=[store(SERCA, lumen={"region": "ER"})])
    do = Counted(build_system(model, discretize(model)))
    x, before = do.new(), do.held
    out = do.new()
    for part in (0, 1):
        do.only(part, x, out)
        do.weighted_sums(x, part)
    size = do.system.shape[1]
    empty = model.changed(stores=[], geometry=model.geometry.changed(obstacles=()))
    more = gpu_memory_needed(model, size) - gpu_memory_needed(empty, size)
    assert do.held - before == pytest.approx(more, rel=NEAR)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_implicit_steps_take_the_states_and_modes_that_were_planned(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One state, and on every level as many vectors of modes."""
    states: list[np.ndarray] = []
    volumes: list[int] = []
    system = small_system(kind)
    do = open_backend("numpy", system)
    new, modes = do.new, do.modes
    monkeypatch.setattr(do, "new", lambda: states.append(new()) or states[-1])
    monkeypatch.setattr(do, "modes", lambda size: volumes.append(size) or modes(size))
    Rosenbrock(do)
    assert len(states) == QUIET_STATES
    assert sum(volumes) / system.shape[1] == pytest.approx(QUIET_MODES, rel=0.1)


def test_a_run_that_does_not_fit_says_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    needed = memory_needed(model, 10**6, "numpy")
    monkeypatch.setattr("rdcalcium.memory.memory_available", lambda: needed // 8)
    with pytest.raises(MemoryShortageError, match=r"this machine has .* GiB available; cells about 2 times as wide"):
        check_memory(model, 10**6, "numpy")


def test_the_memory_of_a_gpu_is_asked_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model, cuda = small_model(), backend_class("cuda")
    needed = gpu_memory_needed(model, 10**6)
    monkeypatch.setattr(cuda, "memory_available", classmethod(lambda kind, number: needed))
    check_memory(model, 10**6, "cuda")
    monkeypatch.setattr(cuda, "memory_available", classmethod(lambda kind, number: needed // 27))
    with pytest.raises(MemoryShortageError, match=r"its GPU has .* GiB available; cells about 3 times as wide"):
        check_memory(model, 10**6, "cuda")


@pytest.mark.parametrize("guard", [0, 10_000])
def test_no_index_of_32_bits_wraps(guard: int) -> None:
    """Not even that of a thread beyond the last value, in the last block of a launch."""
    fields, block = 6, 256
    largest = next(n for n in range(MAX_INT32 // fields, 0, -1) if index_type((fields, n), guard) == np.int32)
    assert index_type((fields, largest + 1), guard) == np.int64
    values = fields * largest + 2 * guard
    assert -(-values // block) * block - 1 <= np.iinfo(np.int32).max
    assert values > 0.99 * 2**31
