"""Places around the edge of a cluster."""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from rdcalcium.model.placement.perimeter import Perimeter
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _perimeter(rule: Perimeter, placing: Placing) -> np.ndarray:
    """Anywhere on the line at a distance around the convex hull of the cluster, (n, 3)."""
    corners = hull(placing.near_everywhere(rule.around))

    def draw(number: int) -> np.ndarray:
        return raised(around_hull(placing.rng, corners, rule.distance, number), rule.height)

    return one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing)


def hull(feet: np.ndarray) -> np.ndarray:
    """Corners of the convex hull of feet (m, 2), counter-clockwise; both ends, where all are on a line; (k, 2)."""
    try:
        corners: np.ndarray = feet[ConvexHull(feet).vertices]
    except (QhullError, ValueError):  # fewer than three, or all on a line
        along = (feet - feet[0]) @ (feet - feet[0])[np.linalg.norm(feet - feet[0], axis=1).argmax()]
        corners = feet[np.unique([along.argmin(), along.argmax()])]
    return corners


def around_hull(rng: np.random.Generator, corners: np.ndarray, distance: float, number: int) -> np.ndarray:
    """Points anywhere on the line at a distance around a convex polygon, (number, 2).

    The line is made of its edges, moved outwards, and of arcs around its corners, 2π in all.
    """
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(edges, axis=1)
    outwards = np.stack([edges[:, 1], -edges[:, 0]], axis=1) / np.where(lengths, lengths, 1.0)[:, None]
    on_arc = rng.random(number) * (lengths.sum() + 2 * np.pi * distance) >= lengths.sum()
    which = rng.choice(len(corners), number, p=_shares(lengths))
    straight = corners[which] + rng.random(number)[:, None] * edges[which] + distance * outwards[which]
    angle = 2 * np.pi * rng.random(number)
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # A point at an angle is on the arc of the corner that is farthest in that direction.
    arc = corners[(direction @ corners.T).argmax(axis=1)] + distance * direction
    return np.where(on_arc[:, None], arc, straight)


def _shares(lengths: np.ndarray) -> np.ndarray:
    """Of the whole length; those of a single point are of no use, and alike."""
    total = lengths.sum()
    return lengths / total if total else np.full(len(lengths), 1 / len(lengths))
