"""What of a body matters in a region: of thousands of vesicles those that are there."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from rdcalcium.solids.base import Place, Solid, place
from rdcalcium.solids.block import Block
from rdcalcium.solids.combined import Common, Joined, Without

TOUCHING = 1e-9  # of the size of a region, by which rounding may move a wall


@singledispatch
def nearby(solid: Solid, low: Place, high: Place) -> Solid:
    """A body that is the same in the box between two corners (µm), and elsewhere anything; its depth is found faster.

    Of bodies that are put together, those parts go that are not there. A block around the region has no walls there.
    """
    return solid


@nearby.register
def _block(solid: Block, low: Place, high: Place) -> Solid:
    far = float(np.linalg.norm(np.subtract(high, low)))  # of a slender box too all of it is then deeper than it is long
    slack = TOUCHING * far
    below, above = np.add(low, slack), np.subtract(high, slack)
    around = (np.array(solid.low) <= below).all() and (np.array(solid.high) >= above).all()
    return Block(place(np.subtract(low, far)), place(np.add(high, far))) if around else solid


@nearby.register
def _joined(solid: Joined, low: Place, high: Place) -> Solid:
    there = _there(solid.parts, solid.boxes, low, high) or solid.parts[:1]
    return there[0] if len(there) == 1 else Joined(there)


@nearby.register
def _common(solid: Common, low: Place, high: Place) -> Solid:
    return Common(tuple(nearby(part, low, high) for part in solid.parts))


@nearby.register
def _without(solid: Without, low: Place, high: Place) -> Solid:
    body, cut = nearby(solid.body, low, high), _there(solid.cut, solid.boxes, low, high)
    return Without(body, cut) if cut else body


def _there(
    parts: tuple[Solid, ...], boxes: tuple[np.ndarray, np.ndarray], low: Place, high: Place
) -> tuple[Solid, ...]:
    """Those whose boxes touch that between two corners."""
    touching = (boxes[0] <= high).all(axis=1) & (boxes[1] >= low).all(axis=1)
    return tuple(nearby(parts[number], low, high) for number in np.flatnonzero(touching))
