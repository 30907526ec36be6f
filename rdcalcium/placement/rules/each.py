"""Places for each of some others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.each import Each
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.rules.beside import around
from rdcalcium.placement.site import Site


def places(rule: Each, site: Site) -> np.ndarray:
    """Around one after the other, where none of them is nearer, (n, 3)."""
    found = np.empty((0, 3))

    def allowed(places: np.ndarray) -> np.ndarray:
        return site.clear_of(rule.around, rule.distance, places)

    for foot in site.near(rule.around):

        def draw(number: int, foot: np.ndarray = foot) -> np.ndarray:
            return raised(around(site.rng, np.tile(foot, (number, 1)), rule.distance), rule.height)

        new = one_by_one(site, draw, site.count(rule.number), rule.spacing, allowed, found)
        found = np.concatenate([found, new])
    return found
