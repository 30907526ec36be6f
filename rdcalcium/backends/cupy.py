"""The kernels on an NVIDIA GPU, through CuPy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from rdcalcium.backends.base import BackendError, Sides
from rdcalcium.backends.kernels import KernelOperations
from rdcalcium.backends.march import AheadMarcher
from rdcalcium.backends.on_device import on_its_device
from rdcalcium.backends.program import MARCH, Marcher, Program, Status
from rdcalcium.backends.sources import Argument, Kernel
from rdcalcium.system import System

BLOCK = 128  # threads a block
MAX_BLOCKS = (2**31 - 1, 65535, 65535)  # of a launch along x, y, z, on every CUDA device
NO_DEVICE, NO_DEVICE_STATUS = "no NVIDIA GPU or driver was found", 100  # cudaErrorNoDevice
DRIVER = "libcuda.so.1"
OPTIONS = ("--std=c++17",)  # CuPy adds -ftz=true and the architecture


def missing() -> str | None:
    """Why no CUDA device can be used, or None if one can."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return NO_DEVICE  # told without CuPy, whose import takes long
    try:
        import cupy
    except ImportError:
        return "CuPy is not installed (pip install 'rdcalcium[cuda12]' or 'rdcalcium[cuda13]')"
    runtime = cupy.cuda.runtime
    try:
        return None if runtime.getDeviceCount() else NO_DEVICE
    except runtime.CUDARuntimeError as error:
        if error.status == NO_DEVICE_STATUS or not runtime.driverGetVersion():
            return NO_DEVICE
        return f"the NVIDIA GPU or its driver does not answer ({error})"


def device_names() -> tuple[str, ...]:
    """Every CUDA device, in the order of its numbers."""
    from cupy.cuda import runtime

    return tuple(runtime.getDeviceProperties(i)["name"].decode() for i in range(runtime.getDeviceCount()))


def cuda_source(kernels: list[Kernel], prelude: str) -> str:
    """The text that NVRTC compiles with OPTIONS: number types, headers and kernels."""
    return prelude + "".join(kernel.text for kernel in kernels)


