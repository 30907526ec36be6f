"""Random sequential addition: one after the other is put where there is room, and stays there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import ModelError
from rdcalcium.placement.images import from_own_image
from rdcalcium.placement.placing import TOUCHING, Placing

BATCH = 512  # candidates that are drawn at once
PATIENCE = 200  # batches without room for another one, after which there is none

Draw = Callable[[int], np.ndarray]
Allowed = Callable[[np.ndarray], np.ndarray]


def anywhere(places: np.ndarray) -> np.ndarray:
    """All of them are allowed."""
    return np.ones(len(places), dtype=bool)


def one_by_one(
    placing: Placing,
    draw: Draw,
    number: int,
    spacing: float,
    allowed: Allowed = anywhere,
    there: np.ndarray | None = None,
) -> np.ndarray:
    """Places (number, 3) that are free and allowed, and at least a spacing apart, images included; no vesicles overlap.

    draw     so many candidates (n, 3)
    allowed  which of them may be taken
    there    places of those that keep the spacing too, (m, 3)

    Raises ModelError where there is no room for so many.
    """
    found = np.empty((0, 3)) if there is None else there
    before, fruitless = len(found), 0
    while len(found) - before < number:
        places = draw(BATCH)
        places = places[placing.free(places)]
        places = places[allowed(places)]
        new = places[
            _apart(placing, placing.points(places), placing.points(found), max(spacing, 2 * placing.radius) * TOUCHING)
        ]
        found = np.concatenate([found, new])
        fruitless = 0 if len(new) else fruitless + 1
        if fruitless == PATIENCE:
            raise ModelError(
                f"{placing.called}: {len(found) - before} of {number} find room when they are placed one after the "
                "other; ask for fewer, a smaller spacing or distance, or larger zones"
            )
    return found[before : before + number]


def _apart(placing: Placing, points: np.ndarray, others: np.ndarray, spacing: float) -> np.ndarray:
    """Which points (n, 3), taken one after the other, are far enough from others and from those before; indices.

    Images count, also their own.
    """
    if not spacing or not len(points):
        return np.arange(len(points))
    far = from_own_image(placing.chart.membrane.shape, points) >= spacing
    if len(others):
        far &= cKDTree(placing.everywhere(others)).query(points)[0] >= spacing
    kept, there = list[int](), np.empty((0, 3))
    for i in np.flatnonzero(far).tolist():
        if not kept or np.linalg.norm(there - points[i], axis=1).min() >= spacing:
            kept.append(i)
            there = np.concatenate([there, placing.everywhere(points[i : i + 1])])
    return np.array(kept, dtype=int)
