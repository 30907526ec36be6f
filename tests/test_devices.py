"""Of several GPUs a run takes the one that was asked for, in memory as in arithmetic, and leaves the caller's alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getmembers, isfunction
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import runner
from rdcalcium.backends import cupy, open_backend
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.backends.on_device import on_its_device
from rdcalcium.backends.program import Program
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import MemoryShortageError
from rdcalcium.integrators import limits
from rdcalcium.model import Run
from rdcalcium.simulation import Simulation
from rdcalcium.system import System, build_system
from tests.models import small_model, small_system
from tests.support import LikeAGpu, RoundsOfAGpu, need_backend, simulate

CURRENT = [0]  # numbers of the devices that this thread has entered; the last one is current


@contextmanager
def entered(number: int) -> Iterator[None]:
    CURRENT.append(number)
    try:
        yield
    finally:
        CURRENT.pop()


class OnTheSecond(np.ndarray):
    """An array on device 1, which nothing can be done with unless that is the current one."""

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        assert CURRENT[-1] == 1, function
        plain = [i.view(np.ndarray) if isinstance(i, OnTheSecond) else i for i in inputs]
        for out in options.pop("out", ()):
            options["out"] = (out.view(np.ndarray),)
        return np.asarray(getattr(function, method)(*plain, **options)).view(OnTheSecond)

    def __setitem__(self, key: Any, value: Any) -> None:
        assert CURRENT[-1] == 1, "a copy"
        super().__setitem__(key, value)

    @property
    def ctypes(self) -> Any:
        assert CURRENT[-1] == 1, "a launch"
        return super().ctypes


@on_its_device
class SecondRounds(RoundsOfAGpu):
    def on_device(self) -> Any:
        return entered(1)


@on_its_device
class SecondGpu(LikeAGpu):
    def __init__(self, system: System, precision: str = "float64", number: int = 1):
        with self.on_device():
            super().__init__(system, precision, number)

    def on_device(self) -> Any:
        return entered(1)

    def upload(self, values: np.ndarray) -> np.ndarray:
        return super().upload(values).view(OnTheSecond)

    def download(self, values: np.ndarray) -> np.ndarray:
        assert CURRENT[-1] == 1, "a copy"
        return values.view(np.ndarray)

    def zeros(self, size: int) -> np.ndarray:
        assert CURRENT[-1] == 1, "an allocation"
        return super().zeros(size).view(OnTheSecond)

    def marcher(self, program: Program) -> SecondRounds:
        return SecondRounds(self, program)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_all_arithmetic_of_a_run_is_on_its_device_and_the_callers_stays(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of explicit steps, of implicit ones, and of looks between their ends."""
    need_backend("compiled")
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 6)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 3)
    model = small_model(kind, run=Run(duration=1.0))
    run = Simulation(model, SecondGpu(build_system(model, discretize(model))))
    while not run.finished:
        (*_, last) = run.stretch() or [None]
        assert CURRENT == [0]
        if last:
            run.values_within(last, np.array([last.t]))
            [*run.fields_within(last, np.array([last.t - 0.5 * last.h]))]
    assert "implicit" in vars(run.host)
    assert run.balance() == simulate(model).balance()
    fresh = Simulation(model, run.do)
    fresh.restore(run.state())
    assert np.array_equal(fresh.values, run.values)


def test_arithmetic_on_another_device_would_be_seen() -> None:
    need_backend("compiled")
    do = SecondGpu(small_system())
    with pytest.raises(AssertionError):
        do.new()[:] = 1.0
    with pytest.raises(AssertionError):
        do.new() + do.new()


@pytest.mark.parametrize("kind", [cupy.CupyOperations, cupy.CupyMarcher])
def test_everything_that_cupy_is_asked_for_enters_its_device(kind: type) -> None:
    public = {name: method for name, method in getmembers(kind, isfunction) if not name.startswith("_")}
    assert len(public) > 5
    assert [name for name, method in public.items() if not hasattr(method, "__wrapped__")] == ["on_device"]


class TwoDevices(NumpyOperations):
    """A machine with two GPUs, of which only the second one has room."""

    name, on_gpu = "cuda", True

    @classmethod
    def devices(cls) -> tuple[str, ...]:
        return "Small GPU", "Large GPU"

    @classmethod
    def memory_available(cls, number: int) -> int:
        return (1000, 2**40)[number]


def test_the_memory_of_the_device_that_was_asked_for_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(cupy, "CupyOperations", TwoDevices)
    model = small_model(run=Run(duration=0.01))
    for first in (None, 0):
        with pytest.raises(MemoryShortageError, match="its GPU has"):
            runner.run(model, out=tmp_path / "small", device=first, warn=lambda sentences: None)
        assert any(line.startswith("warning: this does not fit") for line in rc.check(model, device=first))
    quietly = {"warn": lambda sentences: None, "should_stop": lambda: True}
    assert runner.run(model, out=tmp_path / "large", device=1, **quietly).about.status == "interrupted"
    assert runner.resume(tmp_path / "large", device=1).about.status == "finished"
    lines = rc.check(model, device=1)
    assert any("1024 GiB available on its GPU" in line for line in lines)
    assert not any("does not fit" in line for line in lines)
    with pytest.raises(rc.RdcalciumError, match="there is no device 2"):
        rc.check(model, device=2)
    assert open_backend("auto", small_system(), device=1).number == 1
