"""Where the arithmetic happens: the contract, the NumPy specification, and the kernels on CPU cores and GPUs."""

from __future__ import annotations

from importlib import import_module

from rdcalcium.backends.base import BackendError, Operations
from rdcalcium.system import System

__all__ = ["BACKENDS", "BackendError", "Operations", "choose", "open_backend"]

# name -> module, imported when first used
BACKENDS = {
    "cuda": "rdcalcium.backends.cupy",
    "compiled": "rdcalcium.backends.compiled",
    "numpy": "rdcalcium.backends.numpy",
}


def choose(name: str = "auto") -> tuple[str, str]:
    """Name of the backend to use, and why: CUDA if a device answers, else compiled, else NumPy."""
    if name != "auto":
        if name not in BACKENDS:
            raise BackendError(f"unknown backend {name!r}; available: auto, {', '.join(BACKENDS)}")
        return name, "as asked"
    from rdcalcium.backends import compiled, cupy

    no_cuda = cupy.missing()
    if no_cuda is None:
        return "cuda", "a CUDA device answers"
    compiler = compiled.find_compiler()
    if compiler:
        return "compiled", f"{no_cuda}; the C++ compiler is {compiler}"
    return (
        "numpy",
        f"{no_cuda}; no C++ compiler was found, and the compiled backend would be about ten times faster",
    )


def open_backend(name: str, system: System, precision: str = "float64") -> Operations:
    """Operations of the named backend ("auto" chooses) on a system."""
    chosen, _ = choose(name)
    return import_module(BACKENDS[chosen]).make(system, precision)
