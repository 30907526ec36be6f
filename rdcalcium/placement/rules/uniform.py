"""Uniform placement."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.uniform import Uniform
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Uniform, site: Site) -> np.ndarray:
    """Anywhere on the ground, one after the other where the spacing leaves room, (n, 3)."""

    def draw(number: int) -> np.ndarray:
        return raised(site.ground.sample(site.rng, number), rule.height)

    return one_by_one(site, draw, site.count(rule.number), rule.spacing)
