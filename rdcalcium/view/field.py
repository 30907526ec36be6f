"""Calcium near the active zone on a fine regular raster, from the cells of any mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.view.run_folder import CALCIUM, RunFolder
from rdcalcium.view.sampling import Samples

if TYPE_CHECKING:
    import pyvista

LOG_CALCIUM = f"log10 of {CALCIUM}"
RASTER = 150  # points along the longest side of the frame
MARGIN = 0.05  # µm of cytosol around what stands in the active zone
GROWTH = 0.75  # how far the frame may follow the plume, in widths of the active zone
HOLDS, WHOLE = 2.0, 1.6  # times larger may a frame become that holds a body, or the whole terminal
LITTLE = 0.01  # µm around a body
DEPTH = "depth in the cytosol"  # µm, negative outside; surfaces end where it is zero


def frame_of(run: RunFolder, level: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the part worth looking at, in µm.

    It holds channels, sensors, active zones, and the plume above a level in µM at its peak, as far
    as that spreads no more than GROWTH times the width of the active zone. It goes on to the ends of bodies that reach
    into it, and to those of a terminal whose form is known, where that makes it no larger than HOLDS and WHOLE allow.
    """
    scene = run.scene.unfolded()
    rims = [run.zones[:, :3] + run.zones[:, 3:] * way for way in np.concatenate([np.eye(3), -np.eye(3)])]
    spots = np.concatenate([scene.channels, scene.sensors, *rims])
    if not len(spots) and scene.membrane is not None:
        middles = [np.mean(body.bounds, axis=0) for body in scene.bodies]
        spots = np.concatenate([scene.vesicles[:, :3], np.reshape(middles, (-1, 3))])
    if not len(spots):
        return scene.lower, scene.upper
    tight = spots.min(axis=0) - MARGIN, spots.max(axis=0) + MARGIN
    room = GROWTH * (tight[1] - tight[0])[:2].max()
    plume = _plume_bounds(run, level)
    lower = np.maximum(np.minimum(tight[0], plume[0]), tight[0] - room)
    upper = np.minimum(np.maximum(tight[1], plume[1]), tight[1] + room)
    if scene.membrane is not None:
        lower[2] = scene.membrane
        upper[2] = max(upper[2], scene.membrane + 0.08)
    for body in scene.bodies:
        lower, upper = _with_body(np.array(body.bounds), lower, upper)
    if scene.outline and (scene.upper - scene.lower).max() < WHOLE * (upper - lower).max():
        return scene.lower, scene.upper
    return np.maximum(lower, scene.lower), np.minimum(upper, scene.upper)


def _with_body(box: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A frame that holds a body with this box, (2, 3), if it reaches into it."""
    if (box[0] > upper).any() or (box[1] < lower).any():
        return lower, upper
    larger = np.minimum(lower, box[0] - LITTLE), np.maximum(upper, box[1] + LITTLE)
    return larger if np.ptp(larger, axis=0).max() < HOLDS * (upper - lower).max() else (lower, upper)


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


class CalciumRaster(Samples):
    """Samples at the points of one raster in a box.

    lower, upper  (3,) corners of the box, µm
    spacing       µm; none: RASTER points along the longest side
    """

    def __init__(self, run: RunFolder, lower: np.ndarray, upper: np.ndarray, spacing: float | None = None):
        spacing = spacing or float((upper - lower).max()) / RASTER
        counts = np.maximum(np.ceil((upper - lower) / spacing - 1e-6).astype(int) + 1, 2)
        self.axes = [lo + spacing * np.arange(n) for lo, n in zip(lower, counts, strict=True)]
        super().__init__(run, np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1), spacing)

    def image(self, index: int) -> pyvista.ImageData:
        """One snapshot as an image with the point arrays LOG_CALCIUM and DEPTH."""
        import pyvista

        origin = [axis[0] for axis in self.axes]
        image = pyvista.ImageData(dimensions=self.shape, spacing=3 * (self.spacing,), origin=origin)
        image.point_data[LOG_CALCIUM] = self.logarithm(index).ravel(order="F")
        image.point_data[DEPTH] = self.depth.ravel(order="F")
        return image
