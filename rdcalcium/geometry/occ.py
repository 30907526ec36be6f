"""Bodies as volumes of OpenCASCADE, in nm: it has absolute tolerances (1e-7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from rdcalcium.errors import InputError
from rdcalcium.solids import Ball, Block, Capsule, Common, Frustum, Joined, Solid, Surface, Turned, Without
from rdcalcium.units import NM_PER_UM

# Poles of a sphere are vertices of OpenCASCADE, around which couplings are large and of both signs. Turned about this
# axis by this angle, radians, they are neither on a mirror plane nor where a vesicle is nearest to a flat membrane, at
# its sensor.
ASIDE, TURN = (0.8, 0.6, 0.0), 1.2

Volumes = list[tuple[int, int]]  # pairs of a dimension, 3, and a tag


@singledispatch
def volumes(solid: Solid, occ: Any) -> Volumes:
    """The body, added to a model.

    occ  gmsh.model.occ
    """
    raise NotImplementedError(f"{type(solid).__name__} has no volume of OpenCASCADE")


@volumes.register
def _surface(solid: Surface, occ: Any) -> Volumes:
    raise InputError(
        "OpenCASCADE cannot cut thousands of triangles: on tetrahedra a surface from a file stands only in a terminal "
        'that is one too; say [discretization] kind = "grid", or bring the terminal as a surface'
    )


@volumes.register
def _ball(solid: Ball, occ: Any) -> Volumes:
    centre = NM_PER_UM * np.array(solid.centre)
    axes = NM_PER_UM * np.array(solid.semi_axes)
    made = [(3, occ.addSphere(*centre, float(axes.max())))]
    occ.rotate(made, *centre, *ASIDE, TURN)
    if not solid.is_sphere:
        occ.dilate(made, *centre, *(axes / axes.max()))
    return made


@volumes.register
def _block(solid: Block, occ: Any) -> Volumes:
    low, high = (NM_PER_UM * np.array(corner) for corner in solid.bounds)
    return [(3, occ.addBox(*low, *(high - low)))]


@volumes.register
def _frustum(solid: Frustum, occ: Any) -> Volumes:
    base, along = NM_PER_UM * np.array(solid.base), NM_PER_UM * solid.length * solid.axis
    one, other = NM_PER_UM * solid.base_radius, NM_PER_UM * solid.top_radius
    if one == other:
        return [(3, occ.addCylinder(*base, *along, one))]
    return [(3, occ.addCone(*base, *along, one, other))]


@volumes.register
def _capsule(solid: Capsule, occ: Any) -> Volumes:
    start, radius = NM_PER_UM * np.array(solid.start), NM_PER_UM * solid.radius
    along = NM_PER_UM * np.subtract(solid.end, solid.start)
    balls = [(3, occ.addSphere(*end, radius)) for end in (start, start + along)]
    return _made(occ.fuse([(3, occ.addCylinder(*start, *along, radius))], balls))


@volumes.register
def _joined(solid: Joined, occ: Any) -> Volumes:
    first, *others = solid.parts
    body = volumes(first, occ)
    return _made(occ.fuse(body, _all(others, occ))) if others else body


@volumes.register
def _common(solid: Common, occ: Any) -> Volumes:
    made, *others = (volumes(part, occ) for part in _needed(solid.parts))
    for other in others:
        made = _made(occ.intersect(made, other))
    return made


def _needed(parts: Sequence[Solid]) -> list[Solid]:
    """Bodies with the same in common: blocks are one block, and none if the others do not reach beyond it."""
    blocks = [part for part in parts if isinstance(part, Block)]
    others = [part for part in parts if not isinstance(part, Block)]
    if not blocks:
        return others
    low, high = Common(tuple(blocks)).bounds
    if others:
        least, most = Common(tuple(others)).bounds
        if np.all(np.less_equal(low, least)) and np.all(np.less_equal(most, high)):
            return others
    return [*others, Block(low, high)]


@volumes.register
def _without(solid: Without, occ: Any) -> Volumes:
    body = volumes(solid.body, occ)
    return _made(occ.cut(body, _all(solid.cut, occ))) if solid.cut else body


@volumes.register
def _turned(solid: Turned, occ: Any) -> Volumes:
    made, about = volumes(solid.body, occ), NM_PER_UM * np.array(solid.about)
    matrix = np.array(solid.turn)
    if np.linalg.det(matrix) < 0:  # a mirror at x, then a rotation
        occ.mirror(made, 1.0, 0.0, 0.0, -about[0])
        matrix = matrix * [-1.0, 1.0, 1.0]
    turn = Rotation.from_matrix(matrix).as_rotvec()
    if angle := float(np.linalg.norm(turn)):
        occ.rotate(made, *about, *(turn / angle), angle)
    return made


def _all(parts: Sequence[Solid], occ: Any) -> Volumes:
    return [pair for part in parts for pair in volumes(part, occ)]


def _made(answer: tuple[Volumes, list]) -> Volumes:
    """What is left of what a Boolean operation answers."""
    return [pair for pair in answer[0] if pair[0] == 3]
