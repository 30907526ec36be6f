"""How much of plane triangles is within a disc."""

from __future__ import annotations

import numpy as np

FLAT = 1e-12  # of the square of the longest side: a triangle whose area is smaller is a line


def share_within(corners: np.ndarray, radius: float) -> np.ndarray:
    """Share of the area of triangles (k, 3, 2) within a radius of the origin, (k,); exact.

    A triangle is the sum of those from the origin to its three sides, and so is what the disc leaves of it. Of one that
    is a line either all counts or nothing, as its middle does.
    """
    middle = corners.mean(axis=1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    near = np.linalg.norm(middle, axis=1) < radius + reach
    share = np.zeros(len(corners))  # sectors would leave rounding of triangles that are far away
    share[near] = _share_of_near(corners[near], radius)
    return share


def _share_of_near(corners: np.ndarray, radius: float) -> np.ndarray:
    """The same of triangles that a disc may reach."""
    sides = [(corners[:, i], corners[:, (i + 1) % 3]) for i in range(3)]
    inside = sum(_sector(a, b, radius) for a, b in sides)
    whole = sum(_cross(a, b) for a, b in sides) / 2
    longest = np.max([((b - a) ** 2).sum(axis=1) for a, b in sides], axis=0)
    flat = np.abs(whole) <= FLAT * longest
    middle = np.linalg.norm(corners.mean(axis=1), axis=1) < radius
    share: np.ndarray = np.where(flat, middle, inside / np.where(flat, 1.0, whole))
    return np.clip(share, 0.0, 1.0)


def _sector(a: np.ndarray, b: np.ndarray, radius: float) -> np.ndarray:
    """Signed area that the disc shares with triangles from the origin to a and on to b, (k,) of (k, 2).

    Between where the line enters the disc and where it leaves it that is a triangle, before and after it a sector.
    """
    step = b - a
    square, along = (step**2).sum(axis=1), (a * step).sum(axis=1)
    root = np.sqrt(np.maximum(along**2 - square * ((a**2).sum(axis=1) - radius**2), 0.0))
    over = np.where(square > 0, square, 1.0)
    enters, leaves = (np.clip((-along + way * root) / over, 0.0, 1.0)[:, None] for way in (-1, 1))
    p, q = a + enters * step, a + leaves * step
    return (radius**2 * (_angle(a, p) + _angle(q, b)) + _cross(p, q)) / 2


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """From one direction to another, (k,)."""
    angle: np.ndarray = np.arctan2(_cross(a, b), (a * b).sum(axis=1))
    return angle


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Twice the signed area of triangles from the origin, (k,)."""
    cross: np.ndarray = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return cross
