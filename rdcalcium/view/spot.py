"""The place that flat pictures show close by: an active zone, or the group with the most channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import InputError, suggest
from rdcalcium.results import Row, read_places
from rdcalcium.results.scene import Scene
from rdcalcium.solids import Block, Solid, frame, nearest_on_surface, normals
from rdcalcium.solids.base import place
from rdcalcium.units import nanometres, parse
from rdcalcium.view.run_folder import RunFolder

At = str | tuple[float, float, float]
Normal = At
TOGETHER = 0.3  # µm between channels of one group, at most, where there are no active zones
HERE = 1e-3  # µm from the membrane, within which a place is on it
CLOSE_BY = 0.1  # µm around a point that is asked for
MARGIN = 0.05  # µm of cytosol around what stands there
WIDER = 1.3  # half of the width of a picture, in radii of the zone
STANDING = 3.0  # such halves, within which a body has to be to stand there


@dataclass(frozen=True, eq=False)
class Spot:
    """A place on the membrane, or in the terminal.

    name    of the active zone; empty of any other place
    point   (3,)    µm
    axes    (3, 3)  unit vectors along the membrane, u and v, and away from it into the cytosol
    radius  of the zone, or around the channels of a group, µm
    scene   unfolded
    """

    name: str
    point: np.ndarray
    axes: np.ndarray
    radius: float
    scene: Scene

    @property
    def where(self) -> str:
        """For a reader."""
        at = nanometres((self.point.round(5) + 0.0).tolist(), 4)
        return f"{self.name} at {at}" if self.name else at

    @cached_property
    def outline(self) -> Solid:
        """The whole terminal; of one whose form is not known its box."""
        return self.scene.outline or Block(place(self.scene.lower), place(self.scene.upper))

    @cached_property
    def on_membrane(self) -> bool:
        """Whether it is there, and not in the middle of the cytosol."""
        if self.scene.membrane is not None:
            return abs(float(self.point[2]) - self.scene.membrane) < HERE
        return bool(abs(self.outline.depth(self.point[None])[0]) < HERE)

    @cached_property
    def reach(self) -> float:
        """Half of the width of a picture that shows the zone, and what stands in it, close by, µm."""
        return max([self._around, *(float(np.abs(flat[:, :2]).max()) + MARGIN for flat in self._standing)])

    @cached_property
    def height(self) -> float:
        """Up to which such a picture goes above the membrane, µm."""
        return max([self._around, *(float(flat[:, 2].max()) + MARGIN for flat in self._standing)])

    @property
    def _around(self) -> float:
        """Half of the width of a picture that shows the zone alone, µm."""
        return max(WIDER * self.radius, self.radius + MARGIN)

    @cached_property
    def _standing(self) -> list[np.ndarray]:
        """Corners in coordinates u, v and height, (8, 3) µm, of each body that is wholly near the zone."""
        boxes = [np.array(body.bounds) for body in self.scene.bodies]
        corners = [self.flat(np.stack(np.meshgrid(*box.T), axis=-1).reshape(-1, 3)) for box in boxes]
        return [flat for flat in corners if np.abs(flat).max() < STANDING * self._around]

    def height_of(self, points: np.ndarray) -> np.ndarray:
        """How far points (p, 3) µm are from the membrane, (p,) µm."""
        level = self.scene.membrane
        return self.outline.depth(points) if level is None else points[:, 2] - level

    def flat(self, points: np.ndarray) -> np.ndarray:
        """Coordinates u, v and height, (p, 3) of (p, 3) µm."""
        return np.asarray((points - self.point) @ self.axes.T)


def spot_of(run: RunFolder, at: At | None = None) -> Spot:
    """The place that is asked for; none: the active zone with the most channels, or the largest group of channels.

    at  name of an active zone, or a point: (x, y, z) in µm, or like "0.1 um, 0, 20 nm"

    Raises InputError for a zone that is not there, and for what is no point.
    """
    scene = run.scene.unfolded()
    places = read_places(run.path)
    zones = {zone.name: zone for zone in places if zone.kind == "active zone"}
    if at is None and zones:
        at = max(zones, key=lambda name: sum(p.zone == name for p in places if p.kind == "channel"))
    if isinstance(at, str) and at in zones:
        return _of_zone(zones[at], scene)
    middle, radius = _group(scene) if at is None else (_point(at, zones), CLOSE_BY)
    spot = Spot("", middle, frame(normal_at(scene, middle)), radius, scene)
    if spot.outline.depth(middle[None])[0] < -HERE:
        raise InputError(f"{nanometres(middle)} is outside the terminal; give a point in it, or on its membrane")
    return spot


def direction(normal: Normal | None) -> np.ndarray | None:
    """Of a plane, (3,); raises InputError for what is not three numbers, or for none of a length."""
    if normal is None:
        return None
    words = normal.strip("()[] ").split(",") if isinstance(normal, str) else normal
    try:
        found = np.array([float(word) for word in words]).reshape(3)
    except ValueError:
        found = np.zeros(3)
    if not 0 < np.linalg.norm(found) < np.inf:
        raise InputError(f"the normal of a plane is three numbers, not all 0, such as '0, 1, 0', and not {normal!r}")
    return found


def _of_zone(zone: Row, scene: Scene) -> Spot:
    point = np.array(zone.point)
    return Spot(zone.name, point, frame(normal_at(scene, point)), zone.radius, scene)


def _point(at: At, zones: dict[str, Row]) -> np.ndarray:
    if not isinstance(at, str):
        return np.array(at, dtype=float).reshape(3)
    words = at.strip("()[] ").split(",")
    if len(words) != 3:
        known = suggest(at, zones, "active zones")
        raise InputError(f"there is no active zone {at!r}, nor is it a point such as '0.1 um, 0, 20 nm'; {known}")
    return np.array([_length(word) for word in words])


def _length(word: str) -> float:
    """In µm; without a unit it is that already, as in a model file."""
    try:
        return float(word)
    except ValueError:
        return parse(word, "length")


def _group(scene: Scene) -> tuple[np.ndarray, float]:
    """Middle, on the membrane, and radius of the largest group of channels; else of all that stands there, µm."""
    things = scene.channels if len(scene.channels) else scene.sensors
    if not len(things):
        low, high = (scene.lower, scene.upper) if scene.outline is None else map(np.array, scene.outline.bounds)
        middle = (low + high) / 2
        middle[2] = middle[2] if scene.membrane is None else scene.membrane
        return middle, float((high - low)[:2].min() / 4)
    own = _largest(things)
    low, high = own.min(axis=0), own.max(axis=0)
    radius = float(np.linalg.norm(own - (low + high) / 2, axis=1).max())
    middle = (low + high) / 2
    in_the_open = scene.outline is not None and scene.outline.depth(own).min() > MARGIN
    return middle if in_the_open else _on_membrane(scene, middle), max(radius, MARGIN)


def _largest(points: np.ndarray) -> np.ndarray:
    """Of points (p, 3) the most that are TOGETHER."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = cKDTree(points).query_pairs(TOGETHER, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(points), len(points)))
    _, group = connected_components(links, directed=False)
    return np.asarray(points[group == np.bincount(group).argmax()])


def _on_membrane(scene: Scene, point: np.ndarray) -> np.ndarray:
    if scene.membrane is not None:
        return np.array([*point[:2], scene.membrane])
    return np.array(nearest_on_surface(scene.outline, place(point))) if scene.outline else point


def normal_at(scene: Scene, point: np.ndarray) -> np.ndarray:
    """Away from the membrane, into the cytosol; upwards where that is not known."""
    if scene.membrane is None and scene.outline:
        (normal,) = normals(scene.outline, point[None])
        if normal.any():
            return np.asarray(normal)
    return np.eye(3)[2]
