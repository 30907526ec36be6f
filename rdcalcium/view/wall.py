"""A membrane that is no plane, in perspective: calcium just inside it on the far side, and glass on the near one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.results.scene import Scene
from rdcalcium.solids import Solid
from rdcalcium.solids.base import place
from rdcalcium.view.bodies import NORMALS, part_of, surface_of
from rdcalcium.view.run_folder import CALCIUM, RunFolder
from rdcalcium.view.sampling import Samples
from rdcalcium.view.style import SLICE_HEIGHT

if TYPE_CHECKING:
    import pyvista

FINE = 0.3  # µm around channels, within which triangles are divided
HALVINGS = 2  # of the sides of these


class Wall:
    """A part of the surface of a terminal, with calcium just inside it.

    surface  its NORMALS face outwards
    """

    def __init__(self, run: RunFolder, surface: pyvista.PolyData):
        self.surface = surface
        inside = np.asarray(surface.points - SLICE_HEIGHT * surface.point_data[NORMALS], dtype=float)
        self._samples = Samples(run, inside, SLICE_HEIGHT)

    def show(self, index: int) -> pyvista.PolyData:
        """One snapshot as the point array CALCIUM, µM."""
        self.surface.point_data[CALCIUM] = 10 ** self._samples.logarithm(index)
        return self.surface


def wall_of(scene: Scene, lower: np.ndarray, upper: np.ndarray) -> pyvista.PolyData | None:
    """What of the surface of a terminal is in a box; None where its membrane is a plane, or its form not known.

    Triangles and NORMALS face outwards; triangles are smaller near channels, where calcium is steep.
    """
    if scene.membrane is not None or scene.outline is None:
        return None
    surface = _smooth(scene, scene.outline, lower, upper)
    surface = surface.clip_box(np.column_stack([lower, upper]).ravel(), invert=False)
    return surface if surface.n_points else None


def _smooth(scene: Scene, outline: Solid, lower: np.ndarray, upper: np.ndarray) -> pyvista.PolyData:
    """Of an outline; triangles near channels are divided, and stay in their planes, so that they leave no gap."""
    surface = surface_of(outline, (place(lower), place(upper))).triangulate()
    if not len(scene.channels) or not surface.n_points:
        return surface
    near = cKDTree(scene.channels).query(surface.points[surface.regular_faces].mean(axis=1))[0] < FINE
    if not near.any():
        return surface
    return part_of(surface, ~near).append_polydata(part_of(surface, near).subdivide(HALVINGS, "linear"))
