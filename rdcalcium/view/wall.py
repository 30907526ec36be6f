"""A membrane that is no plane, in perspective: calcium just inside it on the far side, and glass on the near one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.results.scene import Scene
from rdcalcium.solids import Solid
from rdcalcium.solids.base import place
from rdcalcium.view.bodies import NORMALS, surface_of
from rdcalcium.view.run_folder import CALCIUM, RunFolder
from rdcalcium.view.sampling import Samples
from rdcalcium.view.style import SLICE_HEIGHT

if TYPE_CHECKING:
    import pyvista

FINE = 0.3  # µm around channels, within which triangles are divided
HALVINGS = 2  # of the sides of these


class Wall:
    """The surface of a terminal in a box, with calcium just inside it.

    surface  triangles and NORMALS face outwards; triangles are smaller near channels, where calcium is steep
    """

    def __init__(self, run: RunFolder, surface: pyvista.PolyData):
        self.surface = surface
        inside = np.asarray(surface.points - SLICE_HEIGHT * surface.point_data[NORMALS], dtype=float)
        self._samples = Samples(run, inside, SLICE_HEIGHT)

    def show(self, index: int) -> pyvista.PolyData:
        """One snapshot as the point array CALCIUM, µM."""
        self.surface.point_data[CALCIUM] = 10 ** self._samples.logarithm(index)
        return self.surface


def wall_of(run: RunFolder, lower: np.ndarray, upper: np.ndarray) -> Wall | None:
    """What of the surface of a terminal is in a box; None where its membrane is a plane."""
    scene = run.scene.unfolded()
    if scene.membrane is not None:
        return None
    surface = _smooth(scene, scene.outline, lower, upper) if scene.outline else _ends(run)
    surface = surface.clip_box(np.column_stack([lower, upper]).ravel(), invert=False)
    return Wall(run, surface) if surface.n_points else None


def _smooth(scene: Scene, outline: Solid, lower: np.ndarray, upper: np.ndarray) -> pyvista.PolyData:
    """Of an outline; triangles near channels are divided, and stay in their planes, so that they leave no gap."""
    surface = surface_of(outline, (place(lower), place(upper))).triangulate()
    if not len(scene.channels) or not surface.n_points:
        return surface
    points, faces, normals = np.asarray(surface.points, dtype=float), surface.regular_faces, surface.point_data[NORMALS]
    near = cKDTree(scene.channels).query(points[faces].mean(axis=1))[0] < FINE
    if not near.any():
        return surface
    fine = _surface(points, faces[near], normals).subdivide(HALVINGS, "linear")
    return _surface(points, faces[~near], normals).append_polydata(fine)


def _ends(run: RunFolder) -> pyvista.PolyData:
    """Where tetrahedra end, of a terminal of which nothing else is known."""
    cells, points = run.snapshots.picture.connectivity, run.snapshots.picture.points
    faces = cells[:, [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]]].reshape(-1, 3)
    _, first, count = np.unique(np.sort(faces, axis=1), axis=0, return_index=True, return_counts=True)
    ends = _surface(points, faces[first[count == 1]], np.zeros_like(points))
    return ends.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=False)


def _surface(points: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> pyvista.PolyData:
    """Triangles with the normals of their corners."""
    import pyvista

    surface = pyvista.PolyData.from_regular_faces(points, faces)
    surface.point_data[NORMALS] = normals
    return surface.clean(tolerance=0.0) if len(faces) else surface
