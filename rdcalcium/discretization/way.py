"""The way to each sensor and probe from the nearest channel: how long it is, and how wide tetrahedra are along it."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.discretization.base import Locator
from rdcalcium.discretization.tetrahedron_locator import TetrahedronLocator
from rdcalcium.model import Model
from rdcalcium.solids.periodic import tiled

PLACES = 9  # along the way, at which the width is asked for


def nearest_channels(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Of each sensor and probe the nearest channel, or its image in the next tile, and how far it is.

    returns  (points, 3) and (points,) µm; without a channel the points themselves, and 0
    """
    points = np.array([*model.watched.values()]).reshape(-1, 3)
    pores = np.array([point for group in model.channels for point in group.points]).reshape(-1, 3)
    if not len(pores) or not len(points):
        return points, np.zeros(len(points))
    pores = tiled(model.geometry.periods, pores)
    far, nearest = cKDTree(pores).query(points)
    return pores[nearest], np.asarray(far)


def widths_on_the_way(model: Model, locator: Locator) -> np.ndarray | None:
    """Mean width of the tetrahedra between the nearest channel and each sensor and probe, (points,) µm; None of a grid.

    What the cells leave of error at a point goes with the square of this one: calcium is steep between the two, and the
    mean width of all cells is that of those in the bulk.
    """
    if not isinstance(locator, TetrahedronLocator):
        return None
    points, (pores, _) = np.array([*model.watched.values()]).reshape(-1, 3), nearest_channels(model)
    shares = np.linspace(0, 1, PLACES)[:, None, None]
    way = (pores + shares * (points - pores)).reshape(-1, 3)
    widths: np.ndarray = locator.widths_beside(way).reshape(PLACES, len(points)).mean(axis=0)
    return widths
