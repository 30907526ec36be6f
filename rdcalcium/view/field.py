"""Calcium near the active zone on a fine regular raster, from the cells of any mesh."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.sparse import csr_array, eye_array

from rdcalcium.results import CellComplex
from rdcalcium.view.run_folder import CALCIUM, RunFolder

if TYPE_CHECKING:
    import pyvista

LOG_CALCIUM = f"log10 of {CALCIUM}"
RASTER = 150  # points along the longest side of the frame
MARGIN = 0.05  # µm of cytosol around what stands in the active zone
AROUND = 0.02  # µm from an obstacle, within which a point without cytosol belongs to it
GROWTH = 0.75  # how far the frame may follow the plume, in widths of the active zone
NOTHING = -9.0  # logarithm that stands for no calcium at all
TOUCHING = 1e-9  # µm
DEPTH = "depth in the cytosol"  # µm, negative outside; surfaces end where it is zero


def frame_of(run: RunFolder, level: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the part worth looking at, in µm.

    It holds channels, sensors, the vesicles over them, and the plume above a level in µM at its peak, as far
    as that spreads no more than GROWTH times the width of the active zone.
    """
    scene = run.scene.unfolded()
    spots = np.concatenate([scene.channels, scene.sensors])
    if not len(spots):
        middles = [np.mean(body.bounds, axis=0) for body in scene.bodies]
        spots = np.concatenate([scene.vesicles[:, :3], np.reshape(middles, (-1, 3))])
    if not len(spots):
        return scene.lower, scene.upper
    tight = spots.min(axis=0) - MARGIN, spots.max(axis=0) + MARGIN
    room = GROWTH * (tight[1] - tight[0])[:2].max()
    plume = _plume_bounds(run, level)
    lower = np.maximum(np.minimum(tight[0], plume[0]), tight[0] - room)
    upper = np.minimum(np.maximum(tight[1], plume[1]), tight[1] + room)
    lower[2] = scene.floor
    upper[2] = max(upper[2], scene.floor + 0.08)
    return np.maximum(lower, scene.lower), np.minimum(upper, scene.upper)


def _plume_bounds(run: RunFolder, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the box around all cells above a level in µM at the peak; an inverted box without any."""
    picture, scene = run.snapshots.picture, run.scene
    calcium = run.snapshots.read(run.nearest(None))[CALCIUM]
    high = np.flatnonzero(calcium > level)
    points = picture.points[high] if picture.centring == "point" else picture.points[picture.connectivity[high]]
    points = points.reshape(-1, 3)
    if not len(points):
        return np.full(3, np.inf), np.full(3, -np.inf)
    lower, upper = points.min(axis=0) - 0.01, points.max(axis=0) + 0.01
    for axis, mirror in scene.mirrors.items():
        reach = max(abs(lower[axis] - mirror), abs(upper[axis] - mirror))
        lower[axis], upper[axis] = mirror - reach, mirror + reach
    return lower, upper


class CalciumRaster:
    """Samples log10 [Ca²⁺] of every snapshot at the points of one raster.

    Interpolation is of the logarithm, which makes iso-surfaces of a steep plume round where cells are coarse.
    What does not change with time, the cell around each raster point and its weights, is found once.
    """

    def __init__(self, run: RunFolder, lower: np.ndarray, upper: np.ndarray, spacing: float | None = None):
        self.run, self._scene = run, run.scene.unfolded()
        spacing = spacing or float((upper - lower).max()) / RASTER
        counts = np.maximum(np.ceil((upper - lower) / spacing - 1e-6).astype(int) + 1, 2)
        self._axes = [lo + spacing * np.arange(n) for lo, n in zip(lower, counts, strict=True)]
        self._spacing, self.shape = spacing, tuple(counts)
        self._to_points, self._to_raster, self._cytosol = self._operators()
        self._source = self._nearest()
        self.outside = self._beyond()

    def image(self, index: int) -> pyvista.ImageData:
        """One snapshot as an image with the point arrays LOG_CALCIUM and DEPTH."""
        import pyvista

        origin = [axis[0] for axis in self._axes]
        image = pyvista.ImageData(dimensions=self.shape, spacing=3 * (self._spacing,), origin=origin)
        image.point_data[LOG_CALCIUM] = self.logarithm(index).ravel(order="F")
        image.point_data[DEPTH] = self._depth.ravel(order="F")
        return image

    def logarithm(self, index: int) -> np.ndarray:
        """log10 of [Ca²⁺] in µM, (nx, ny, nz); beyond the cytosol that of the nearest, so that nothing drops."""
        calcium = self.run.snapshots.read(index)[CALCIUM].astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithm = np.nan_to_num(np.log10(calcium), nan=NOTHING, neginf=NOTHING)
        return (self._to_raster @ (self._to_points @ logarithm))[self._source].reshape(self.shape)

    @cached_property
    def _depth(self) -> np.ndarray:
        """How far each raster point is from the wall, (nx, ny, nz) µm: negative outside, positive in cytosol."""
        if not self.outside.any():
            return np.ones(self.shape)
        if self._scene.outline:
            return self._scene.outline.depth(self._points()).reshape(self.shape)
        depth = distance_transform_edt(~self.outside) - distance_transform_edt(self.outside)
        return self._spacing * np.asarray(gaussian_filter(depth, 1.0))  # else the wall has steps of a raster point

    def _beyond(self) -> np.ndarray:
        """Raster points that are not in the terminal, (nx, ny, nz): beyond its outline, or where no cells are."""
        if self._scene.outline:
            outside: np.ndarray = self._scene.outline.depth(self._points()).reshape(self.shape) < 0
            return outside
        in_body = self._scene.outside(self._points(), AROUND).reshape(self.shape) < AROUND
        return ~self._cytosol & ~in_body

    def _nearest(self) -> np.ndarray:
        """Flat index of the raster point whose value each one shows: its own, or of the nearest in the cytosol."""
        if self._cytosol.all() or not self._cytosol.any():
            return np.arange(self._cytosol.size)
        nearest = distance_transform_edt(~self._cytosol, return_distances=False, return_indices=True)
        return np.ravel_multi_index(tuple(nearest), self.shape).ravel()

    def _points(self) -> np.ndarray:
        return np.stack(np.meshgrid(*self._axes, indexing="ij"), axis=-1).reshape(-1, 3)

    def _folded(self) -> np.ndarray:
        """Raster points, those beyond a mirror replaced by their image, and none exactly on the boundary."""
        points, scene = self._points(), self.run.scene
        inset = 1e-4 * self._spacing
        for axis, mirror in scene.mirrors.items():
            side = 1 if scene.upper[axis] > mirror else -1
            away = np.maximum(np.abs(points[:, axis] - mirror), self._half_cell(axis, mirror) - inset)
            points[:, axis] = mirror + side * away
        return np.clip(points, scene.lower + inset, scene.upper - inset)

    def _half_cell(self, axis: int, mirror: float) -> float:
        """Width of the half cells beside a mirror, µm: with its image each is one cell, across which nothing bends."""
        picture = self.run.snapshots.picture
        away = np.abs(picture.points[:, axis] - mirror)
        return float(away[away > TOUCHING].min(initial=np.inf)) if picture.centring == "cell" else 0.0

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
        to_raster = csr_array((weights.ravel(), (rows, corners_of.ravel())), shape=(len(points), len(picture.points)))
        return _to_points(picture, near), to_raster, (owner >= 0).reshape(self.shape)


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
