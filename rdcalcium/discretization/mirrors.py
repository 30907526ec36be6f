"""What of a point belongs to the computed part, where mirror planes bound it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def computed_share(points: np.ndarray, planes: Sequence[tuple[int, float]]) -> np.ndarray:
    """Share of what is at each point that is in the computed part: half of it for a point on a mirror plane.

    points  (p, 3) µm
    planes  mirror planes (axis, coordinate)
    """
    on_plane = sum(np.abs(points[:, axis] - at) < 1e-9 for axis, at in planes)
    return 0.5 ** np.broadcast_to(on_plane, len(points))
