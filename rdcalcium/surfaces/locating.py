"""Which point of some triangles is nearest to each of other points: exact, whatever the triangles are like."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.surfaces.triangles import Triangles


class Locator:
    """Of triangles, by the search of VTK in small boxes, each with the triangles that touch it."""

    def __init__(self, triangles: Triangles) -> None:
        self.triangles = triangles

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of points (p, 3) µm: the nearest point (p, 3) µm of the triangles, and the triangle it is on (p,)."""
        from vtkmodules.vtkCommonCore import reference
        from vtkmodules.vtkCommonDataModel import vtkGenericCell

        feet: list[float] = []
        found: list[int] = []
        number: Any = reference  # it stands for a number that VTK writes
        foot, cell = [0.0, 0.0, 0.0], vtkGenericCell()
        triangle, part, squared = number(0), number(0), number(0.0)
        search = self._boxes.FindClosestPoint
        for point in zip(*points.T.tolist(), strict=True):
            search(point, foot, cell, triangle, part, squared)
            feet += foot
            found.append(triangle.get())
        return np.array(feet, dtype=float).reshape(-1, 3), np.array(found, dtype=np.int64)

    def distances(self, points: np.ndarray, upto: float) -> np.ndarray:
        """Of points (p, 3), (p,) µm; beyond `upto` anything above that and no more than the distance."""
        middles, reach = self._middles
        found: np.ndarray = middles.query(points)[0] - reach
        near = np.flatnonzero(found <= upto)
        found[near] = np.linalg.norm(self.nearest(points[near])[0] - points[near], axis=1)
        return found

    def __reduce__(self) -> tuple[type[Locator], tuple[Triangles]]:
        """Another process makes the boxes of VTK anew."""
        return Locator, (self.triangles,)

    @cached_property
    def _middles(self) -> tuple[cKDTree, float]:
        """The middles of the triangles, and how far from these their corners are, at most."""
        corners = self.triangles.corners()
        middles = corners.mean(axis=1)
        return cKDTree(middles), float(np.linalg.norm(corners - middles[:, None], axis=2).max())

    @cached_property
    def _boxes(self) -> Any:
        from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData, vtkStaticCellLocator

        corners, sides, surface, boxes = vtkPoints(), vtkCellArray(), vtkPolyData(), vtkStaticCellLocator()
        corners.SetData(numpy_to_vtk(self.triangles.points, deep=True))
        sides.SetData(3, numpy_to_vtkIdTypeArray(self.triangles.faces.ravel(), deep=True))
        surface.SetPoints(corners)
        surface.SetPolys(sides)
        boxes.SetDataSet(surface)
        boxes.BuildLocator()
        return boxes
