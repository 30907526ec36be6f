"""How long edges are wanted where: short at some places, growing with the distance from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.solids import Place
from rdcalcium.solids.periodic import Periods, tiled

ALIKE = 1.1  # ratio of sizes that count as one, the smallest of them: each takes a search of its own
NEEDLESS = 0.99  # of the size of a place; one where others ask for this or less need not be asked


@dataclass(frozen=True, eq=False)
class Sizes:
    """The least, over some places, of the size there + growth · distance, up to that in bulk.

    bulk    µm, longest edge that is asked for: Gmsh makes them 1.3 times as long on average, 2.2 times at most
    growth  of the edge length per distance
    places  (k, 3) µm
    sizes   (k,) µm, edge length at each of them
    """

    bulk: float
    growth: float
    places: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    sizes: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def and_at(self, places: np.ndarray, sizes: np.ndarray | float) -> Sizes:
        """The same with more places (k, 3); those where edges of the bulk would do are left out."""
        sizes = np.broadcast_to(sizes, len(places))
        short = sizes < self.bulk
        return replace(
            self,
            places=np.vstack([self.places, places[short]]),
            sizes=np.concatenate([self.sizes, sizes[short]]),
        )

    def in_tiles(self, periods: Periods, low: Place, high: Place) -> Sizes:
        """The same with those images of places in neighbouring tiles that count in this one, from corner to corner."""
        places = tiled(periods, self.places)
        sizes = np.tile(self.sizes, 3 ** len(periods))
        away = np.linalg.norm(np.maximum(np.maximum(low - places, places - high), 0.0), axis=1)
        near = away <= (self.bulk - sizes) / self.growth
        return replace(self, places=places[near], sizes=sizes[near])

    @cached_property
    def classes(self) -> tuple[tuple[float, cKDTree], ...]:
        """Sizes that are alike: the smallest of them, and the places where nothing smaller decides."""
        found: tuple[tuple[float, cKDTree], ...] = ()
        for size, places in self._alike():
            decide = self._least(found, places) > NEEDLESS * size
            if decide.any():
                found = (*found, (size, cKDTree(places[decide])))
        return found

    def _alike(self) -> Iterator[tuple[float, np.ndarray]]:
        """Each size, from the smallest on, and the places (k, 3) of those up to ALIKE times as large."""
        order = np.argsort(self.sizes, kind="stable")
        ordered, first = self.sizes[order], 0
        while first < len(ordered):
            end = int(np.searchsorted(ordered, ALIKE * ordered[first], side="right"))
            yield float(ordered[first]), self.places[order[first:end]]
            first = end

    def reach(self, size: float) -> float:
        """How far from a place of this size the bulk begins, µm."""
        return (self.bulk - size) / self.growth

    def at(self, points: np.ndarray) -> np.ndarray:
        """Edge length at points (p, 3) µm, (p,) µm."""
        return self._least(self.classes, points)

    def _least(self, classes: tuple[tuple[float, cKDTree], ...], points: np.ndarray) -> np.ndarray:
        found = np.full(len(points), self.bulk)
        for size, places in classes:
            distance, _ = places.query(points, distance_upper_bound=self.reach(size))
            np.minimum(found, size + self.growth * distance, out=found)
        return found
