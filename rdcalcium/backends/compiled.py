"""The kernels of the GPU on the cores of the CPU, through OpenMP."""

from __future__ import annotations

import ctypes
import shlex
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from rdcalcium.backends.base import Sides
from rdcalcium.backends.behind import with_behind
from rdcalcium.backends.compiler import build, compiler_missing, compiler_name, find_compiler
from rdcalcium.backends.cpu_source import BLOCK, CPU_PRELUDE, cpu_source
from rdcalcium.backends.kernels import STORE_THREADS, KernelOperations
from rdcalcium.backends.march import KernelMarcher
from rdcalcium.backends.march_library import MarchLibrary, function
from rdcalcium.backends.placement import placed
from rdcalcium.backends.program import SITES, STATES, STORES, Marcher, Program
from rdcalcium.backends.sources import Kernel
from rdcalcium.machine import let_idle_cores_sleep, threads
from rdcalcium.units import counted

# Values of a state under which one core works alone. On an idle machine two are quicker from 8,000 values on, and 1.6
# times as quick at 50,000 (`scripts/benchmarks/all.py --only threads`); but where others keep the cores busy, a loop
# waits a millisecond for the second one, ten times as long as such a stage takes.
SERIAL_BELOW = 50_000


class CompiledOperations(KernelOperations):
    """Launches on CPU cores through OpenMP."""

    name = "compiled"
    host_states = len(STATES)
    sides = Sides(grid=(50, 154), mesh=(32, 100), triad=280)
    reduction_threads = 256
    looks_up = False
    serial_below = SERIAL_BELOW
    _arrays = 0  # made so far

    @classmethod
    def missing(cls) -> str | None:
        """Why the compiler cannot be used."""
        return compiler_missing()

    @classmethod
    def found(cls) -> str:
        """The compiler."""
        return f"the C++ compiler is {shlex.join(find_compiler() or ())}"

    @classmethod
    def software(cls) -> dict[str, str]:
        """The compiler and its version."""
        return {"compiler": compiler_name()}

    @classmethod
    def thread_counts(cls, most: int | None = None) -> tuple[int, ...]:
        """One core, and all."""
        return tuple(sorted({1, most or threads()}))

    @classmethod
    def sharing(cls, values: int, threads: int | None = None) -> int:
        """All, or one where waking the others costs more than it brings."""
        return max(cls.thread_counts(threads)) if values > cls.serial_below else 1

    @property
    def device(self) -> str:  # type: ignore[override]
        """The CPU, with the threads that are used."""
        return f"CPU, {counted(self.threads, 'thread')}"

    @property
    def mask(self) -> np.dtype:  # type: ignore[override]
        """As wide as the numbers, which keeps vectors full."""
        return np.dtype(np.int64 if self.real.itemsize == 8 else np.int32)

    def load(self, kernels: list[Kernel]) -> dict[str, Any]:
        """One library, with a launcher for each."""
        library = self.library("".join(cpu_source(kernel) for kernel in kernels))
        launch = [ctypes.c_longlong] + [ctypes.c_int] * 4  # extent, block, and the threads that share the loop
        return {k.name: function(library, f"launch_{k.name}", launch + self._kinds(k)) for k in kernels}

    def _kinds(self, kernel: Kernel) -> list[Any]:
        """Types of its arguments."""
        return [ctypes.c_void_p if a.array else self.scalar(a.type) for a in kernel.arguments]

    def scalar(self, name: str) -> Any:
        """The type of a number that kernels call so."""
        return np.ctypeslib.as_ctypes_type(self.types[name])

    def library(self, text: str) -> ctypes.CDLL:
        """What this C++ makes, with the number types of the run."""
        let_idle_cores_sleep()
        return ctypes.CDLL(str(build(CPU_PRELUDE + self.prelude + text)))

    def prepare(self) -> None:
        """All libraries."""
        super().prepare()
        _ = self._march_library

    @cached_property
    def _march_library(self) -> MarchLibrary:
        return MarchLibrary(self)

    def wait(self) -> None:
        """A launch comes back when it is done."""

    def upload(self, values: np.ndarray) -> np.ndarray:
        """A copy."""
        values = np.asarray(values)
        copy = self._place(values.size, values.dtype).reshape(values.shape)
        copy[...] = values
        return copy

    def lend(self, values: np.ndarray) -> np.ndarray:
        """The array itself, if its numbers follow each other in memory."""
        return np.ascontiguousarray(values)

    def download(self, values: np.ndarray) -> np.ndarray:
        """The array itself."""
        return values

    def address(self, values: np.ndarray) -> int:
        """Of host memory."""
        return int(values.ctypes.data)

    def zeros(self, size: int) -> np.ndarray:
        """Zeros of the run's precision."""
        return self._place(size, self.real)

    def with_behind(self, state: np.ndarray, count: int) -> np.ndarray:
        """As NumPy has it."""
        return with_behind(state, count)

    def _place(self, size: int, kind: np.dtype) -> np.ndarray:
        self._arrays += 1
        return placed(size, kind, self._arrays)

    def marcher(self, program: Program) -> Marcher:
        """A loop in the library."""
        return CompiledMarcher(self, program)

    def march(self, arrays: dict[str, np.ndarray], sizes: Mapping[str, int], rounds: int) -> None:
        """Rounds of a march in one call.

        arrays, sizes  those of TABLES, and those of SIZES that say nothing of the control volumes
        """
        fields, n = self.system.shape
        x, y, z = (*self.layout.extent, 1, 1)[:3]
        cells = {"fields": fields, "values": self.values_of_a_state, "stride": n, "x": x, "y": y, "z": z}
        shared = self.sharing(self.system.patches.size, self.threads)
        cells |= {"patched": len(self.at_sites[0]), "patched_parallel": shared}
        threads = STORE_THREADS if self.system.patches.stores else 0
        cells |= {"patches": self.total.size, "store_threads": threads}
        launch = {"block": self.layout.block or BLOCK, "parallel": self.sharing(fields * n, self.threads)}
        arrays = arrays | dict(zip(SITES, self.at_sites, strict=True))
        stores = (self.total, self.added, *self.of_stores[:3], self.partial_total)
        arrays |= dict(zip(STORES, stores, strict=True))
        places = {name: array.ctypes.data for name, array in arrays.items()}
        given = {**places, **sizes, **cells, **launch}
        self._march_library.march(given, rounds, _addresses(self.neighbours))

    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        """Loop over the extent, block by block."""
        nx, ny, nz = (*extent, 1, 1)[:3]
        together = self.sharing(work or nx * ny * nz, self.threads)
        self.kernel(name)(nx, ny, nz, block or BLOCK, together, *_addresses(args))


