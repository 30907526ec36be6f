"""What a rule finds that is to place something in one active zone, or on the whole membrane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import ModelError
from rdcalcium.model.placement.number import Poisson
from rdcalcium.placement.chart import Chart, raised
from rdcalcium.placement.crowd import Crowd
from rdcalcium.placement.ground import Ground
from rdcalcium.placement.images import depth_everywhere, everywhere, from_others
from rdcalcium.placement.membrane import OFF
from rdcalcium.solids import Solid
from rdcalcium.units import SAME_PLACE

TOUCHING = 1 - 1e-9  # of the sum of two radii


@dataclass(frozen=True, eq=False)
class Placing:
    """What a rule may know; all lengths in µm.

    called   what is placed, and where, as messages say it
    ground   where the feet may be
    chart    coordinates of the membrane there: places are its u, v, h
    radius   of the vesicles that are placed; 0 of what has no size
    feet     name -> feet of all those of that name in the terminal, (m, 3)
    trees    name -> the same and all their images
    bodies   what stands in the terminal as the model lists it, which nothing must overlap
    vesicles those that have been placed, likewise
    rng      random numbers for this alone
    """

    called: str
    ground: Ground
    chart: Chart
    radius: float
    feet: dict[str, np.ndarray]
    trees: dict[str, cKDTree]
    bodies: tuple[Solid, ...]
    vesicles: Crowd
    rng: np.random.Generator

    def how_many(self, number: int | Poisson) -> int:
        """How many: as given, or drawn."""
        return int(self.rng.poisson(number.mean)) if isinstance(number, Poisson) else number

    def points(self, places: np.ndarray) -> np.ndarray:
        """Where things are whose lowest points are at places (n, 3): centres of vesicles; (n, 3)."""
        return self.chart.space(places + np.array([0.0, 0.0, self.radius]))

    def feet_of(self, places: np.ndarray) -> np.ndarray:
        """The points of the membrane below places (n, 3), (n, 3)."""
        return self.chart.space(raised(places[:, :2], 0.0))

    def near(self, name: str) -> np.ndarray:
        """Feet u, v of those of a name that are on this ground, (m, 2); ModelError where none is."""
        return self._on_ground(name, self.feet[name])

    def near_everywhere(self, name: str) -> np.ndarray:
        """The same, with those images that are on this ground."""
        return self._on_ground(name, self.everywhere(self.feet[name]))

    def _on_ground(self, name: str, feet: np.ndarray) -> np.ndarray:
        """Those of some feet (n, 3) that are, their u, v, (m, 2)."""
        feet = self.chart.flat(feet[self.chart.within(self.ground, feet)])
        if not len(feet):
            raise ModelError(f"{self.called}: none of {name!r} is there; place them in these zones first")
        return feet

    def clear_of(self, name: str, distance: float, places: np.ndarray) -> np.ndarray:
        """Which feet of places (n, 3) are at least so far from the feet of all of a name, and their images, (n,)."""
        far, _ = self.trees[name].query(self.feet_of(places))
        clear: np.ndarray = far >= distance * TOUCHING
        return clear

    def everywhere(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 3), and their images in mirror planes and in the tiles around, (m, 3)."""
        return everywhere(self.chart.membrane.shape, points)

    def free(self, places: np.ndarray) -> np.ndarray:
        """Which places (n, 3) are above the ground, and in the terminal without overlap of vesicles; (n,)."""
        free, points, membrane = self.ground.contains(places[:, :2]), self.points(places), self.chart.membrane
        free &= membrane.contains(self.feet_of(places))
        free &= membrane.solid.depth(points) >= self.radius * TOUCHING - OFF
        return free & self.clear_of_bodies(points)

    def clear_of_bodies(self, points: np.ndarray) -> np.ndarray:
        """Which centres (n, 3) are so far from all that stands in the terminal, and its images, that none overlap."""
        clear = self.vesicles.is_far(points, (self.radius + self.vesicles.radii) * TOUCHING - SAME_PLACE)
        for body in self.bodies:
            depth = depth_everywhere(self.chart.membrane.shape, body, points)
            clear &= depth <= SAME_PLACE - self.radius * TOUCHING
        return clear

    def require_free(self, places: np.ndarray) -> np.ndarray:
        """Places that a rule gives without chance; ModelError where one is beyond the ground, or overlaps."""
        wrong = ~(self.free(places) & self._clear_of_each_other(self.points(places)))
        if wrong.any():
            image = ", in a mirror image of their own" if self.radius and self.chart.membrane.shape.mirrors else ""
            other = f"another vesicle or a body{image}" if self.radius else "a body"
            raise ModelError(
                f"{self.called}: {wrong.sum()} of {len(places)} places are beyond its edge, in {other}, or outside the "
                "terminal; ask for fewer, farther apart or closer to its centre, or make the zone larger"
            )
        return places

    def _clear_of_each_other(self, points: np.ndarray) -> np.ndarray:
        """Which vesicles with centres (n, 3) overlap none of the others, nor an image of one, (n,)."""
        if not self.radius:
            return np.ones(len(points), dtype=bool)
        return np.asarray(from_others(self.chart.membrane.shape, points) >= 2 * self.radius * TOUCHING)
