"""Rasters of points that flat pictures show: in a plane, or along a membrane that is not one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RectBivariateSpline

from rdcalcium.solids import Solid, frame
from rdcalcium.view.field import frame_of
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.sampling import depths
from rdcalcium.view.spot import Spot
from rdcalcium.view.style import SLICE_HEIGHT

RASTER = 300  # points along the longer side
COARSE = 60  # points along either side, at which a membrane or the edge of a terminal is sought
HALVINGS = 20  # of the distance to a membrane
NEAR = 0.02  # µm from a section, within which points are drawn on it
TURNS = 36  # planes through a zone among which the one is that says most
AROUND = 0.03  # of the size of a terminal, which is shown beyond it
BELOW = 0.1  # of the height of a picture, which is shown beyond the membrane


@dataclass(frozen=True, eq=False)
class Sheet:
    """Points of a raster, evenly spaced in coordinates u and v of a plane.

    points  (nu, nv, 3)  µm
    u, v    (nu,), (nv,) µm
    origin  (3,)         where both are 0
    axes    (3, 3)       unit vectors of u and v, and the normal
    near    µm           from the plane, within which channels and sensors are shown on it
    """

    points: np.ndarray
    u: np.ndarray
    v: np.ndarray
    origin: np.ndarray
    axes: np.ndarray
    near: float = np.inf

    @property
    def spacing(self) -> float:
        """Of the raster, µm."""
        return float(self.u[1] - self.u[0])

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Lowest and highest u, then v, µm."""
        return float(self.u[0]), float(self.u[-1]), float(self.v[0]), float(self.v[-1])

    @property
    def aspect(self) -> float:
        """Width over height."""
        left, right, bottom, top = self.extent
        return (right - left) / (top - bottom)

    def flat(self, points: np.ndarray) -> np.ndarray:
        """Coordinates u, v and the height over the plane, (p, 3) of (p, 3) µm."""
        return np.asarray((points - self.origin) @ self.axes.T)

    def shown(self, points: np.ndarray) -> np.ndarray:
        """Coordinates u, v of those of some points that are near, (s, 2) of (p, 3) µm."""
        flat = self.flat(points)
        left, right, bottom, top = self.extent
        inside = (flat[:, :2] >= [left, bottom]) & (flat[:, :2] <= [right, top])
        return np.asarray(flat[inside.all(axis=1) & (np.abs(flat[:, 2]) < self.near), :2])


def plane_sheet(
    origin: np.ndarray, axes: np.ndarray, low: np.ndarray, high: np.ndarray, count: int = RASTER, near: float = np.inf
) -> Sheet:
    """A part of a plane, between corners (u, v) in µm; there are `count` points along its longer side."""
    spacing = float((high - low).max()) / count
    u, v = (np.arange(a, b + spacing / 2, spacing) for a, b in zip(low, high, strict=True))
    points = origin + u[:, None, None] * axes[0] + v[None, :, None] * axes[1]
    return Sheet(points, u, v, origin, axes, near)


def over_membrane(run: RunFolder, spot: Spot, close: bool) -> Sheet:
    """Just above the membrane, seen along its normal.

    A membrane that is a plane is shown as far as there is something to see, unless it shall be `close` to the spot;
    one that is curved around the spot.
    """
    if spot.scene.membrane is None and spot.on_membrane:
        return _along(spot)
    low, high = frame_of(run)
    if close:
        low, high = np.maximum(low, spot.point - spot.reach), np.minimum(high, spot.point + spot.reach)
    height = min(spot.point[2] + SLICE_HEIGHT * spot.on_membrane, run.scene.upper[2])
    return plane_sheet(np.array([0.0, 0.0, height]), np.eye(3), low[:2], high[:2])


def _along(spot: Spot) -> Sheet:
    """Along a curved membrane: over each point of the plane that touches it, as far as it goes that far."""
    reach = np.full(2, spot.reach)
    coarse, fine = (plane_sheet(spot.point, spot.axes, -reach, reach, count) for count in (COARSE, RASTER))
    heights = RectBivariateSpline(coarse.u, coarse.v, _heights(spot.outline, coarse, spot.reach))
    h, slope_u, slope_v = (heights(fine.u, fine.v, dx=i, dy=j) for i, j in ((0, 0), (1, 0), (0, 1)))
    normals = np.stack([-slope_u, -slope_v, np.ones_like(h)], axis=-1)
    normals *= SLICE_HEIGHT / np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[..., 2] += h
    return Sheet(fine.points + normals @ spot.axes, fine.u, fine.v, spot.point, spot.axes, spot.reach)


