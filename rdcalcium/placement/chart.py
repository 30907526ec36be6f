"""A part of the membrane in plane coordinates: two along it, and the height above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.model.placement.zones import Zone

SAME = 1e-6  # µm, by which a foot may be off the membrane of its chart


@dataclass(frozen=True, eq=False)
class Chart:
    """Coordinates u, v of feet on a plane membrane, and the height h above it; all in µm.

    origin  (3,)    where u = v = h = 0
    axes    (3, 3)  unit vectors of u, v and h
    """

    origin: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, zone: Zone) -> Chart:
        """Around the centre of a zone; u and v go along x and y where the membrane is level."""
        normal = np.array(zone.normal)
        u = np.eye(3)[0] if abs(normal[0]) < 0.9 else np.eye(3)[1]
        u = u - (u @ normal) * normal
        u /= np.linalg.norm(u)
        return cls(np.array(zone.centre), np.stack([u, np.cross(normal, u), normal]))

    def space(self, places: np.ndarray) -> np.ndarray:
        """Points of the terminal at places u, v, h, (n, 3) of (n, 3)."""
        points: np.ndarray = self.origin + places @ self.axes
        return points

    def feet(self, points: np.ndarray) -> np.ndarray:
        """Coordinates u, v, h of points of the terminal, (n, 3) of (n, 3)."""
        places: np.ndarray = (points - self.origin) @ self.axes.T
        return places


def raised(feet: np.ndarray, height: float) -> np.ndarray:
    """Places u, v, h at one height above feet u, v, (n, 3) of (n, 2)."""
    return np.column_stack([feet, np.full(len(feet), height)])
