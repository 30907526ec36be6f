"""Calcium reaction–diffusion in the presynaptic terminal, on GPUs and on anything else.

import rdcalcium as rc

model = rc.load("keller2015").with_buffer(rc.buffer("EGTA", total="1 mM"))
result = rc.run(model, out="runs/egta")
result.probes["sensor 1"].calcium
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# In the order of the data flow; each is imported when first asked for, so that `import rdcalcium` is quick.
_PUBLIC = {
    "RdcalciumError": "rdcalcium.errors",
    "load": "rdcalcium.library",
    "buffer": "rdcalcium.library",
    "channels": "rdcalcium.library",
    "sensor": "rdcalcium.library",
    "Model": "rdcalcium.model",
    "ModelError": "rdcalcium.errors",
    "discretize": "rdcalcium.discretization.build",
    "build_system": "rdcalcium.system",
    "open_backend": "rdcalcium.backends",
    "Simulation": "rdcalcium.simulation",
    "run": "rdcalcium.runner",
    "resume": "rdcalcium.runner",
    "Result": "rdcalcium.results",
}
__all__ = [
    "Model",
    "ModelError",
    "RdcalciumError",
    "Result",
    "Simulation",
    "buffer",
    "build_system",
    "channels",
    "discretize",
    "load",
    "open_backend",
    "resume",
    "run",
    "sensor",
]

if TYPE_CHECKING:
    from rdcalcium.backends import open_backend
    from rdcalcium.discretization.build import discretize
    from rdcalcium.errors import ModelError, RdcalciumError
    from rdcalcium.library import buffer, channels, load, sensor
    from rdcalcium.model import Model
    from rdcalcium.results import Result
    from rdcalcium.runner import resume, run
    from rdcalcium.simulation import Simulation
    from rdcalcium.system import build_system


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'rdcalcium' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__version__"])
