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

# The public names in the order of the data flow, and the home of each, which is imported when the name is first asked
# for, so that `import rdcalcium` is quick.
_HOMES = {
    "RdcalciumError": "rdcalcium.errors",
    "ModelError": "rdcalcium.errors",
    "ModelWarning": "rdcalcium.errors",
    "load": "rdcalcium.library",
    "buffer": "rdcalcium.library",
    "channels": "rdcalcium.library",
    "pump": "rdcalcium.library",
    "transport": "rdcalcium.library",
    "sensor": "rdcalcium.library",
    "Model": "rdcalcium.model",
    "placed": "rdcalcium.placement",
    "distances": "rdcalcium.placement",
    "release": "rdcalcium.vesicles.trace",
    "fusions": "rdcalcium.vesicles.trace",
    "mesh": "rdcalcium.geometry.builders",
    "read_mesh": "rdcalcium.geometry.files",
    "write_mesh": "rdcalcium.geometry.files",
    "discretize": "rdcalcium.discretization.build",
    "build_system": "rdcalcium.system",
    "open_backend": "rdcalcium.backends",
    "Simulation": "rdcalcium.simulation",
    "check": "rdcalcium.advice",
    "steady": "rdcalcium.steady_state",
    "SteadyState": "rdcalcium.steady_state",
    "estimate_error": "rdcalcium.fineness",
    "run": "rdcalcium.runner",
    "resume": "rdcalcium.runner",
    "Result": "rdcalcium.results",
    "convergence": "rdcalcium.results.convergence",
}
__all__ = sorted(_HOMES)

if TYPE_CHECKING:  # the same, for editors and type checkers; a test compares the two
    from rdcalcium.advice import check as check
    from rdcalcium.backends import open_backend as open_backend
    from rdcalcium.discretization.build import discretize as discretize
    from rdcalcium.errors import ModelError as ModelError
    from rdcalcium.errors import ModelWarning as ModelWarning
    from rdcalcium.errors import RdcalciumError as RdcalciumError
    from rdcalcium.fineness import estimate_error as estimate_error
    from rdcalcium.geometry.builders import mesh as mesh
    from rdcalcium.geometry.files import read_mesh as read_mesh
    from rdcalcium.geometry.files import write_mesh as write_mesh
    from rdcalcium.library import buffer as buffer
    from rdcalcium.library import channels as channels
    from rdcalcium.library import load as load
    from rdcalcium.library import pump as pump
    from rdcalcium.library import sensor as sensor
    from rdcalcium.library import transport as transport
    from rdcalcium.model import Model as Model
    from rdcalcium.placement import distances as distances
    from rdcalcium.placement import placed as placed
    from rdcalcium.results import Result as Result
    from rdcalcium.results.convergence import convergence as convergence
    from rdcalcium.runner import resume as resume
    from rdcalcium.runner import run as run
    from rdcalcium.simulation import Simulation as Simulation
    from rdcalcium.steady_state import SteadyState as SteadyState
    from rdcalcium.steady_state import steady as steady
    from rdcalcium.system import build_system as build_system
    from rdcalcium.vesicles.trace import fusions as fusions
    from rdcalcium.vesicles.trace import release as release


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rdcalcium' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__version__"])
