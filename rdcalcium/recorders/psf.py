"""The point spread function of a microscope over control volumes, and its images in mirror planes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import ndtr

from rdcalcium.discretization import Discretization

CUT = 5.0  # standard deviations, beyond which a point spread function ends; 6e-7 of the light along each axis


@dataclass(frozen=True, eq=False)
class Boxes:
    """Control volumes as boxes.

    low, high  (n, 3) µm
    """

    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, discretization: Discretization, volumes: np.ndarray) -> Boxes:
        """Of some control volumes: the cells of a grid as they are; of tetrahedra around the nodes."""
        picture = discretization.picture
        if picture.centring == "cell":
            order = np.empty(discretization.size, dtype=np.int64)
            order[picture.selection] = np.arange(len(picture.selection))
            corners = picture.points[picture.connectivity[order[volumes]]]
            return cls(corners.min(axis=1), corners.max(axis=1))
        centres = discretization.centres[volumes]
        half = discretization.locator.widths(centres) / 2
        return cls(centres - half, centres + half)

    def along(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Ends of each along an axis, (n,) each."""
        return self.low[:, axis], self.high[:, axis]

    def mirrored(self, planes: Mapping[int, float]) -> Boxes:
        """Their images in planes: axis -> where it is, µm."""
        low, high = self.low.copy(), self.high.copy()
        for axis, at in planes.items():
            low[:, axis], high[:, axis] = 2 * at - self.high[:, axis], 2 * at - self.low[:, axis]
        return Boxes(low, high)

    def moved(self, by: np.ndarray) -> Boxes:
        """Their images elsewhere, (3,) µm further."""
        return Boxes(self.low + by, self.high + by)


def reflections(mirrors: Mapping[int, float]) -> Iterator[dict[int, float]]:
    """Every choice of mirror planes, none of them first."""
    for chosen in product((False, True), repeat=len(mirrors)):
        yield {axis: at for (axis, at), is_in in zip(mirrors.items(), chosen, strict=True) if is_in}


def mean_gaussian(centre: float, spread: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mean of a normal density over intervals, µm⁻¹, zero beyond CUT; 1 for one without end.

    low, high  (n,) ends of each interval, µm
    """
    if math.isinf(spread):
        return np.ones(len(low))
    near = (high > centre - CUT * spread) & (low < centre + CUT * spread)
    ends = (low[near] - centre) / spread, (high[near] - centre) / spread
    density = np.zeros(len(low))
    density[near] = (ndtr(ends[1]) - ndtr(ends[0])) / (high[near] - low[near])
    return density
