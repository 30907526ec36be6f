"""The kernels of the GPU compiled for the cores of the CPU by the system's C++ compiler."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from rdcalcium.backends.base import BackendError
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.sources import Kernel, prelude, read_kernel
from rdcalcium.system import System

FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fopenmp",
    "-shared",
    "-fPIC",
)
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


def find_compiler() -> str | None:
    """Path of the C++ compiler: $CXX if set, else g++, clang++ or c++; None if there is none."""
    for name in filter(None, (os.environ.get("CXX"), "g++", "clang++", "c++")):
        path = shutil.which(name)
        if path:
            return path
    return None


def cpu_source(kernel: Kernel) -> str:
    """The text of a kernel as C++: the thread's place becomes arguments, and a launcher loops over all threads."""
    function = f"RDC_DEVICE void {kernel.name}(const Index3 blockIdx, const Index3 threadIdx, const Index3 blockDim, "
    text = kernel.text.replace(f'extern "C" __global__ void {kernel.name}(', function)
    names = ", ".join(a.name for a in kernel.arguments)
    return text + _LAUNCHER.format(name=kernel.name, declaration=kernel.declaration.strip(), arguments=names)


def build(source: str, flags: tuple[str, ...] = FLAGS) -> Path:
    """A shared library of this source, from the cache if it was built before by this compiler for this CPU."""
    compiler = find_compiler()
    if compiler is None:
        raise BackendError(
            "the compiled backend needs a C++ compiler and none was found; "
            "install g++ (Debian: apt install g++), set CXX, or use --backend numpy"
        )
    key = hashlib.sha256("\0".join([source, *flags, _compiler_version(compiler), _cpu()]).encode()).hexdigest()[:32]
    folder = _cache_folder()
    library = folder / f"{key}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            text, made = Path(scratch) / "kernels.cpp", Path(scratch) / "kernels.so"
            text.write_text(source, encoding="utf-8")
            done = subprocess.run([compiler, *flags, str(text), "-o", str(made)], capture_output=True, text=True)
            if done.returncode:
                raise BackendError(
                    f"{compiler} could not compile the kernels:\n{done.stderr[:2000]}\n"
                    "set CXX to another compiler, or use --backend numpy"
                )
            made.replace(library)
    return library


@cache
def _compiler_version(compiler: str) -> str:
    return subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout


@cache
def _cpu() -> str:
    """Model and instruction sets of the CPU, since the code is made for it alone."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    return "\n".join(sorted(set(re.findall(r"^(?:model name|flags)\s*:.*$", text, re.MULTILINE))))


def _cache_folder() -> Path:
    """The user's cache, readable by nobody else; a folder of this process where it cannot be written."""
    root = os.environ.get("RDCALCIUM_CACHE") or platformdirs.user_cache_dir("rdcalcium")
    folder = Path(root) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _scratch_folder()


@cache
def _scratch_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="rdcalcium-"))


class CompiledOperations(KernelOperations):
    """Launches on CPU cores through OpenMP."""

    name = "compiled"
    reduction_threads = 256
    serial_below: float = SERIAL_BELOW

    def load(self, names: tuple[str, ...]) -> None:
        """Compile all kernels of a model into one library."""
        # Idle cores shall sleep, not spin, between the loops; read by the runtime when it is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        index = "int" if self.index == np.int32 else "long long"
        self._types = {
            "real_t": ctypes.c_double if self.precision == "float64" else ctypes.c_float,
            "index_t": ctypes.c_int if index == "int" else ctypes.c_longlong,
            "offset_t": ctypes.c_longlong,
        }
        seen: set[str] = set()
        text = _CPU_PRELUDE + prelude(self.precision, index)
        kernels = []
        for name in names:
            kernel = read_kernel(name, self.header, seen)
            kernels.append(kernel)
            text += cpu_source(kernel)
        self._library = ctypes.CDLL(str(build(text)))
        self._launchers = {k.name: self._prepare(k) for k in kernels}
        self.device = f"CPU, {threads()} threads"

    def _prepare(self, kernel: Kernel) -> Any:
        launcher = getattr(self._library, f"launch_{kernel.name}")
        launcher.restype = None
        kinds = [ctypes.c_void_p if a.array else self._types[a.type] for a in kernel.arguments]
        launcher.argtypes = [ctypes.c_longlong] + [ctypes.c_int] * 4 + kinds
        return launcher

    def upload(self, values: np.ndarray) -> np.ndarray:
        """A copy."""
        return np.array(values, order="C")

    def download(self, values: np.ndarray) -> np.ndarray:
        """The array itself."""
        return values

    def zeros(self, size: int) -> np.ndarray:
        """Zeros of the run's precision."""
        return np.zeros(size, dtype=self.real)

    def launch(self, name: str, extent: tuple[int, ...], *args: Any) -> None:
        """Loop over the extent; a reduction is one thread a block, a row of a mesh one lane of a slice."""
        nx, ny, nz = (*extent, 1, 1)[:3]
        reduces = name in ("error_norm", "weighted_sum")
        width = 1 if reduces else 32 if name.endswith("_mesh") else 1024
        work = nx * ny * nz * len(self.system.fields)
        parallel = (self.system.shape[1] if reduces else work) > self.serial_below
        plain = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in args]
        self._launchers[name](nx, ny, nz, width, parallel, *plain)


def threads() -> int:
    """Threads that OpenMP will use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(asked) if asked.isdigit() and int(asked) > 0 else len(os.sched_getaffinity(0))


def make(system: System, precision: str = "float64") -> CompiledOperations:
    """Operations on CPU cores."""
    return CompiledOperations(system, precision)
