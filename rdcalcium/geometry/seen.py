"""What the cells of a grid make of a body: how much of its volume and of its surface is found in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from rdcalcium.geometry.sampled import ACROSS, MOST, Sampled
from rdcalcium.geometry.shares import volumes_and_areas
from rdcalcium.solids import Block, Solid, Without, thickness
from rdcalcium.solids.base import place


def cells_at(edges: Sequence[np.ndarray], body: Solid) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corners of the cells in the box around a body, (k, 3) µm each."""
    lower, upper = [], []
    for along, start, stop in zip(edges, *body.bounds, strict=True):
        first, last = int(np.searchsorted(along, start, "right")), int(np.searchsorted(along, stop, "left"))
        cells = np.arange(max(first - 1, 0), min(last, len(along) - 1))
        lower.append(along[cells])
        upper.append(along[cells + 1])
    return np.array([*product(*lower)]).reshape(-1, 3), np.array([*product(*upper)]).reshape(-1, 3)


def widest_seen(body: Solid) -> float:
    """How wide cells may be that find a body, µm."""
    return MOST / ACROSS * thickness(body)


def as_cut(edges: Sequence[np.ndarray], body: Solid) -> tuple[float, float]:
    """Volume (µm³) and area (µm²) that a body takes from cells, or has there, by their edges along x, y and z."""
    low, high = cells_at(edges, body)
    if not len(low):
        return 0.0, 0.0
    far = high.max(axis=0) - low.min(axis=0)
    around = Block(place(low.min(axis=0) - far), place(high.max(axis=0) + far))
    of = Sampled.of(Without(around, (body,)), low, high)
    left, areas = volumes_and_areas(of.depth, of.sizes)
    share = 1.0 - of.inside
    share[of.crossed] = 1 - left
    return float(share @ (high - low).prod(axis=1)), float(areas.sum())