def _addresses(args: Iterable[Any]) -> list[Any]:
    """Arrays as where they begin, numbers as they are."""
    return [a.ctypes.data if isinstance(a, np.ndarray) else a for a in args]


class CompiledMarcher(KernelMarcher):
    """All rounds in one call."""

    do: CompiledOperations

    def drive(self, rounds: int) -> None:
        """In the library: kernels/march_cpu.cuh, which says where it launches other kernels than KernelMarcher."""
        self.do.march(self._arrays(), self._sizes(), rounds)

    def _arrays(self) -> dict[str, np.ndarray]:
        """Those of TABLES."""
        (first_row, rows), (first, knots, pieces) = self.table, self.courses
        (cell, share), (corner, portion), (many, few) = self.source, self.look, self.errors
        state = {"m": self.march, "at": self.at, "current": self.current, "worst": self.worst, "log": self.log}
        rules = {"r": self.rules, "stop": self.stops, "binding": self.binding, "atol": self.atol, "p": self.do.p}
        method = {"stages": self.stages, "reach": self.reach, "first_row": first_row, "rows": rows}
        currents = {"first": first, "knots": knots, "pieces": pieces, "charge": self.charge, "amounts": self.amounts}
        places = {"cell": cell, "share": share, "corner": corner, "portion": portion}
        errors = {"many_errors": many, "few_errors": few}
        return {**state, **rules, **method, **currents, **places, **errors, "cytosolic": self.cytosolic}

    def _sizes(self) -> dict[str, int]:
        """Those of SIZES that say nothing of the control volumes."""
        program, (many, few) = self.program, self.errors
        return {
            "stops": len(program.stops),
            "rungs": len(program.ladder.stages),
            "buffers": len(program.binding),
            "groups": self.groups,
            "cells": self.cells,
            "points": self.points,
            "corners": program.points.indices.shape[1],
            "width": self.width,
            "threads": many.size,
            "few": few.size,
        }
