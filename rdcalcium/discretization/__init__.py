"""Control volumes, conductances and areas: one form for meshes and grids."""

from rdcalcium.discretization.base import CellComplex, Discretization, Locator, PointWeights, SurfaceArea

__all__ = ["CellComplex", "Discretization", "Locator", "PointWeights", "SurfaceArea"]
