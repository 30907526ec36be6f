"""What of an arrangement is computed where mirror planes halve the terminal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import ModelError
from rdcalcium.solids.periodic import reflected
from rdcalcium.units import SAME_PLACE


def on_the_computed_side(
    mirrors: Mapping[int, float], called: str, points: np.ndarray, feet: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Those of some points that are computed, and their feet, (n, 3) each: all, unless some are beyond a mirror plane.

    There the mirror images of the others are, so that the arrangement must be its own mirror image.

    mirrors  axis that each plane is normal to -> where it is, µm
    called   what is placed, as messages say it
    """
    for axis, plane in mirrors.items():
        away = points[:, axis] - plane
        if not (away < -SAME_PLACE).any():
            continue
        if cKDTree(points).query(reflected(points, {axis: plane}))[0].max() > SAME_PLACE:
            raise ModelError(
                f"{called} reach over the mirror plane {'xyz'[axis]} = {plane:g}, on whose other side their mirror "
                f"images are, and are not their own mirror image: leave {'xyz'[axis]!r} out of geometry.symmetry, or "
                "move the zone away from the plane"
            )
        points, feet = (found[away >= -SAME_PLACE] for found in (points, feet))
        for found in (points, feet):
            found[:, axis] = np.maximum(found[:, axis], plane)
    return points, feet
