"""Whether a point is as near to the facets of a curved membrane as one of that is."""

from __future__ import annotations

import numpy as np

# Share of the extent of a facet by which a point may be off it and still be meant to lie on it: facets cut the corners
# of a curved membrane, and a point of a ball of radius R is h²/6R off its facet of edge h.
OFF_FACET = 0.1


def is_on_facet(point: np.ndarray, nearest: np.ndarray, triangle: np.ndarray) -> bool:
    """Whether a point (3,) lies on a curved surface whose facet (3, 3) is nearest to it, and there at `nearest`."""
    return bool(np.linalg.norm(nearest - point) <= OFF_FACET * np.linalg.norm(np.ptp(triangle, axis=0)))