def blocks(extent: tuple[int, ...]) -> tuple[int, int, int]:
    """Blocks of a launch along x, y, z: BLOCK threads along x, and y and z one by one."""
    nx, ny, nz = (*extent, 1, 1)[:3]
    count = (-(-nx // BLOCK), ny, nz)
    for axis, have, most in zip("xyz", count, MAX_BLOCKS, strict=True):
        if have > most:
            raise BackendError(
                f"a CUDA launch has at most {most} blocks along {axis} and this grid needs {have}; "
                "turn its longest side along x, or use the compiled backend",
                "backend",
            )
    return count


@on_its_device
class CupyOperations(KernelOperations):
    """Launches on one CUDA device; that of the caller stays the current one of the thread."""

    name = "cuda"
    on_gpu = True
    sends_ahead = True
    host_states = 2
    sides = Sides(grid=(50, 254), mesh=(40, 160), triad=500)
    reduction_threads = 1 << 14
    mask = np.dtype(np.uint8)

    @classmethod
    def missing(cls) -> str | None:
        """Why no CUDA device can be used."""
        return missing()

    @classmethod
    def found(cls) -> str:
        """A device."""
        return "a CUDA device answers"

    @classmethod
    def software(cls) -> dict[str, str]:
        """CuPy and its version, whichever CUDA it is made for."""
        found = {}
        for name in ("cupy-cuda12x", "cupy-cuda13x"):
            with suppress(PackageNotFoundError):
                found[name] = version(name)
        return found

    @classmethod
    def memory_available(cls, number: int) -> int:
        """What that device has free, and what CuPy holds in reserve of it."""
        import cupy

        with cupy.cuda.Device(number):
            free, _ = cupy.cuda.runtime.memGetInfo()
            return int(free) + int(cupy.get_default_memory_pool().free_bytes())

    @classmethod
    def thread_counts(cls, most: int | None = None) -> tuple[int, ...]:
        """A device has its own."""
        return (0,)

    @classmethod
    def devices(cls) -> tuple[str, ...]:
        """The CUDA devices."""
        return device_names()

    def __init__(self, system: System, precision: str = "float64", number: int = 0):
        import cupy

        self.cupy, self.number = cupy, number
        names = self.devices()
        self.device = names[number] + (f", device {number}" if len(names) > 1 else "")
        with self.on_device():
            self._copies = cupy.cuda.Stream(non_blocking=True)  # to the host
            super().__init__(system, precision, number)

    def on_device(self) -> AbstractContextManager[Any]:
        """While it is entered, allocations, copies and launches of this thread are those of its device."""
        found: AbstractContextManager[Any] = self.cupy.cuda.Device(self.number)
        return found

    def load(self, kernels: list[Kernel]) -> dict[str, Any]:
        """One module, compiled with NVRTC; CuPy keeps the binary. Each kernel with the types of its numbers."""
        module = self.cupy.RawModule(code=cuda_source(kernels, self.prelude), options=OPTIONS)
        return {k.name: (module.get_function(k.name), [self._scalar(a) for a in k.arguments]) for k in kernels}

    def _scalar(self, argument: Argument) -> Any:
        """What makes a number of its type; none for an array."""
        return None if argument.array else self.types[argument.type].type

    def upload(self, values: np.ndarray) -> Any:
        """Copy to the device."""
        return self.cupy.asarray(np.ascontiguousarray(values))

    def download(self, values: Any) -> np.ndarray:
        """Copy from the device."""
        return self.cupy.asnumpy(values)

    def send(self, state: Any) -> Callable[[], np.ndarray]:
        """A copy on the device, and from there on a stream of its own into memory that does not move."""
        cuda, kept = self.cupy.cuda, state.copy()
        try:
            room = cuda.alloc_pinned_memory(kept.nbytes)
        except cuda.runtime.CUDARuntimeError:  # the system has no more of it to give
            return super().send(state)
        arrived = cuda.Event(disable_timing=True)
        self._copies.wait_event(cuda.get_current_stream().record())
        kept.data.copy_to_host_async(room.ptr, kept.nbytes, self._copies)
        arrived.record(self._copies)

        def received() -> np.ndarray:
            arrived.synchronize()
            return np.frombuffer(room, kept.dtype, kept.size).reshape(kept.shape).astype(np.float64)

        return received

    def address(self, values: Any) -> int:
        """Of device memory."""
        return int(values.data.ptr)

    def zeros(self, size: int) -> Any:
        """Zeros of the run's precision."""
        return self.cupy.zeros(size, dtype=self.real)

    def with_behind(self, state: Any, count: int) -> Any:
        """From where the state begins."""
        return self.cupy.ndarray((state.size + count,), state.dtype, memptr=state.data)

    def marcher(self, program: Program) -> Marcher:
        """CUDA graphs, launched ahead."""
        return CupyMarcher(self, program)

    def wait(self) -> None:
        """Until the device is idle."""
        self.cupy.cuda.get_current_stream().synchronize()

    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        """Numbers get the C type that the kernel declares; an empty extent launches nothing."""
        grid = blocks(extent)
        if min(grid) == 0:
            return
        kernel, scalars = self._kernels.get(name) or self.kernel(name)
        typed = [a if s is None else s(a) for a, s in zip(args, scalars, strict=True)]
        kernel(grid, (BLOCK, 1, 1), tuple(typed))


@on_its_device
class CupyMarcher(AheadMarcher):
    """Each round is one CUDA graph, captured when a round of its number of stages is first wanted."""

    do: CupyOperations

    def __init__(self, do: CupyOperations, program: Program):
        cuda = do.cupy.cuda
        self._graphs: dict[int, Any] = {}
        with do.on_device():
            super().__init__(do, program)
            self._stream, self._recorder = (cuda.Stream(non_blocking=True) for _ in range(2))
            self._memory = [cuda.alloc_pinned_memory(8 * len(MARCH)) for _ in range(2)]
            self._arrived = [cuda.Event(disable_timing=True) for _ in range(2)]

    def on_device(self) -> AbstractContextManager[Any]:
        """That of its operations."""
        return self.do.on_device()

    def drive(self, rounds: int) -> None:
        """On a stream that waits for what the caller has asked for, and is waited for by what comes next."""
        now = self.do.cupy.cuda.get_current_stream()
        self._stream.wait_event(now.record())
        super().drive(rounds)
        now.wait_event(self._stream.record())

    def round(self, stages: int) -> None:
        """Launch the graph."""
        if stages not in self._graphs:
            self._graphs[stages] = self._captured(stages)
        self._graphs[stages].launch(self._stream)

    def _captured(self, stages: int) -> Any:
        """The launches of a round as a graph.

        Before that one stage of it is launched, while the status tells every kernel to do nothing: the driver may load
        a kernel only when it is first launched, and loading is not allowed while launches are captured. They are
        captured from a stream of their own, for what another thread asks of the default one would end it.
        """
        with self._stream:
            kept = self.march.copy()
            self.march.fill(float(Status.DUE))
            self._launch(1)
            self.march[:] = kept
            self._stream.synchronize()
        with self._recorder as recorder:
            recorder.begin_capture()
            try:
                self._launch(stages)
            except BaseException:
                with suppress(self.do.cupy.cuda.runtime.CUDARuntimeError):
                    recorder.end_capture()  # else every later call on it would fail
                raise
            return recorder.end_capture()

    def _launch(self, stages: int) -> None:
        self.plan()
        self.step(stages)

    def send(self, slot: int) -> None:
        """Into memory that does not move, behind the rounds on their stream."""
        self.march.data.copy_to_host_async(self._memory[slot].ptr, self.march.nbytes, self._stream)
        self._arrived[slot].record(self._stream)

    def receive(self, slot: int) -> np.ndarray:
        """Wait for the copy."""
        self._arrived[slot].synchronize()
        return np.frombuffer(self._memory[slot], dtype=np.float64, count=len(MARCH))
