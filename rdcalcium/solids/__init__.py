"""Bodies in space, from which terminals and what stands in them are put together."""

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Corners, Place, Solid
from rdcalcium.solids.block import Block
from rdcalcium.solids.combined import Common, Joined, Without
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.nearby import nearby
from rdcalcium.solids.nearest import nearest_on_surface, onto_surface, slopes, surface_points

__all__ = [
    "Ball",
    "Block",
    "Common",
    "Corners",
    "Frustum",
    "Joined",
    "Place",
    "Solid",
    "Without",
    "nearby",
    "nearest_on_surface",
    "onto_surface",
    "slopes",
    "surface_points",
]
