"""Rings."""

from __future__ import annotations

import math

import numpy as np

from rdcalcium.model.placement.ring import Ring
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Ring, site: Site) -> np.ndarray:
    """At equal angles around the centre, (n, 3)."""
    number = site.count(rule.number)
    first = 2 * math.pi * site.rng.random() if rule.angle is None else math.radians(rule.angle)
    angles = first + 2 * math.pi * np.arange(number) / max(number, 1)
    return site.require_free(raised(rule.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), rule.height))
