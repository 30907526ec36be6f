"""What of a point belongs to the computed part, where mirror planes bound it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rdcalcium.discretization.base import Discretization
from rdcalcium.units import SAME_PLACE


def computed_share(points: np.ndarray, planes: Sequence[tuple[int, float]]) -> np.ndarray:
    """Share of what is at each point that is in the computed part: half of it for a point on a mirror plane.

    points  (p, 3) µm
    planes  mirror planes (axis, coordinate)
    """
    on_plane = sum(np.abs(points[:, axis] - at) < SAME_PLACE for axis, at in planes)
    return 0.5 ** np.broadcast_to(on_plane, len(points))


def shared_sources(
    points: np.ndarray, planes: Sequence[tuple[int, float]], discretization: Discretization
) -> tuple[np.ndarray, np.ndarray]:
    """Control volumes of a source at each point, and their shares of it; both (points, corners).

    The shares of a point add up to that of the computed part.
    """
    found = discretization.locator.source_weights(points)
    return found.indices, found.weights * computed_share(points, planes)[:, None]
