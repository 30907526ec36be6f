"""Bodies whose surface is given by triangles, as a reconstruction from electron micrographs is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.solids.base import Corners, all_of, place
from rdcalcium.surfaces import ClosedSurface


@dataclass(frozen=True, eq=False)
class Surface:
    """What a closed surface encloses.

    surface  closed, normals outwards, µm
    name     of all of it; none: its pieces have their own
    """

    surface: ClosedSurface
    name: str | None = None

    @cached_property
    def bounds(self) -> Corners:
        """The box around its corners."""
        points = self.surface.triangles.points
        return place(points.min(axis=0)), place(points.max(axis=0))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """Distance from the nearest triangle."""
        return self.surface.distances.depth(points)

    def names(self, points: np.ndarray) -> np.ndarray:
        """Of the piece to which the nearest triangle belongs."""
        triangles = self.surface.triangles
        if self.name is not None:
            return all_of(self.name, points)
        if len(triangles.pieces) == 1:
            return all_of(triangles.pieces[0], points)
        nearest = self.surface.distances.nearest(np.reshape(points, (-1, 3))).triangle
        known = np.array(triangles.pieces, dtype=object)
        return known[triangles.piece[nearest]].reshape(np.shape(points)[:-1])
