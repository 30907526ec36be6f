"""Calcium at any points of a picture, from the cells of any mesh."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.sparse import csr_array, eye_array
from scipy.spatial import cKDTree

from rdcalcium.results import CellComplex
from rdcalcium.solids import Block, Solid, Surface
from rdcalcium.solids.base import place
from rdcalcium.units import SAME_PLACE
from rdcalcium.view.run_folder import CALCIUM, RunFolder

AROUND = 0.02  # µm from an obstacle, within which a point without cytosol belongs to it
NOTHING = -9.0  # logarithm that stands for no calcium at all
SKIP = 4  # points of a raster, of which the depth is taken once


class Samples:
    """log10 [Ca²⁺] of every snapshot at some points.

    Interpolation is of the logarithm, which makes iso-surfaces of a steep plume round where cells are coarse.
    What does not change with time, the cell around each point and its weights, is found once.

    points   (n, 3), (nu, nv, 3) or (nx, ny, nz, 3) µm; but the first, rasters with points that are evenly spaced
    spacing  µm, between points that are next to each other
    """

    def __init__(self, run: RunFolder, points: np.ndarray, spacing: float):
        self.run, self.scene = run, run.scene.unfolded()
        self.shape, self.spacing = points.shape[:-1], spacing
        self._points = points.reshape(-1, 3)
        self._to_points, self._to_samples, self._cytosol = self._operators()
        self._source = self._nearest()

    def logarithm(self, index: int) -> np.ndarray:
        """log10 of [Ca²⁺] in µM, one for each point; beyond the cytosol that of the nearest, so that nothing drops."""
        calcium = self.run.snapshots.read(index)[CALCIUM].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.nan_to_num(np.log10(calcium), nan=NOTHING, neginf=NOTHING)
        return (self._to_samples @ (self._to_points @ logarithm))[self._source].reshape(self.shape)

    @cached_property
    def outside(self) -> np.ndarray:
        """Which points are not in the terminal: beyond its outline, or where no cells are."""
        if self.scene.outline:
            return self.depth < 0
        in_body = self.scene.outside(self._points, AROUND).reshape(self.shape) < AROUND
        return (~self._cytosol & ~in_body) | (self._in_box < -self.spacing)

    @cached_property
    def depth(self) -> np.ndarray:
        """How far each point of a raster is from the wall, µm: negative outside, positive in cytosol and obstacles."""
        if self.scene.outline:
            return depths(self.scene.outline, self._points.reshape(*self.shape, 3))
        if not self.outside.any():
            return np.ones(self.shape)
        depth = distance_transform_edt(~self.outside) - distance_transform_edt(self.outside)
        depth = self.spacing * gaussian_filter(depth, 1.0)  # else the wall has steps of a raster point
        return np.minimum(depth, self._in_box)

    @cached_property
    def _in_box(self) -> np.ndarray:
        """How deep each point is in the box of the scene, µm."""
        box = Block(place(self.scene.lower), place(self.scene.upper))
        return box.depth(self._points).reshape(self.shape)

    def _nearest(self) -> np.ndarray:
        """Flat index of the point whose value each one shows: its own, or of the nearest in the cytosol."""
        if self._cytosol.all() or not self._cytosol.any():
            return np.arange(self._cytosol.size)
        if len(self.shape) > 1:
            nearest = distance_transform_edt(~self._cytosol, return_distances=False, return_indices=True)
            return np.ravel_multi_index(tuple(nearest), self.shape).ravel()
        known, source = np.flatnonzero(self._cytosol), np.arange(self._cytosol.size)
        source[~self._cytosol] = known[cKDTree(self._points[known]).query(self._points[~self._cytosol])[1]]
        return source

    def _folded(self) -> np.ndarray:
        """The points, those beyond a mirror replaced by their image, and none exactly on the boundary."""
        points, scene = self._points.copy(), self.run.scene
        inset = 1e-4 * self.spacing
        for axis, mirror in scene.mirrors.items():
            side = 1 if scene.upper[axis] > mirror else -1
            away = np.maximum(np.abs(points[:, axis] - mirror), self._half_cell(axis, mirror) - inset)
            points[:, axis] = mirror + side * away
        held = np.clip(points, scene.lower + inset, scene.upper - inset)
        return np.where(
            np.abs(held - points) <= self.spacing, held, points
        )  # the last of a raster may be beyond an end

    def _half_cell(self, axis: int, mirror: float) -> float:
        """Width of the half cells beside a mirror, µm: with its image each is one cell, across which nothing bends."""
        picture = self.run.snapshots.picture
        away = np.abs(picture.points[:, axis] - mirror)
        return float(away[away > SAME_PLACE].min(initial=np.inf)) if picture.centring == "cell" else 0.0

    def _operators(self) -> tuple[csr_array, csr_array, np.ndarray]:
        picture = self.run.snapshots.picture
        points = self._folded()
        near = _cells_near(picture, points.min(axis=0), points.max(axis=0))
        corners = picture.connectivity[near]
        owner = _find(picture.points, corners, points)
        inside = np.flatnonzero(owner >= 0)
        corners_of = corners[owner[inside]]
        weights = _weights(picture.points[corners_of], points[inside])
        rows = np.repeat(inside, corners_of.shape[1])
        to_samples = csr_array((weights.ravel(), (rows, corners_of.ravel())), shape=(len(points), len(picture.points)))
        return _to_points(picture, near), to_samples, (owner >= 0).reshape(self.shape)


def depths(body: Solid, points: np.ndarray) -> np.ndarray:
    """How deep points are in a body, µm; (nu, nv) of a raster (nu, nv, 3), and so on.

    Of a body of triangles, which takes long to say so, only some points of a raster are asked, and those between are
    interpolated.
    """
    shape = points.shape[:-1]
    if not isinstance(body, Surface) or len(shape) == 1:
        return np.asarray(body.depth(points.reshape(-1, 3)).reshape(shape))
    asked = [np.unique([*range(0, n, SKIP), n - 1]) for n in shape]
    some = points[np.ix_(*asked)]
    known = body.depth(some.reshape(-1, 3)).reshape(some.shape[:-1])
    return np.asarray(RegularGridInterpolator(asked, known)(np.moveaxis(np.indices(shape), 0, -1)))


def _cells_near(picture: CellComplex, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Numbers of the cells that overlap a box."""
    overlap = np.ones(len(picture.connectivity), dtype=bool)
    for axis in range(3):
        corner = picture.points[:, axis][picture.connectivity]
        overlap &= (corner.min(axis=1) <= upper[axis]) & (corner.max(axis=1) >= lower[axis])
    return np.flatnonzero(overlap)


