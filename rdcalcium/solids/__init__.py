"""Bodies in space, from which terminals and what stands in them are put together."""

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Corners, Place, Solid
from rdcalcium.solids.block import Block
from rdcalcium.solids.capsule import Capsule
from rdcalcium.solids.combined import Common, Joined, Without, picked
from rdcalcium.solids.data import from_data, to_data
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.measure import volume_and_area
from rdcalcium.solids.meeting import share_space
from rdcalcium.solids.nearby import nearby
from rdcalcium.solids.nearest import (
    frame,
    nearest_on_piece,
    nearest_on_surface,
    normals,
    onto_surface,
    slopes,
    surface_points,
    tangents,
)
from rdcalcium.solids.pieces import Outside, only_name, pieces
from rdcalcium.solids.segments import met, ways_to
from rdcalcium.solids.surface import Surface
from rdcalcium.solids.thickness import thickness
from rdcalcium.solids.turned import Turned, mirrored, turn_of

__all__ = [
    "Ball",
    "Block",
    "Capsule",
    "Common",
    "Corners",
    "Frustum",
    "Joined",
    "Outside",
    "Place",
    "Solid",
    "Surface",
    "Turned",
    "Without",
    "frame",
    "from_data",
    "met",
    "mirrored",
    "nearby",
    "nearest_on_piece",
    "nearest_on_surface",
    "normals",
    "only_name",
    "onto_surface",
    "picked",
    "pieces",
    "share_space",
    "slopes",
    "surface_points",
    "tangents",
    "thickness",
    "to_data",
    "turn_of",
    "volume_and_area",
    "ways_to",
]
