"""A part of the membrane in plane coordinates: two along it, and the height above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.model.placement.zones import Zone
from rdcalcium.placement.ground import Ground
from rdcalcium.placement.membrane import Membrane
from rdcalcium.solids import frame

HERE = 1e-6  # µm, by which a foot may be off the membrane of a chart, and not on another side of the terminal
RADII, ANGLES = 8, 32  # points of a disc at which the slope of its membrane is taken; a mirror plane halves them
ROUNDS = 60  # in which a foot is sought: enough up to 4/5 of the height at which normals meet


@dataclass(frozen=True, eq=False)
class Chart:
    """Coordinates u, v of feet in a plane that touches the membrane, and the height h above the membrane; all in µm.

    A foot is straight above or below its point of the plane, so that feet are never nearer to each other than their
    coordinates say; where the membrane is level, it is that point.

    membrane  whose part it is
    origin    (3,)    where u = v = h = 0
    axes      (3, 3)  unit vectors of u and v, and the normal of the membrane at the origin
    """

    membrane: Membrane
    origin: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, zone: Zone, membrane: Membrane) -> Chart:
        """Around the centre of a zone; u and v go along x and y where the membrane is level."""
        centre = np.array(zone.centre)
        return cls(membrane, centre, frame(membrane.inward(centre[None])[0]))

    def area(self, radius: float) -> float:
        """That of the computed membrane above or below the disc around the origin, µm²: Gauss's rule in r², all round.

        A piece du dv of the plane is that of the projection of du dv / cos of the angle between both normals.
        """
        nodes, weights = np.polynomial.legendre.leggauss(RADII)
        away, angles = radius * np.sqrt((1 + nodes) / 2), 2 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
        disc = away[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        feet = self.space(raised(disc.reshape(-1, 2), 0.0))
        there = self.membrane.contains(feet) & self.membrane.is_computed(feet)
        stretch = np.zeros(len(feet))
        stretch[there] = 1 / np.abs(self.membrane.inward(feet[there]) @ self.axes[2])
        return float(np.pi * radius**2 * (np.repeat(weights / 2, ANGLES) @ stretch) / ANGLES)

    def space(self, places: np.ndarray) -> np.ndarray:
        """Points of the terminal at places u, v, h, (n, 3) of (n, 3)."""
        flat = self.origin + places[:, :2] @ self.axes[:2]
        feet = self.membrane.along(flat, np.tile(self.axes[2], (len(flat), 1)))
        high = np.flatnonzero(places[:, 2])  # the others need no normal, which is slow to find
        feet[high] += places[high, 2:] * self.membrane.inward(feet[high])
        return feet

    def flat(self, points: np.ndarray) -> np.ndarray:
        """Coordinates u, v of feet, (n, 2) of (n, 3)."""
        return np.asarray((points - self.origin) @ self.axes[:2].T)

    def feet(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates u, v of the feet of points (n, 3) on this side of the terminal, (n, 2), and which have one, (n,).

        The membrane may be nearer elsewhere. A point has a foot here if it lies on the normal of one, not so high that
        the normals around have met below it: up to that height the foot is nearer than all points around it.
        """
        flat, off = self.flat(points), np.full(len(points), np.inf)
        for _ in range(ROUNDS):
            left = np.flatnonzero(off > HERE)
            if not len(left):
                break
            beside = self._beside_normal(flat[left], points[left])
            flat[left] += beside
            off[left] = np.linalg.norm(beside, axis=1)
        feet = self.space(raised(flat, 0.0))
        above = ((points - feet) * self.membrane.inward(feet)).sum(axis=1) > -HERE
        return flat, above & (off <= HERE) & self.membrane.contains(feet)

    def _beside_normal(self, flat: np.ndarray, points: np.ndarray) -> np.ndarray:
        """How far points (n, 3) are beside the normals of feet u, v, along the plane, (n, 2)."""
        feet = self.space(raised(flat, 0.0))
        normals, away = self.membrane.inward(feet), points - feet
        beside: np.ndarray = (away - (away * normals).sum(axis=1, keepdims=True) * normals) @ self.axes[:2].T
        return beside

    def within(self, ground: Ground, feet: np.ndarray) -> np.ndarray:
        """Which feet (n, 3) are on a ground, and not on another side of the terminal; (n,)."""
        flat = self.flat(feet)
        within = ground.contains(flat)
        here = np.linalg.norm(self.space(raised(flat[within], 0.0)) - feet[within], axis=1) < HERE
        within[within] = here
        return within


def raised(feet: np.ndarray, height: float) -> np.ndarray:
    """Places u, v, h at one height above feet u, v, (n, 3) of (n, 2)."""
    return np.column_stack([feet, np.full(len(feet), height)])


def around(rng: np.random.Generator, feet: np.ndarray, distance: float) -> np.ndarray:
    """A point at a distance from each of some feet u, v, in any direction, (n, 2)."""
    angles = 2 * np.pi * rng.random(len(feet))
    points: np.ndarray = feet + distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points
