"""Rounds of a march on the cores of a CPU: a library of its own, which launches the kernels of others."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rdcalcium.backends.cpu_source import launched_by_march, march_source
from rdcalcium.backends.program import SIZES, TABLES
from rdcalcium.backends.sources import signature

if TYPE_CHECKING:
    from rdcalcium.backends.compiled import CompiledOperations


class MarchLibrary:
    """kernels/march_cpu.cuh for the layout of a model; where it finds the kernels, it is told at every call."""

    def __init__(self, do: CompiledOperations):
        names = launched_by_march(do.layout.kernels)
        text = march_source(do.code, {launcher: signature(name, do.code) for launcher, name in names.items()})
        index = do.scalar("index_t")
        self._launchers = {launcher: _address(do, name) for launcher, name in names.items()}
        self._tables = _structure(names, index)
        neighbours = (ctypes.c_void_p for _ in do.neighbours)
        self._march = function(do.library(text), "march", [ctypes.POINTER(self._tables), index, *neighbours])

    def march(self, given: Mapping[str, int], rounds: int, neighbours: list[int]) -> None:
        """So many rounds, or fewer if there is something to ask.

        given       values of TABLES and SIZES
        neighbours  where their arrays begin
        """
        members = {**given, **self._launchers}
        self._march(self._tables(**members), rounds, *neighbours)


def function(library: ctypes.CDLL, name: str, kinds: list[Any]) -> Any:
    """One of a library, with the types of its arguments."""
    found = getattr(library, name)
    found.restype, found.argtypes = None, kinds
    return found


def _address(do: CompiledOperations, name: str) -> int | None:
    """Of the launcher of a kernel; none if this model does not have it, and the march does without."""
    return ctypes.cast(do.kernel(name), ctypes.c_void_p).value if do.has_kernel(name) else None


def _structure(launchers: Iterable[str], index: Any) -> type[ctypes.Structure]:
    """`Tables` of kernels/march_cpu.cuh as Python fills it in."""
    members = [*((name, ctypes.c_void_p) for name in (*TABLES, *launchers)), *((name, index) for name in SIZES)]
    return type("Tables", (ctypes.Structure,), {"_fields_": members})
