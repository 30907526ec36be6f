"""How tests run things: a model on a backend, the command line in a process of its own, the order of a method."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rdcalcium.backends import BACKENDS, Operations, backend_class, open_backend
from rdcalcium.backends.compiled import CompiledOperations
from rdcalcium.backends.march import AheadMarcher
from rdcalcium.backends.program import Program
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.model import Model
from rdcalcium.simulation import Simulation
from rdcalcium.system import build_system
from tests.command import call

ROOT = Path(__file__).resolve().parents[1]
PRECISIONS = ("float64", "float32")
REQUIRE_GPU = os.environ.get("RDCALCIUM_REQUIRE_GPU") == "1"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}  # of the command line


def need_backend(name: str) -> None:
    """Skip the test where this backend cannot run; a missing GPU fails if RDCALCIUM_REQUIRE_GPU=1."""
    reason = backend_class(name).missing()
    if reason and REQUIRE_GPU and backend_class(name).on_gpu:
        pytest.fail(f"RDCALCIUM_REQUIRE_GPU=1, but {reason}")
    if reason:
        pytest.skip(reason)


def each_backend(kind: type[Operations] = Operations) -> list[object]:
    """Every backend of a kind that the registry knows, the specification first."""
    kinds = {name: backend_class(name) for name in reversed(BACKENDS)}
    return [pytest.param(n, marks=[pytest.mark.gpu] * k.on_gpu) for n, k in kinds.items() if issubclass(k, kind)]


def fresh(model: Model, backend: str = "compiled", discretization: Discretization | None = None) -> Simulation:
    """A model at rest."""
    need_backend(backend)
    system = build_system(model, discretization or discretize(model))
    return Simulation(model, open_backend(backend, system, model.run.precision))


def simulate(model: Model, backend: str = "compiled", discretization: Discretization | None = None) -> Simulation:
    """A model, run to its end."""
    simulation = fresh(model, backend, discretization)
    simulation.run()
    return simulation


class RoundsOfAGpu(AheadMarcher):
    """Rounds as a GPU gets them, launched ahead, of kernels that look up how far they are."""

    def round(self, stages: int) -> None:
        """One kernel after the other."""
        self.plan()
        self.step(stages)

    def send(self, slot: int) -> None:
        """A copy."""
        self._sent = {**getattr(self, "_sent", {}), slot: self.march.copy()}

    def receive(self, slot: int) -> np.ndarray:
        """What was sent."""
        return self._sent.pop(slot)


class LikeAGpu(CompiledOperations):
    """The kernels of a GPU on CPU cores, the marching ones too."""

    looks_up = True
    sends_ahead = True

    def send(self, state: np.ndarray) -> Callable[[], np.ndarray]:
        """A copy that is under way until it is asked for."""
        kept = state.copy()
        return lambda: self.to_host(kept)

    def marcher(self, program: Program) -> AheadMarcher:
        """Round by round."""
        return RoundsOfAGpu(self, program)


@contextmanager
def benchmark(name: str) -> Iterator[ModuleType]:
    """A script of scripts/benchmarks as a module."""
    folder = str(ROOT / "scripts" / "benchmarks")
    sys.path.insert(0, folder)
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def launched_ahead(model: Model, backend: str) -> Simulation:
    """A model at rest on a device that is never waited for: a GPU, or CPU cores like one."""
    need_backend(backend)
    kind = LikeAGpu if backend == "compiled" else backend_class(backend)
    return Simulation(model, kind(build_system(model, discretize(model)), model.run.precision))


def on_cells(simulation: Simulation) -> np.ndarray:
    """Calcium at the probes as the control volumes have it, without what they miss near a pore; (points,) µM."""
    points = np.array([probe.position for probe in simulation.model.probes])
    found = simulation.do.points(simulation.system.discretization.locator.weights(points))
    return simulation.do.gather(simulation.stepper.y, found)[CALCIUM]


class StopAfter:
    """A wish to stop a run after so many steps."""

    def __init__(self, steps: int):
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def rdcalcium(*words: object, folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Call the command line in a folder, in a process of its own; with options of `subprocess.run` in a fresh one."""
    if not options:
        return call([str(word) for word in words], folder, ENVIRONMENT)
    options = {"env": ENVIRONMENT, "capture_output": True, "timeout": 120, **options}
    return subprocess.run([sys.executable, "-m", "rdcalcium", *map(str, words)], cwd=folder, text=True, **options)


def launch(*words: object, folder: Path, first: str = "") -> subprocess.Popen[str]:
    """The same, not waited for, and after some lines of Python."""
    command = [sys.executable, "-c", f"{first}\nfrom rdcalcium.cli import main; main()", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, text=True, **pipes)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence on stderr with which a refused command ends; of a model with several mistakes a list of them."""
    assert done.returncode == 1, done.stderr
    first, *more = [line for line in done.stderr.splitlines() if not line.startswith("t = ")]  # progress
    assert first.startswith("rdcalcium: ")
    assert all(line.startswith("  ") for line in more), done.stderr
    assert bool(more) == first.endswith("mistakes:")
    assert "Traceback" not in done.stderr
    return "\n".join([first.removeprefix("rdcalcium: "), *more])


def assert_same_tables(a: Path, b: Path) -> None:
    """Every CSV table of two run folders, to the last digit."""
    tables = sorted(path.name for path in a.glob("*.csv"))
    assert tables
    assert tables == sorted(path.name for path in b.glob("*.csv"))
    for table in tables:
        assert (a / table).read_text() == (b / table).read_text(), table


def slope(sizes: object, errors: object) -> float:
    """Order of convergence: the slope of log error over log size."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])
