"""The surface of one body among several that share a surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.solids import Solid
from rdcalcium.solids.periodic import Periods, depth_in_tiles, shifts


@dataclass(frozen=True, eq=False)
class BodySurface:
    """What of a surface is nearer to one of its bodies than to the others.

    bodies   all that share it
    number   of the one among them
    periods  axis -> after how many µm all is the same again
    """

    bodies: Sequence[Solid]
    number: int
    periods: Periods

    def share(self, triangles: np.ndarray) -> np.ndarray:
        """1 for each of some triangles (k, 3, 3) whose middle is nearest to this body, else 0; (k,)."""
        return (nearest_bodies(self.bodies, triangles, self.periods) == self.number).astype(float)

    def is_near(self, points: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """Whether points (p, 3) are outside the body by no more than a margin (p,), or may be; (p,)."""
        near: np.ndarray = -depth_in_tiles(self.bodies[self.number], points, self.periods) < margin
        return near


def nearest_bodies(bodies: Sequence[Solid], triangles: np.ndarray, periods: Periods) -> np.ndarray:
    """Number of the body whose surface is nearest to the middle of each triangle (k, 3, 3) on one of them, (k,)."""
    middles = triangles.mean(axis=1)
    reach = np.linalg.norm(triangles - middles[:, None], axis=2).max(initial=0.0)
    away, found = np.full(len(middles), np.inf), np.full(len(middles), -1)
    for number, body in enumerate(bodies):
        low, high = np.array(body.bounds)
        for by in shifts(periods):
            near = np.flatnonzero(((middles + by > low - reach) & (middles + by < high + reach)).all(axis=1))
            distance = np.abs(body.depth(middles[near] + by))
            closer = distance < away[near]
            away[near[closer]], found[near[closer]] = distance[closer], number
    return found
