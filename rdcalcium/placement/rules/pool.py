"""Pools of vesicles."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model.placement.pool import Pool
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.ground import Disc
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow
from rdcalcium.units import nanometres


@follow.register
def _pool(rule: Pool, placing: Placing) -> np.ndarray:
    """Of the lowest point of each vesicle, (n, 3)."""
    whole = Disc(rule.radius) if rule.radius else placing.ground
    room = rule.thickness - 2 * placing.radius
    inner = whole.shrunk(placing.radius)
    if room < 0 or not inner.area:
        raise ModelError(
            f"{placing.called}: a vesicle with a radius of {nanometres(placing.radius)} is larger than its pool; make "
            "the pool thicker or wider"
        )

    def draw(number: int) -> np.ndarray:
        return np.column_stack([inner.sample(placing.rng, number), rule.height + room * placing.rng.random(number)])

    return one_by_one(replace(placing, ground=inner), draw, _number(rule, placing, whole.area), rule.spacing or 0.0)


def _number(rule: Pool, placing: Placing, area: float) -> int:
    """As many as are asked for, or as fill the fraction most nearly."""
    if rule.fraction is None:
        return placing.how_many(rule.count or 1)
    return round(rule.fraction * area * rule.thickness / (4 / 3 * math.pi * placing.radius**3))