def _find(vertices: np.ndarray, corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The cell that each point lies in, or -1."""
    import pyvista

    if not len(corners):
        return np.full(len(points), -1)
    vtk_type = pyvista.CellType.TETRA if corners.shape[1] == 4 else pyvista.CellType.HEXAHEDRON
    used, renumbered = np.unique(corners, return_inverse=True)
    grid = pyvista.UnstructuredGrid({vtk_type: renumbered.reshape(corners.shape)}, vertices[used])
    grid.cell_data["cell"] = np.arange(len(corners))
    found = pyvista.PolyData(points).sample(grid)
    return np.where(found["vtkValidPointMask"] == 1, found["cell"], -1)


def _weights(corners: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Linear weights of the corners of a tetrahedron, or trilinear ones of an upright hexahedron.

    corners  (n, 4 or 8, 3)
    points   (n, 3)
    """
    first = corners[:, 0]
    if corners.shape[1] == 4:
        edges = (corners[:, 1:] - first[:, None]).transpose(0, 2, 1)
        rest = np.linalg.solve(edges, (points - first)[..., None])[..., 0]
        return np.column_stack([1 - rest.sum(axis=1), rest])
    x, y, z = np.clip((points - first) / (corners[:, 6] - first), 0, 1).T
    square = [(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y]
    return np.column_stack([s * (1 - z) for s in square] + [s * z for s in square])


def _to_points(picture: CellComplex, near: np.ndarray) -> csr_array:
    """Mean over the cells around each corner of the cells `near`; the identity for values on points."""
    if picture.centring == "point":
        return csr_array(eye_array(len(picture.points)))
    wanted = np.zeros(len(picture.points), dtype=bool)
    wanted[picture.connectivity[near]] = True
    near = np.flatnonzero(wanted[picture.connectivity].any(axis=1))
    corners = picture.connectivity[near]
    rows, columns = corners.ravel(), np.repeat(near, corners.shape[1])
    share = 1.0 / np.bincount(rows, minlength=len(picture.points)).clip(1)
    return csr_array((share[rows], (rows, columns)), shape=(len(picture.points), len(picture.connectivity)))
