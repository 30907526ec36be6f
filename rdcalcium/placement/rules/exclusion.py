"""Zones of exclusion."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.exclusion import Exclusion
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Exclusion, site: Site) -> np.ndarray:
    """Anywhere on the ground that is far enough from those around which nothing is placed, (n, 3)."""

    def draw(number: int) -> np.ndarray:
        return raised(site.ground.sample(site.rng, number), rule.height)

    def allowed(places: np.ndarray) -> np.ndarray:
        return site.clear_of(rule.around, rule.distance, places)

    return one_by_one(site, draw, site.count(rule.number), rule.spacing, allowed)
