"""Where the numbers come from: machine, mesh, and what stands in the terminal."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.discretization import Discretization
from rdcalcium.model import Box, Model


def machine(operations: Operations, reason: str) -> dict[str, Any]:
    """What a run ran on, and with."""
    return {
        "backend": operations.name,
        "backend chosen because": reason,
        "device": operations.device,
        "processor": processor(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


def processor() -> str:
    """The model of the CPU, as far as the system tells."""
    try:
        match = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        match = None
    return match[1] if match else platform.processor()


def describe(d: Discretization) -> dict[str, Any]:
    """Sizes and quality of the control volumes."""
    return {
        "kind": d.kind,
        "control volumes": int(np.count_nonzero(d.volumes)),
        "volume (um^3)": d.total_volume,
        "surfaces (um^2)": {name: float(s.areas.sum()) for name, s in d.surfaces.items()},
        **{name: float(value) for name, value in d.report.items()},
    }


def scene(model: Model, discretization: Discretization) -> dict[str, Any]:
    """What a picture of the run shows besides calcium: the box, vesicles, channels, sensors and probes (µm)."""
    box = model.geometry
    if isinstance(box, Box):
        lower, upper, spheres = box.lower, box.upper, box.obstacles
    else:
        lower, upper = (
            discretization.centres.min(axis=0).tolist(),
            discretization.centres.max(axis=0).tolist(),
        )
        spheres = ()
    return {
        "box": {"min": list(lower), "max": list(upper)},
        "symmetry": list(box.symmetry) if isinstance(box, Box) else [],
        "spheres": [{"name": s.name, "centre": list(s.centre), "radius": s.radius} for s in spheres],
        "channels": [{"name": g.name, "position": list(p)} for g in model.channels for p in g.points],
        "sensors": [
            {"name": label, "position": list(p)}
            for s in model.sensors
            for label, p in zip(s.labels(), s.positions, strict=True)
        ],
        "probes": [{"name": p.name, "position": list(p.position)} for p in model.probes],
    }
