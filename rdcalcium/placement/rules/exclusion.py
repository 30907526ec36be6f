"""Zones of exclusion."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.exclusion import Exclusion
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _exclusion(rule: Exclusion, placing: Placing) -> np.ndarray:
    """Anywhere on the ground that is far enough from those around which nothing is placed, (n, 3)."""

    def draw(number: int) -> np.ndarray:
        return raised(placing.ground.sample(placing.rng, number), rule.height)

    def allowed(places: np.ndarray) -> np.ndarray:
        return placing.clear_of(rule.around, rule.distance, places)

    return one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing, allowed)
