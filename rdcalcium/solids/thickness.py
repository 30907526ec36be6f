"""How thick bodies are."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Solid
from rdcalcium.solids.block import Block
from rdcalcium.solids.capsule import Capsule
from rdcalcium.solids.combined import Joined
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.surface import Surface
from rdcalcium.solids.turned import Turned


@singledispatch
def thickness(solid: Solid) -> float:
    """The shortest extent of a body, µm, or that of the thinnest of several that make it up; infinite if not known.

    Of a closed surface 2 V / A, which is the thickness of a sheet.
    """
    return float("inf")


@thickness.register
def _of_ball(solid: Ball) -> float:
    return 2 * min(solid.semi_axes)


@thickness.register
def _of_block(solid: Block) -> float:
    return float(np.subtract(solid.high, solid.low).min())


@thickness.register
def _of_capsule(solid: Capsule) -> float:
    return 2 * solid.radius


@thickness.register
def _of_frustum(solid: Frustum) -> float:
    return min(solid.length, solid.base_radius + solid.top_radius)


@thickness.register
def _of_joined(solid: Joined) -> float:
    return min(thickness(part) for part in solid.parts)


@thickness.register
def _of_surface(solid: Surface) -> float:
    triangles = solid.surface.triangles
    return 2 * triangles.volume() / sum(triangles.areas().values())


@thickness.register
def _of_turned(solid: Turned) -> float:
    return thickness(solid.body)
