"""Places at a distance from the nearest of some others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.beside import Beside
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import around, raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _beside(rule: Beside, placing: Placing) -> np.ndarray:
    """Around any of the others, where none of them is nearer, (n, 3)."""
    feet = placing.near(rule.around)

    def draw(number: int) -> np.ndarray:
        return raised(
            around(placing.rng, feet[placing.rng.integers(len(feet), size=number)], rule.distance), rule.height
        )

    def allowed(places: np.ndarray) -> np.ndarray:
        return placing.clear_of(rule.around, rule.distance, places)

    return one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing, allowed)
