"""The discs of several active zones: what of the membrane is in any of them, and counts once where they overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from rdcalcium.geometry.zone_disc import ZoneDisc

PARTS = 10  # along the sides of a triangle that two discs share


@dataclass(frozen=True, eq=False)
class Discs:
    """Discs that overlap, as one piece of the membrane."""

    discs: Sequence[ZoneDisc]

    def is_near(self, points: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """Whether points (p, 3) are near one of them, as it says."""
        return np.any([disc.is_near(points, margin) for disc in self.discs], axis=0)

    def share(self, triangles: np.ndarray) -> np.ndarray:
        """Of triangles (k, 3, 3) within any of them, (k,); of one that several reach by small parts of it."""
        shares = np.array([disc.share(triangles) for disc in self.discs])
        share: np.ndarray = shares.max(axis=0)
        several = np.flatnonzero(((shares > 0) & (shares < 1)).sum(axis=0) > 1)
        if len(several):
            parts = _parts(triangles[several])
            within = np.max([disc.share(parts) for disc in self.discs], axis=0)
            share[several] = np.maximum(share[several], within.reshape(len(several), -1).mean(axis=1))
        return share


def overlapping(discs: Sequence[ZoneDisc]) -> list[Discs]:
    """The same discs, those together that overlap, themselves or through others."""
    centres, radii = np.array([disc.zone.centre for disc in discs]), np.array([disc.zone.radius for disc in discs])
    near = cdist(centres, centres) < np.add.outer(radii, radii)
    count, label = connected_components(near, directed=False)
    return [Discs([disc for disc, own in zip(discs, label.tolist(), strict=True) if own == k]) for k in range(count)]


def _parts(triangles: np.ndarray) -> np.ndarray:
    """Equal parts of triangles (k, 3, 3), all of the first one, then of the next, (k · PARTS², 3, 3)."""
    numbers = [(i, j) for i in range(PARTS) for j in range(PARTS - i)]
    upright = [[(i, j), (i + 1, j), (i, j + 1)] for i, j in numbers]
    turned = [[(i + 1, j), (i + 1, j + 1), (i, j + 1)] for i, j in numbers if i + j < PARTS - 1]
    first, second = np.moveaxis(np.array(upright + turned) / PARTS, -1, 0)
    weights = np.stack([1 - first - second, first, second], axis=-1)
    found: np.ndarray = np.einsum("pcb,kbi->kpci", weights, triangles).reshape(-1, 3, 3)
    return found
