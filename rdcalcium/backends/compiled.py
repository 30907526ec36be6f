"""The kernels of the GPU on the cores of the CPU, through OpenMP."""

from __future__ import annotations

import ctypes
import os
import shlex
from collections.abc import Iterable
from typing import Any

import numpy as np

from rdcalcium.backends.base import Sides
from rdcalcium.backends.compiler import build, compiler_missing, compiler_name, find_compiler
from rdcalcium.backends.cpu_source import BLOCK, CPU_PRELUDE, cpu_source, march_arguments, march_source
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.march import KernelMarcher
from rdcalcium.backends.program import Marcher, Program
from rdcalcium.backends.sources import Argument, read_kernel
from rdcalcium.machine import threads

SPINS = "30000"  # looks of an idle core for work before it sleeps, a fraction of a millisecond
SERIAL_BELOW = 50_000  # values; under this waking the other cores costs more than it brings


class CompiledOperations(KernelOperations):
    """Launches on CPU cores through OpenMP."""

    name = "compiled"
    host_states = 7
    sides = Sides(grid=(50, 154), mesh=(32, 100), triad=280)
    reduction_threads = 256
    on_volumes = ("rhs", "stage", "arrive")
    serial_below: float = SERIAL_BELOW

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
    def thread_counts(cls) -> tuple[int, ...]:
        """One core, and all."""
        return tuple(sorted({1, threads()}))

    @property
    def mask(self) -> np.dtype:  # type: ignore[override]
        """As wide as the numbers, which keeps vectors full."""
        return np.dtype(np.int64 if self.real.itemsize == 8 else np.int32)

    def load(self, names: tuple[str, ...]) -> None:
        """Compile all kernels of a model into one library."""
        # Idle cores shall sleep, not spin, between the loops; read by the runtime when it is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        # But not between two loops of a step, which follow each other at once.
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        seen: set[str] = set()
        kernels = [read_kernel(name, self.header, seen) for name in names]
        stage = next(k for k in kernels if k.name == f"stage_{self.layout.kernels}")
        text = CPU_PRELUDE + self.prelude + "".join(cpu_source(kernel) for kernel in kernels) + march_source(stage)
        self._library = ctypes.CDLL(str(build(text)))
        self._launchers = {k.name: self._function(f"launch_{k.name}", k.arguments) for k in kernels}
        self._march = self._function("march", march_arguments(stage))
        self.device = f"CPU, {threads()} threads"

    def _function(self, name: str, arguments: Iterable[Argument]) -> Any:
        """A launcher of the library: its extent, block and parallelism, then these arguments."""
        function = getattr(self._library, name)
        function.restype = None
        scalar = {name: np.ctypeslib.as_ctypes_type(kind) for name, kind in self.types.items()}
        kinds = [ctypes.c_void_p if a.array else scalar[a.type] for a in arguments]
        function.argtypes = [ctypes.c_longlong] + [ctypes.c_int] * 4 + kinds
        return function

    def wait(self) -> None:
        """A launch comes back when it is done."""

    def upload(self, values: np.ndarray) -> np.ndarray:
        """A copy."""
        return np.array(values, order="C")

    def download(self, values: np.ndarray) -> np.ndarray:
        """The array itself."""
        return values

    def address(self, values: np.ndarray) -> int:
        """Of host memory."""
        return int(values.ctypes.data)

    def zeros(self, size: int) -> np.ndarray:
        """Zeros of the run's precision."""
        return np.zeros(size, dtype=self.real)

    def marcher(self, program: Program) -> Marcher:
        """A loop in the library."""
        return CompiledMarcher(self, program)

    def march(self, rounds: int, tables: Iterable[np.ndarray], sizes: Iterable[int]) -> None:
        """Rounds of a march in one call."""
        fields, n = self.system.shape
        args = (*tables, *self.neighbours, rounds, *sizes, n, *self.layout.extent)
        self._call(self._march, self.layout.extent, self.layout.block, fields * n, args)

    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        """Loop over the extent, block by block."""
        self._call(self._launchers[name], extent, block, work, args)

    def _call(self, function: Any, extent: tuple[int, ...], block: int, work: int, args: Iterable[Any]) -> None:
        nx, ny, nz = (*extent, 1, 1)[:3]
        parallel = self.threads > 1 and (work or nx * ny * nz) > self.serial_below
        plain = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in args]
        function(nx, ny, nz, block or BLOCK, parallel, *plain)


class CompiledMarcher(KernelMarcher):
    """All rounds in one call."""

    do: CompiledOperations

    def drive(self, rounds: int) -> None:
        """In the library; what is launched there is what KernelMarcher launches."""
        do, program = self.do, self.program
        tables = (
            *(self.march, self.rules, self.stops, self.stages, self.reach, self.binding, self.log),
            *(*self.table, *self.courses, self.charge, self.amounts, *self.source, self.current, self.at),
            *(do.p, self.atol, self.worst, *self.errors, *self.look),
        )
        rows = (len(program.stops), len(program.ladder.stages), len(program.binding))
        counts = (self.points, self.width, self.groups, self.cells, do.system.shape[0] * do.system.shape[1])
        errors = tuple(e.size for e in self.errors)
        do.march(rounds, tables, (*rows, *counts, *errors, program.points.indices.shape[1], self.fields))
