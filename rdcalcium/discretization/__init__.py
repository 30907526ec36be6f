"""Control volumes, conductances and areas: one form for meshes and grids."""

from rdcalcium.discretization.base import CellComplex, Discretization, Layout, Locator, PointWeights, SurfaceArea
from rdcalcium.discretization.multigrid import Level

__all__ = ["CellComplex", "Discretization", "Layout", "Level", "Locator", "PointWeights", "SurfaceArea"]
