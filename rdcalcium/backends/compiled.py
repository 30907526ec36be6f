"""The kernels of the GPU on the cores of the CPU, through OpenMP."""

from __future__ import annotations

import ctypes
import os
import shlex
from typing import Any

import numpy as np

from rdcalcium.backends.base import Sides
from rdcalcium.backends.compiler import build, compiler_missing, compiler_name, find_compiler
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.sources import Kernel, read_kernel

BLOCK = 1024  # threads that a core takes together, where the launch leaves it open
SERIAL_BELOW = 50_000  # values; under this waking the other cores costs more than it brings

_CPU_PRELUDE = """#define RDC_CPU 1
struct Index3 { long long x, y, z; };
"""

# Its own names end in an underscore, so that they cannot hide an argument of a kernel.
_LAUNCHER = """
extern "C" void launch_{name}(long long nx_, int ny_, int nz_, int width_, int parallel_, {declaration}) {{
    const long long blocks_ = (nx_ + width_ - 1) / width_;
    const long long total_ = blocks_ * ny_ * nz_;
#pragma omp parallel for schedule(static) if (parallel_)
    for (long long b_ = 0; b_ < total_; ++b_) {{
        const Index3 block_ = {{b_ % blocks_, b_ / blocks_ % ny_, b_ / blocks_ / ny_}};
        const long long left_ = nx_ - block_.x * width_;
        const int count_ = left_ < width_ ? (int)left_ : width_;
#pragma omp simd
        for (int t_ = 0; t_ < count_; ++t_)
            {name}(block_, Index3{{t_, 0, 0}}, Index3{{width_, 1, 1}}, {arguments});
    }}
}}
"""


# A kernel by lanes takes RDC_LANES items at a time; their number is a constant, but for the last ones.
_LANE_LAUNCHER = """
extern "C" void launch_{name}(long long nx_, int, int, int, int parallel_, {declaration}) {{
    const long long blocks_ = (nx_ + RDC_LANES - 1) / RDC_LANES;
#pragma omp parallel for schedule(static) if (parallel_)
    for (long long b_ = 0; b_ < blocks_; ++b_) {{
        const long long left_ = nx_ - b_ * RDC_LANES;
        if (left_ >= RDC_LANES)
            {name}(Index3{{b_, 0, 0}}, RDC_LANES, {arguments});
        else
            {name}(Index3{{b_, 0, 0}}, (int)left_, {arguments});
    }}
}}
"""


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    places = "const Index3 threadIdx, const Index3 blockDim" if not kernel.by_lanes else "const int rdc_count"
    function = f"RDC_DEVICE void {kernel.name}(const Index3 blockIdx, {places}, "
    text = kernel.text.replace(f'extern "C" __global__ void {kernel.name}(', function)
    names = ", ".join(a.name for a in kernel.arguments)
    launcher = _LANE_LAUNCHER if kernel.by_lanes else _LAUNCHER
    return text + launcher.format(name=kernel.name, declaration=kernel.declaration.strip(), arguments=names)


class CompiledOperations(KernelOperations):
    """Launches on CPU cores through OpenMP."""

    name = "compiled"
    host_states = 7
    sides = Sides(grid=(50, 154), mesh=(32, 100), triad=280)
    reduction_threads = 256
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
        seen: set[str] = set()
        kernels = [read_kernel(name, self.header, seen) for name in names]
        text = _CPU_PRELUDE + self.prelude + "".join(cpu_source(kernel) for kernel in kernels)
        self._library = ctypes.CDLL(str(build(text)))
        self._launchers = {k.name: self._prepare(k) for k in kernels}
        self.device = f"CPU, {threads()} threads"

    def _prepare(self, kernel: Kernel) -> Any:
        launcher = getattr(self._library, f"launch_{kernel.name}")
        launcher.restype = None
        scalar = {name: np.ctypeslib.as_ctypes_type(kind) for name, kind in self.types.items()}
        kinds = [ctypes.c_void_p if a.array else scalar[a.type] for a in kernel.arguments]
        launcher.argtypes = [ctypes.c_longlong] + [ctypes.c_int] * 4 + kinds
        return launcher

    def wait(self) -> None:
        """A launch comes back when it is done."""

    def upload(self, values: np.ndarray) -> np.ndarray:
        """A copy."""
        return np.array(values, order="C")

    def download(self, values: np.ndarray) -> np.ndarray:
        """The array itself."""
        return values

    def zeros(self, size: int) -> np.ndarray:
        """Zeros of the run's precision."""
        return np.zeros(size, dtype=self.real)

    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        """Loop over the extent, block by block."""
        nx, ny, nz = (*extent, 1, 1)[:3]
        parallel = self.threads > 1 and (work or nx * ny * nz) > self.serial_below
        plain = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in args]
        self._launchers[name](nx, ny, nz, block or BLOCK, parallel, *plain)


def threads() -> int:
    """Threads that OpenMP will use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else len(os.sched_getaffinity(0))
