"""Control volumes, conductances and areas: one form for meshes and grids."""

from rdcalcium.discretization.base import (
    CellComplex,
    Discretization,
    Layout,
    Locator,
    MembraneSites,
    PointWeights,
    SurfaceArea,
)
from rdcalcium.discretization.multigrid import Level
from rdcalcium.discretization.quality import GridQuality, MeshQuality, Quality

__all__ = [
    "CellComplex",
    "Discretization",
    "GridQuality",
    "Layout",
    "Level",
    "Locator",
    "MembraneSites",
    "MeshQuality",
    "PointWeights",
    "Quality",
    "SurfaceArea",
]
