"""The disc of an active zone: how much of pieces of the membrane it holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.geometry.disc import share_within
from rdcalcium.model.placement.zones import Zone
from rdcalcium.model.shapes import Shape
from rdcalcium.placement.chart import Chart, raised
from rdcalcium.placement.membrane import Membrane
from rdcalcium.solids import frame
from rdcalcium.solids.periodic import shifts, unfolded
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose, quartered

FINE = 0.1  # of the radius of a disc: triangles so long count as in it if most of each is
OWN_NAME = "give the zones another name, or leave them out where a mesh file names them"


@dataclass(frozen=True, eq=False)
class ZoneDisc:
    """What of the membrane is straight above or below the plane disc of a zone, not on another side of the terminal.

    normal    (3,) of the membrane at its centre
    membrane  None where it is known only from its triangles; those are on this side that are no farther from the plane
              than the radius
    """

    zone: Zone
    normal: np.ndarray
    membrane: Membrane | None

    @cached_property
    def _axes(self) -> np.ndarray:
        return frame(self.normal)

    def _along(self, points: np.ndarray) -> np.ndarray:
        """Coordinates of points (…, 3) along the plane, from the centre on, (…, 2) µm."""
        along: np.ndarray = (points - np.array(self.zone.centre)) @ self._axes[:2].T
        return along

    def is_near(self, points: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """Whether points (p, 3) are above or below the disc, or beside that by no more than a margin, (p,)."""
        near: np.ndarray = np.linalg.norm(self._along(points), axis=1) < self.zone.radius + margin
        return near

    def share(self, triangles: np.ndarray) -> np.ndarray:
        """Of each of some triangles (k, 3, 3) of the membrane, (k,)."""
        share = share_within(self._along(triangles), self.zone.radius)
        some = np.flatnonzero(share > 0)
        share[some[~self._are_here(triangles[some])]] = 0.0
        return share

    def holds(self, triangles: np.ndarray) -> np.ndarray:
        """Whether the middle of each of some triangles (k, 3, 3) of the membrane is in it, (k,)."""
        inside: np.ndarray = np.linalg.norm(self._along(triangles.mean(axis=1)), axis=1) < self.zone.radius
        inside[inside] = self._are_here(triangles[inside])
        return inside

    def pieces(self, triangles: np.ndarray) -> np.ndarray:
        """What of some triangles (k, 3, 3) of the membrane is in it, as triangles that may be smaller, (n, 3, 3)."""
        found = [triangles[:0]]
        while len(triangles):
            share, longest = share_within(self._along(triangles), self.zone.radius), _longest(triangles)
            small = longest <= FINE * self.zone.radius
            found.append(triangles[(share == 1) | small & (share > 0.5)])
            triangles = quartered(triangles[(share > 0) & (share < 1) & ~small])
        some = np.concatenate(found)
        return some[self._are_here(some)]

    def _are_here(self, triangles: np.ndarray) -> np.ndarray:
        """Which are on the same side of the terminal: nearer to the foot of their middle than they are long."""
        middle = triangles.mean(axis=1)
        if self.membrane is None:
            height = (middle - np.array(self.zone.centre)) @ self._axes[2]
            here: np.ndarray = np.abs(height) <= self.zone.radius
            return here
        foot = Chart.of(self.zone, self.membrane).space(raised(self._along(middle), 0.0))
        return np.asarray(np.linalg.norm(foot - middle, axis=1) < _longest(triangles))


def _longest(triangles: np.ndarray) -> np.ndarray:
    """Longest side of each triangle (k, 3, 3), (k,)."""
    longest: np.ndarray = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(axis=1)
    return longest


def facing(triangles: np.ndarray, zone: Zone) -> np.ndarray:
    """Normal of a membrane that only triangles (k, 3, 3) tell, at a zone, (3,).

    It is the mean over those in the disc of the zone as the nearest one of them, whose normal may be off, faces.
    """
    _, (nearest,) = Locator(loose(triangles)).nearest(np.array([zone.centre]))
    areas = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]) / 2
    first = areas[nearest] / np.linalg.norm(areas[nearest])
    areas *= np.sign(areas @ first)[:, None]
    total: np.ndarray = ZoneDisc(zone, first, None).share(triangles) @ areas
    return total / np.linalg.norm(total)


def discs_of_zone(zone: Zone, shape: Shape, membrane: Membrane | None, triangles: np.ndarray | None) -> list[ZoneDisc]:
    """The disc of a zone, and its images in neighbouring tiles.

    membrane   None where it is known only from its triangles
    triangles  (k, 3, 3) µm, those of the computed part; None on a grid
    """
    if zone.normal:
        normal = np.array(zone.normal)
    elif triangles is not None:
        normal = facing(unfolded(triangles, shape.mirrors), zone)
    else:
        raise LookupError("these control volumes have no triangles")
    x, y, z = zone.centre
    places = ((x + dx, y + dy, z + dz) for dx, dy, dz in shifts(shape.periods).tolist())
    return [ZoneDisc(zone._replace(centre=place), normal, membrane) for place in places]
