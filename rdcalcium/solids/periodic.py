"""Images of places: in mirror planes, and on axes that go on at their other end."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from rdcalcium.solids.base import Solid

Mirrors = Mapping[int, float]  # axis -> where the mirror plane is that it is normal to, µm
Periods = Mapping[int, float]  # axis -> after how many µm all is the same again


def reflected(points: np.ndarray, mirrors: Mirrors) -> np.ndarray:
    """Points (…, 3) µm seen in one mirror plane after the other."""
    images = points.copy()
    for axis, plane in mirrors.items():
        images[..., axis] = 2 * plane - images[..., axis]
    return images


def unfolded(points: np.ndarray, mirrors: Mirrors) -> np.ndarray:
    """Points, or rows of them (n, …, 3) µm, and all their mirror images, themselves first; (n × 2^planes, …, 3)."""
    for axis, plane in mirrors.items():
        points = np.concatenate([points, reflected(points, {axis: plane})])
    return points


def nearest_image(points: np.ndarray, others: np.ndarray, periods: Periods) -> np.ndarray:
    """Of each point the image that is nearest to another one; both (…, 3) µm."""
    if not periods:
        return points
    images = np.array(np.broadcast_to(points, np.broadcast_shapes(points.shape, others.shape)), dtype=float)
    for axis, period in periods.items():
        images[..., axis] -= period * np.round((images - others)[..., axis] / period)
    return images


def shifts(periods: Periods, reach: float = 0.0) -> np.ndarray:
    """From a place to itself, first, and to its images in the tiles around, and in all within a reach; (k, 3) µm."""
    tiles = {axis: range(-int(reach // period) - 1, int(reach // period) + 2) for axis, period in periods.items()}
    steps = [[k * periods[axis] for k in sorted(tiles[axis], key=abs)] if axis in tiles else [0.0] for axis in range(3)]
    return np.array([*product(*steps)])


def tiled(periods: Periods, points: np.ndarray) -> np.ndarray:
    """Points (n, 3) and their images in all tiles around, those of the tile itself first; (n × 3^axes, 3)."""
    return np.concatenate([points + by for by in shifts(periods)])


def depth_in_tiles(solid: Solid, points: np.ndarray, periods: Periods) -> np.ndarray:
    """How deep points (p, 3) lie in a body, or in the nearest of its images; (p,) µm."""
    depth: np.ndarray = np.max([solid.depth(points + by) for by in shifts(periods)], axis=0)
    return depth


def smallest_arc(places: np.ndarray, period: float) -> tuple[float, float]:
    """Ends (µm) of the shortest interval that holds an image of every coordinate (k,); its lower end is one of them."""
    order = np.sort(places)
    after = np.append(np.diff(order), order[0] + period - order[-1])
    widest = int(after.argmax())
    first = order[(widest + 1) % len(order)]
    return float(first), float(first + period - after[widest])
