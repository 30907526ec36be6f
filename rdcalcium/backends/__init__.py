"""Where the arithmetic happens: the contract, the NumPy specification, and the kernels on CPU cores and GPUs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rdcalcium.backends.base import BackendError, Operations
from rdcalcium.machine import cores
from rdcalcium.units import counted

if TYPE_CHECKING:
    from rdcalcium.system import System

__all__ = [
    "BACKENDS",
    "BackendError",
    "Operations",
    "backend_class",
    "choose",
    "describe",
    "open_backend",
    "require_cores",
]

# All there are, in the order in which "auto" tries them: name -> its class, imported when first asked for.
BACKENDS = {
    "cuda": "rdcalcium.backends.cupy:CupyOperations",
    "compiled": "rdcalcium.backends.compiled:CompiledOperations",
    "numpy": "rdcalcium.backends.numpy:NumpyOperations",
}


def backend_class(name: str) -> type[Operations]:
    """The class of a backend, whether it can run here or not; an unknown name is a BackendError."""
    if name not in BACKENDS:
        raise BackendError(f"unknown backend {name!r}; available: auto, {', '.join(BACKENDS)}")
    module, _, kind = BACKENDS[name].partition(":")
    found: type[Operations] = getattr(import_module(module), kind)
    return found


def choose(name: str = "auto", device: int | None = None, threads: int | None = None) -> tuple[str, str]:
    """Name of the backend to use, and why: for "auto" the first that can run here, else the one that is named.

    A named backend that cannot run is a BackendError, and so are a device and threads that are not there.

    device   number of a GPU; if one is asked for, "auto" is the backend that has them
    threads  on the CPU; if a number is asked for, "auto" is the first backend that can use so many
    """
    if threads is not None:
        require_cores(threads)
    chosen, reason = _choose(name, threads) if device is None else _choose_device(name, device)
    if not _uses(chosen, threads):
        able = " or ".join(n for n in BACKENDS if _uses(n, threads))
        raise BackendError(
            f"threads = {threads} was asked for, and the {chosen} backend cannot be told how many; "
            f"use the {able} backend, or ask for no number",
            *("threads", "backend"),
        )
    return chosen, reason


def _choose(name: str, threads: int | None = None) -> tuple[str, str]:
    if name != "auto":
        reason = backend_class(name).missing()
        if reason:
            others = " or ".join(list(BACKENDS)[list(BACKENDS).index(name) + 1 :])
            raise BackendError(f"the {name} backend cannot run: {reason}; use the {others} backend", "backend")
        return name, "as asked"
    reasons: list[str] = []
    for candidate in BACKENDS:
        reason = backend_class(candidate).missing()
        if reason is None and not _uses(candidate, threads):
            reason = f"the {candidate} backend cannot be told how many threads"
        if reason is None:
            return candidate, "; ".join([*reasons, backend_class(candidate).found()])
        reasons.append(reason)
    raise BackendError(f"no backend can run here: {'; '.join(reasons)}")


def _choose_device(name: str, device: int) -> tuple[str, str]:
    with_devices = next(n for n in BACKENDS if backend_class(n).on_gpu)
    chosen, reason = _choose(with_devices if name == "auto" else name)
    names = backend_class(chosen).devices()
    if not names:
        raise BackendError(
            f"device {device} was asked for, and the {chosen} backend has none to choose from; "
            f"use the {with_devices} backend, or ask for no device",
            "backend",
        )
    if not 0 <= device < len(names):
        raise BackendError(f"there is no device {device}; available: {_numbered(names)}", "device")
    return chosen, reason


def _uses(name: str, threads: int | None) -> bool:
    """Whether a backend can use so many threads."""
    return threads is None or threads in backend_class(name).thread_counts(threads)


def require_cores(threads: int) -> int:
    """So many threads; more than this process has cores, or none, are a BackendError."""
    if not 1 <= threads <= cores():
        had = f"this process may use {counted(cores(), 'core')}"
        raise BackendError(f"threads = {threads} was asked for, and {had}; ask for 1 to {cores()}", "threads")
    return threads


def _numbered(names: tuple[str, ...]) -> str:
    """Such as "0 (NVIDIA H200), 1 (NVIDIA H200)"."""
    return ", ".join(f"{number} ({name})" for number, name in enumerate(names))


def describe() -> list[str]:
    """A line about each backend: its devices by number, or what speaks for it, or why it cannot run here."""
    lines = []
    for name in BACKENDS:
        kind = backend_class(name)
        reason = kind.missing()
        found = f"cannot run: {reason}" if reason else _numbered(kind.devices()) or kind.found()
        lines.append(f"{name:{max(map(len, BACKENDS))}}  {found}")
    return lines


def open_backend(
    name: str, system: System, precision: str = "float64", device: int | None = None, threads: int | None = None
) -> Operations:
    """Operations of the named backend ("auto" chooses) on a system; precision is "float64" or "float32".

    device   number of a GPU; none: the first one
    threads  on the CPU; none: as OMP_NUM_THREADS says, else one for each core that this process may use
    """
    chosen, _ = choose(name, device, threads)
    operations = backend_class(chosen)(system, precision, device or 0)
    operations.threads = threads or operations.threads
    return operations
