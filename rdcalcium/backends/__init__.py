"""Where the arithmetic happens: the contract, the NumPy specification, and the kernels on CPU cores and GPUs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rdcalcium.backends.base import BackendError, Operations

if TYPE_CHECKING:
    from rdcalcium.system import System

__all__ = ["BACKENDS", "BackendError", "Operations", "backend_class", "choose", "open_backend"]

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


def choose(name: str = "auto") -> tuple[str, str]:
    """Name of the backend to use, and why: for "auto" the first that can run here, else the one that is named.

    A named backend that cannot run is a BackendError.
    """
    if name != "auto":
        reason = backend_class(name).missing()
        if reason:
            others = " or ".join(list(BACKENDS)[list(BACKENDS).index(name) + 1 :])
            raise BackendError(f"the {name} backend cannot run: {reason}; use the {others} backend", "backend")
        return name, "as asked"
    reasons: list[str] = []
    for candidate in BACKENDS:
        reason = backend_class(candidate).missing()
        if reason is None:
            return candidate, "; ".join([*reasons, backend_class(candidate).found()])
        reasons.append(reason)
    raise BackendError(f"no backend can run here: {'; '.join(reasons)}")


def open_backend(name: str, system: System, precision: str = "float64") -> Operations:
    """Operations of the named backend ("auto" chooses) on a system; precision is "float64" or "float32"."""
    chosen, _ = choose(name)
    return backend_class(chosen)(system, precision)
