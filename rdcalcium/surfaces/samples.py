"""Points spread over triangles, so that triangles which may touch are found by those of their points that are near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.surfaces.triangles import Triangles

WANTED = 20_000  # samples of a surface of fewer triangles


@dataclass(frozen=True, eq=False)
class Samples:
    """Points on triangles.

    points    (s, 3) µm
    triangle  (s,) to which each belongs
    radius    µm; no point of a triangle is further than this from the nearest of its own samples
    tree      finds them
    """

    points: np.ndarray
    triangle: np.ndarray
    radius: float
    tree: cKDTree


def samples(triangles: Triangles) -> Samples:
    """One in the middle of each triangle, and more in those that are larger than others.

    A triangle is halved across its longest side until its corners are near enough to its middle.
    """
    corners, own = triangles.corners(), np.arange(len(triangles.faces))
    area = float(triangles.areas_of_each().sum())
    radius = np.sqrt(area / max(WANTED, len(corners)))
    radius = max(radius, float(np.median(_reach(corners))))
    points, owners = [], []
    while len(corners):
        small = _reach(corners) <= radius
        points.append(corners[small].mean(axis=1))
        owners.append(own[small])
        corners, own = _halved(corners[~small]), np.tile(own[~small], 2)
    there = np.concatenate(points)
    return Samples(there, np.concatenate(owners), radius, cKDTree(there))


def _reach(corners: np.ndarray) -> np.ndarray:
    """Distance of the middle of triangles (m, 3, 3) from their furthest corner, (m,)."""
    reach: np.ndarray = np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)
    return reach


def _halved(corners: np.ndarray) -> np.ndarray:
    """Both halves of each of some triangles, (2 m, 3, 3), all first halves before the others."""
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    order = (sides.argmax(axis=1)[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(np.take_along_axis(corners, order[:, :, None], axis=1), 1, 0)
    middle = (a + b) / 2
    return np.concatenate([np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)])
