"""Places at a distance from the nearest of some others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.beside import Beside
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Beside, site: Site) -> np.ndarray:
    """Around any of the others, where none of them is nearer, (n, 3)."""
    feet = site.near(rule.around)

    def draw(number: int) -> np.ndarray:
        return raised(around(site.rng, feet[site.rng.integers(len(feet), size=number)], rule.distance), rule.height)

    def allowed(places: np.ndarray) -> np.ndarray:
        return site.clear_of(rule.around, rule.distance, places)

    return one_by_one(site, draw, site.count(rule.number), rule.spacing, allowed)


def around(rng: np.random.Generator, feet: np.ndarray, distance: float) -> np.ndarray:
    """A point at a distance from each of some feet, in any direction, (n, 2)."""
    angles = 2 * np.pi * rng.random(len(feet))
    points: np.ndarray = feet + distance * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return points
