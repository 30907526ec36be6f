"""A body as what several others have in common, of which each has a surface of one name, where that can be said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Corners, Solid, all_of
from rdcalcium.solids.block import FACES, Block
from rdcalcium.solids.capsule import Capsule
from rdcalcium.solids.combined import Common, Joined, Without
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.surface import Surface
from rdcalcium.solids.turned import Turned


@dataclass(frozen=True)
class Outside:
    """All that is not in a body."""

    body: Solid

    @property
    def bounds(self) -> Corners:
        """None."""
        far = float("inf")
        return (-far, -far, -far), (far, far, far)

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from the body."""
        return -self.body.depth(points)

    def names(self, points: np.ndarray) -> np.ndarray:
        """Those of the body."""
        return self.body.names(points)


@dataclass(frozen=True)
class Side:
    """All that is behind one of the sides of a cone, by its number."""

    body: Frustum
    number: int
    name: str

    @property
    def bounds(self) -> Corners:
        """Those of the cone, beyond which nobody asks."""
        return self.body.bounds

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from that side."""
        return self.body.behind(points)[..., self.number]

    def names(self, points: np.ndarray) -> np.ndarray:
        """Its only one."""
        return all_of(self.name, points)


@singledispatch
def pieces(solid: Solid) -> tuple[Solid, ...]:
    """Bodies of which the depth in a body is the least; itself, if it is not made of others."""
    return (solid,)


@pieces.register
def _of_common(solid: Common) -> tuple[Solid, ...]:
    return tuple(piece for part in solid.parts for piece in pieces(part))


@pieces.register
def _of_without(solid: Without) -> tuple[Solid, ...]:
    return (*pieces(solid.body), *(piece for part in solid.cut for piece in pieces(Outside(part))))


@pieces.register
def _of_outside(solid: Outside) -> tuple[Solid, ...]:
    if isinstance(solid.body, Joined):
        return tuple(piece for part in solid.body.parts for piece in pieces(Outside(part)))
    return pieces(solid.body.body) if isinstance(solid.body, Outside) else (solid,)


@pieces.register
def _of_frustum(solid: Frustum) -> tuple[Solid, ...]:
    return tuple(Side(solid, number, name) for number, name in enumerate(solid.called))


@singledispatch
def only_name(solid: Solid) -> str | None:
    """The name of all of the surface of a body; None if there are several, or nobody says."""
    return None


@only_name.register
def _its_own(solid: Ball | Capsule | Side) -> str | None:
    return solid.name


@only_name.register
def _that_of_its_triangles(solid: Surface) -> str | None:
    if solid.name is not None:
        return solid.name
    known = solid.surface.triangles.pieces
    return known[0] if len(known) == 1 else None


@only_name.register
def _that_of_its_body(solid: Outside | Turned) -> str | None:
    return only_name(solid.body)


@only_name.register
def _that_of_its_faces(solid: Block) -> str | None:
    names = {solid.called.get(face, face) for face in FACES}
    return names.pop() if len(names) == 1 else None


@only_name.register
def _that_of_its_sides(solid: Frustum) -> str | None:
    return solid.called[0] if len({*solid.called}) == 1 else None


@only_name.register
def _that_of_all(solid: Joined) -> str | None:
    names = {only_name(part) for part in solid.parts}
    return names.pop() if len(names) == 1 else None
