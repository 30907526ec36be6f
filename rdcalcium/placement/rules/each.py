"""Places for each of some others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.each import Each
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import around, raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _each(rule: Each, placing: Placing) -> np.ndarray:
    """Around one after the other, where none of them is nearer, (n, 3)."""
    found = np.empty((0, 3))

    def allowed(places: np.ndarray) -> np.ndarray:
        return placing.clear_of(rule.around, rule.distance, places)

    for foot in placing.near(rule.around):

        def draw(number: int, foot: np.ndarray = foot) -> np.ndarray:
            return raised(around(placing.rng, np.tile(foot, (number, 1)), rule.distance), rule.height)

        new = one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing, allowed, found)
        found = np.concatenate([found, new])
    return found
