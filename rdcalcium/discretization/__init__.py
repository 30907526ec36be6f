"""Control volumes, conductances and areas: one form for meshes and grids."""

from rdcalcium.discretization.base import CellComplex, Discretization, Layout, Locator, PointWeights, SurfaceArea

__all__ = ["CellComplex", "Discretization", "Layout", "Locator", "PointWeights", "SurfaceArea"]
