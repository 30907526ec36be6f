"""Images of places: in mirror planes, and in the tiles around."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.model.shapes import Shape
from rdcalcium.solids import Solid
from rdcalcium.solids.periodic import depth_in_tiles, tiled, unfolded
from rdcalcium.units import SAME_PLACE


def everywhere(shape: Shape, points: np.ndarray) -> np.ndarray:
    """Points (n, 3) µm and all their images, the points themselves first; (n × images, 3)."""
    return tiled(shape.periods, unfolded(points, shape.mirrors))


def depth_everywhere(shape: Shape, body: Solid, points: np.ndarray) -> np.ndarray:
    """How deep points (n, 3) µm lie in a body, or in the nearest of its images; (n,) µm."""
    depth = depth_in_tiles(body, unfolded(points, shape.mirrors), shape.periods)
    return np.asarray(_by_image(depth, len(points)).max(axis=0, initial=-np.inf))


def from_own_image(shape: Shape, points: np.ndarray) -> np.ndarray:
    """From each of some points (n, 3) µm to the nearest of its own images in another place; (n,) µm, or infinite."""
    images = _by_image(everywhere(shape, points), len(points))[1:]
    away = np.linalg.norm(images - points, axis=2)
    return np.asarray(np.where(away > SAME_PLACE, away, np.inf).min(axis=0, initial=np.inf))


def from_others(shape: Shape, points: np.ndarray) -> np.ndarray:
    """From each of some points (n, 3) µm to the nearest other one, or image; (n,) µm, or infinite.

    An image that is where one of the points is is no other.
    """
    tree, images = cKDTree(points), everywhere(shape, points)[len(points) :]
    away: np.ndarray = tree.query(points, k=2)[0][:, 1]  # the first is the point itself
    images = images[tree.query(images)[0] > SAME_PLACE]
    return np.minimum(away, cKDTree(images).query(points)[0]) if len(images) else away


def _by_image(found: np.ndarray, number: int) -> np.ndarray:
    """What is known of so many points and their images, (images × n, …), as a table (images, n, …)."""
    return found.reshape(len(found) // max(number, 1), number, *found.shape[1:])
