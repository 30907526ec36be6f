"""Whether a point is as near to the triangles of a surface as the curved membrane is for which they stand."""

from __future__ import annotations

import numpy as np

# Share of the height of a triangle by which a point may be off it and still be meant to be on the membrane. Triangles
# cut its corners: a point of a ball of radius R is h²/6R off the middle of one with sides h, 0.15 heights if R = 1.3 h.
# Of a long triangle along a thin rod the height is what goes round, and not its length.
OFF = 0.15


def is_on(point: np.ndarray, foot: np.ndarray, corners: np.ndarray) -> bool:
    """Whether a point (3,) is on a curved surface whose nearest triangle (3, 3) is nearest at `foot`, (3,)."""
    return bool(are_on(point[None], foot[None], corners[None])[0])


def are_on(points: np.ndarray, feet: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The same of several, (p,), by triangles (p, 3, 3)."""
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    doubled = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    there: np.ndarray = np.linalg.norm(feet - points, axis=1) <= OFF * doubled / longest
    return there
