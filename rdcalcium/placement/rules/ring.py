"""Rings."""

from __future__ import annotations

import math

import numpy as np

from rdcalcium.model.placement.ring import Ring
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _ring(rule: Ring, placing: Placing) -> np.ndarray:
    """At equal angles around the centre, (n, 3)."""
    number = placing.how_many(rule.count)
    first = 2 * math.pi * placing.rng.random() if rule.angle is None else math.radians(rule.angle)
    angles = first + 2 * math.pi * np.arange(number) / max(number, 1)
    return placing.require_free(raised(rule.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), rule.height))
