"""The point of a surface that is nearest to a point."""

from __future__ import annotations

import numpy as np

# Share of the extent of a facet by which a point may be off it and still be meant to lie on it: facets cut the corners
# of a curved membrane, and a point of a ball of radius R is h²/6R off its facet of edge h.
OFF_FACET = 0.1


def nearest_on_triangles(point: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, int]:
    """The nearest point of some triangles, (3,), and the triangle that it belongs to.

    point      (3,) µm
    triangles  (k, 3, 3) corners, µm
    """
    starts, sides = triangles, np.roll(triangles, -1, axis=1) - triangles
    along = np.einsum("kei,kei->ke", point - starts, sides) / np.einsum("kei,kei->ke", sides, sides)
    on_sides = starts + np.clip(along, 0, 1)[..., None] * sides
    normals = np.cross(sides[:, 0], sides[:, 1])
    height = np.einsum("ki,ki->k", point - triangles[:, 0], normals) / np.einsum("ki,ki->k", normals, normals)
    foot = point - height[:, None] * normals
    left = np.einsum("kei,ki->ke", np.cross(sides, foot[:, None] - starts), normals)  # of each side, seen from above
    foot[(left < 0).any(axis=1)] = np.inf  # beside the triangle: a point of a side is nearest
    candidates = np.concatenate([on_sides, foot[:, None]], axis=1)
    best = int(np.linalg.norm(candidates - point, axis=2).argmin())
    return candidates.reshape(-1, 3)[best], best // candidates.shape[1]


def distances_to_triangles(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Distance of each point (p, 3) from the nearest of its own triangles (p, k, 3, 3), (p,) µm."""
    starts, sides = triangles, np.roll(triangles, -1, axis=2) - triangles
    offset = points[:, None, None] - starts
    along = np.einsum("pkei,pkei->pke", offset, sides) / np.einsum("pkei,pkei->pke", sides, sides)
    to_sides = np.linalg.norm(offset - np.clip(along, 0, 1)[..., None] * sides, axis=3).min(axis=2)
    normals = np.cross(sides[:, :, 0], sides[:, :, 1])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    left = np.einsum("pkei,pki->pke", np.cross(sides, offset), normals)  # of each side, seen from above
    above = (left >= 0).all(axis=2)
    height = np.abs(np.einsum("pki,pki->pk", offset[:, :, 0], normals))
    return np.where(above, height, to_sides).min(axis=1)


def is_on_facet(point: np.ndarray, nearest: np.ndarray, triangle: np.ndarray) -> bool:
    """Whether a point (3,) lies on a curved surface whose facet (3, 3) is nearest to it, and there at `nearest`."""
    return bool(np.linalg.norm(nearest - point) <= OFF_FACET * np.linalg.norm(np.ptp(triangle, axis=0)))
