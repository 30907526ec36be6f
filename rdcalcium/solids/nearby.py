"""What of a body matters in a region: of thousands of vesicles those that are there, and no wall that is beyond it."""

from __future__ import annotations

from functools import singledispatch
from itertools import product

import numpy as np

from rdcalcium.solids.base import Place, Solid, place
from rdcalcium.solids.block import Block
from rdcalcium.solids.combined import Common, Joined, Without
from rdcalcium.solids.frustum import Frustum
from rdcalcium.solids.turned import Turned

TOUCHING = 1e-9  # of the size of a region, by which rounding may move a wall


def nearby(solid: Solid, low: Place, high: Place) -> Solid:
    """A simpler body that is the same within the box between two corners (µm), and anything outside it.

    Its depth is found faster. Parts that are not in the box are left out. Plane faces that do not go through the box,
    or on which it ends, are moved away from it: the depth is then that of the other faces, and tells where these are.
    """
    return _in_hull(solid, np.array([*product(*zip(low, high, strict=True))]))


@singledispatch
def _in_hull(solid: Solid, corners: np.ndarray) -> Solid:
    """The same in the convex hull of some corners (8, 3) µm."""
    return solid


@_in_hull.register
def _block(solid: Block, corners: np.ndarray) -> Solid:
    far, slack = _sizes(corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    lower = np.where(np.array(solid.low) <= low + slack, low - far, solid.low)
    upper = np.where(np.array(solid.high) >= high - slack, high + far, solid.high)
    return Block(place(lower), place(upper), solid.called)


@_in_hull.register
def _frustum(solid: Frustum, corners: np.ndarray) -> Solid:
    far, slack = _sizes(corners)
    along = (corners - np.array(solid.base)) @ solid.axis
    below, above = far * (along.min() >= -slack), far * (along.max() <= solid.length + slack)
    return solid.longer(below, above) if below or above else solid


@_in_hull.register
def _turned(solid: Turned, corners: np.ndarray) -> Solid:
    return Turned(_in_hull(solid.body, solid.before(corners)), solid.turn, solid.about)


@_in_hull.register
def _joined(solid: Joined, corners: np.ndarray) -> Solid:
    there = _there(solid.parts, solid.boxes, corners) or solid.parts[:1]
    return there[0] if len(there) == 1 else Joined(there)


@_in_hull.register
def _common(solid: Common, corners: np.ndarray) -> Solid:
    return Common(tuple(_in_hull(part, corners) for part in solid.parts))


@_in_hull.register
def _without(solid: Without, corners: np.ndarray) -> Solid:
    body, cut = _in_hull(solid.body, corners), _there(solid.cut, solid.boxes, corners)
    return Without(body, cut) if cut else body


def _there(parts: tuple[Solid, ...], boxes: tuple[np.ndarray, np.ndarray], corners: np.ndarray) -> tuple[Solid, ...]:
    """Those whose boxes touch that around some corners."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    touching = (boxes[0] <= high).all(axis=1) & (boxes[1] >= low).all(axis=1)
    return tuple(_in_hull(parts[number], corners) for number in np.flatnonzero(touching))


def _sizes(corners: np.ndarray) -> tuple[float, float]:
    """How far a face goes, from where all of a region is nearer to what else is there, and what rounding is, µm."""
    far = float(np.linalg.norm(np.ptp(corners, axis=0)))
    return far, TOUCHING * far
