"""The kernels on an NVIDIA GPU, through CuPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from rdcalcium.backends.base import BackendError
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.sources import Kernel, prelude, read_kernel
from rdcalcium.system import System

BLOCK = 128  # threads a block
MAX_BLOCKS = (2**31 - 1, 65535, 65535)  # of a launch along x, y, z, on every CUDA device
OPTIONS = ("--std=c++17",)  # CuPy adds -ftz=true and the architecture


def missing() -> str | None:
    """Why no CUDA device can be used, or None if one can."""
    try:
        import cupy
    except ImportError:
        return "CuPy is not installed (pip install 'rdcalcium[cuda12]' or 'rdcalcium[cuda13]')"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"no CUDA device answers ({error})"
    return None if count else "no CUDA device was found"


def cuda_source(name: str, header: str, precision: str, index: str) -> tuple[Kernel, str]:
    """A kernel, and the text that NVRTC compiles with OPTIONS: number types, headers and the kernel."""
    kernel = read_kernel(name, header)
    return kernel, prelude(precision, index) + kernel.text


def blocks(extent: tuple[int, ...]) -> tuple[int, int, int]:
    """Blocks of a launch along x, y, z: BLOCK threads along x, and y and z one by one."""
    nx, ny, nz = (*extent, 1, 1)[:3]
    count = (-(-nx // BLOCK), ny, nz)
    for axis, have, most in zip("xyz", count, MAX_BLOCKS, strict=True):
        if have > most:
            raise BackendError(
                f"a CUDA launch has at most {most} blocks along {axis} and this grid needs {have}; "
                "turn its longest side along x, or use --backend compiled"
            )
    return count


class CupyOperations(KernelOperations):
    """Launches on the current CUDA device."""

    name = "cuda"
    reduction_threads = 1 << 14

    def __init__(self, system: System, precision: str = "float64"):
        reason = missing()
        if reason:
            raise BackendError(f"the cuda backend cannot run: {reason}; use --backend compiled or numpy")
        import cupy

        self.cupy = cupy
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
        self.device = properties["name"].decode()
        super().__init__(system, precision)

    def load(self, names: tuple[str, ...]) -> None:
        """Compile with NVRTC; CuPy keeps the binaries."""
        index = "int" if self.index == np.int32 else "long long"
        self._types = {
            "real_t": self.real.type,
            "index_t": self.index.type,
            "offset_t": np.int64,
        }
        self._kernels = {}
        for name in names:
            kernel, text = cuda_source(name, self.header, self.precision, index)
            module = self.cupy.RawModule(code=text, options=OPTIONS)
            scalars = [None if a.array else self._types[a.type] for a in kernel.arguments]
            self._kernels[name] = (module.get_function(name), scalars)

    def upload(self, values: np.ndarray) -> Any:
        """Copy to the device."""
        return self.cupy.asarray(np.ascontiguousarray(values))

    def download(self, values: Any) -> np.ndarray:
        """Copy from the device."""
        return self.cupy.asnumpy(values)

    def zeros(self, size: int) -> Any:
        """Zeros of the run's precision."""
        return self.cupy.zeros(size, dtype=self.real)

    def launch(self, name: str, extent: tuple[int, ...], *args: Any) -> None:
        """Numbers get the C type that the kernel declares; an empty extent launches nothing."""
        grid = blocks(extent)
        if min(grid) == 0:
            return
        kernel, scalars = self._kernels[name]
        typed = [a if s is None else s(a) for a, s in zip(args, scalars, strict=True)]
        kernel(grid, (BLOCK, 1, 1), tuple(typed))


def make(system: System, precision: str = "float64") -> CupyOperations:
    """Operations on the current CUDA device."""
    return CupyOperations(system, precision)
