"""Closed surfaces of triangles, as reconstructions from electron micrographs and drawing programs give them."""

from rdcalcium.surfaces.closed import ClosedSurface, Wish, closed_surface
from rdcalcium.surfaces.triangles import Triangles

__all__ = ["ClosedSurface", "Triangles", "Wish", "closed_surface"]
