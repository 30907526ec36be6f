"""Vectors of many tetrahedra at once, one coordinate after the other, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 13  # tetrahedra


def blocks(count: int) -> Iterator[slice]:
    """Some of so many rows after the other."""
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def by_axis(points: np.ndarray) -> np.ndarray:
    """Points (n, 3) µm with all x first, then all y and all z, (3, n) µm."""
    return np.ascontiguousarray(points.T)


def corners(axes: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """Coordinates of the corners of tetrahedra (b, 4), (4, 3, b) µm; of points `by_axis`, where they are found fast."""
    return np.take(axes, tetrahedra.T, axis=1).transpose(1, 0, 2)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products (b,) of vectors (3, b)."""
    product: np.ndarray = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Vector products (3, b) of vectors (3, b)."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
