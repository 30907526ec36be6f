"""Uniform placement."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.uniform import Uniform
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _uniform(rule: Uniform, placing: Placing) -> np.ndarray:
    """Anywhere on the ground, one after the other where the spacing leaves room, (n, 3)."""

    def draw(number: int) -> np.ndarray:
        return raised(placing.ground.sample(placing.rng, number), rule.height)

    return one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing)