def _heights(outline: Solid, sheet: Sheet, reach: float) -> np.ndarray:
    """Of the wall over the points of a plane, between `reach` below and above it, (nu, nv) µm; by halving.

    Where there is none it is one of these ends.
    """
    points, normal = sheet.points.reshape(-1, 3), sheet.axes[2]
    low, high = np.full(len(points), -reach), np.full(len(points), reach)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = outline.depth(points + middle[:, None] * normal) > 0
        low, high = np.where(inside, low, middle), np.where(inside, middle, high)
    return np.asarray(high.reshape(sheet.points.shape[:2]))


def across(spot: Spot, normal: np.ndarray | None = None) -> tuple[Sheet, Sheet | None]:
    """The terminal cut through a spot, and the spot close by; None where the first shows no more than that would.

    normal  (3,) of the plane; none: the plane is upright on the membrane, and of all such the one near which most
            channels, sensors and vesicles are
    """
    axes = _upright(spot, _busiest(spot) if normal is None else normal / np.linalg.norm(normal))
    whole = _whole(spot, axes)
    left, right, bottom, top = whole.extent
    below = BELOW * spot.height if spot.on_membrane else spot.reach
    low, high = np.array([-spot.reach, -below]), np.array([spot.reach, spot.height])
    close = plane_sheet(spot.point, axes, np.maximum(low, [left, bottom]), np.minimum(high, [right, top]), near=NEAR)
    wide = max(np.ptp(whole.u), np.ptp(whole.v)) > 1.5 * max(np.ptp(close.u), np.ptp(close.v))
    return whole, close if wide else None


def _upright(spot: Spot, normal: np.ndarray) -> np.ndarray:
    """Axes of a plane: to the right along x, y or z, upwards from the membrane, and the normal, away from us."""
    up = spot.axes[2] - (spot.axes[2] @ normal) * normal
    if np.linalg.norm(up) < 1e-6:
        return frame(normal)
    up /= np.linalg.norm(up)
    right = np.cross(normal, up)
    backwards = right[np.abs(right).argmax()] < 0
    return np.stack([-right, up, -normal] if backwards else [right, up, normal])


def _busiest(spot: Spot) -> np.ndarray:
    """Normal of the plane near which most things are; those of the zone count before those further away."""
    scene = spot.scene
    things = np.concatenate([scene.channels, scene.sensors, scene.vesicles[:, :3]])
    flat = spot.flat(things)
    weight = np.where(np.linalg.norm(flat, axis=1) < 2 * spot.reach, 1.0, 0.1)
    angles = np.pi * np.arange(TURNS) / TURNS + np.pi / 2
    distance = flat[:, :2] @ np.stack([np.cos(angles), np.sin(angles)])
    seen = (weight[:, None] * np.exp(-((distance / NEAR) ** 2))).sum(axis=0)
    best = angles[int(seen.round(6).argmax())]
    return np.asarray(np.cos(best) * spot.axes[0] + np.sin(best) * spot.axes[1])


def _whole(spot: Spot, axes: np.ndarray) -> Sheet:
    """All of a plane that is in the terminal."""
    body = spot.outline
    corners = np.stack(np.meshgrid(*np.array(body.bounds).T), axis=-1).reshape(-1, 3)
    flat = (corners - spot.point) @ axes[:2].T
    wide = plane_sheet(spot.point, axes, flat.min(axis=0), flat.max(axis=0), 4 * COARSE)
    inside = depths(body, wide.points) >= 0
    edges = [axis[inside.any(axis=1 - k)] for k, axis in enumerate((wide.u, wide.v))]
    low, high = np.array([edge.min() for edge in edges]), np.array([edge.max() for edge in edges])
    margin = AROUND * (high - low).max()
    return plane_sheet(spot.point, axes, low - margin, high + margin, near=NEAR)
