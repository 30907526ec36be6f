"""Pools of vesicles."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model.placement.pool import Pool
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.ground import Disc
from rdcalcium.placement.site import Site
from rdcalcium.units import nanometres


def places(rule: Pool, site: Site) -> np.ndarray:
    """Of the lowest point of each vesicle, (n, 3)."""
    whole = Disc(rule.radius) if rule.radius else site.ground
    room = rule.thickness - 2 * site.radius
    inner = whole.shrunk(site.radius)
    if room < 0 or not inner.area:
        raise ModelError(
            f"{site.called}: a vesicle with a radius of {nanometres(site.radius)} is larger than its pool; make the "
            "pool thicker or wider"
        )

    def draw(number: int) -> np.ndarray:
        return np.column_stack([inner.sample(site.rng, number), rule.height + room * site.rng.random(number)])

    return one_by_one(replace(site, ground=inner), draw, _number(rule, site, whole.area), rule.spacing or 0.0)


def _number(rule: Pool, site: Site, area: float) -> int:
    """As many as are asked for, or as fill the fraction most nearly."""
    if rule.fraction is None:
        return site.count(rule.number or 1)
    return round(rule.fraction * area * rule.thickness / (4 / 3 * math.pi * site.radius**3))
