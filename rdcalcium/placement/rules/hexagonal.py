"""Hexagonal lattices."""

from __future__ import annotations

import math

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model.placement.hexagonal import Hexagonal
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow
from rdcalcium.units import nanometres

MOST = 1_000_000  # sites of a lattice that are looked at: ten times as many as there may be of a kind in one zone


@follow.register
def _hexagonal(rule: Hexagonal, placing: Placing) -> np.ndarray:
    """Points of the lattice that are free, the nearest to the centre of the ground first, (n, 3)."""
    _require_few(rule, placing)
    angle = 2 * math.pi * placing.rng.random() if rule.angle is None else math.radians(rule.angle)
    found = raised(_lattice(rule.spacing, angle, placing.ground.reach), rule.height)
    found = found[placing.free(found)]
    number = len(found) if rule.count is None else placing.how_many(rule.count)
    if number > len(found):
        raise ModelError(
            f"{placing.called}: {len(found)} of {number} find room on a lattice with a spacing of "
            f"{nanometres(rule.spacing)}; ask for fewer, a smaller spacing or larger zones"
        )
    return placing.require_free(found[:number])


def _require_few(rule: Hexagonal, placing: Placing) -> None:
    """ModelError for a lattice that is too fine: each of its sites has a cell of √3/2 spacing²."""
    sites = math.pi * placing.ground.reach**2 / (math.sqrt(3) / 2 * rule.spacing**2)
    if sites > MOST:
        raise ModelError(
            f"{placing.called}: a lattice with a spacing of {nanometres(rule.spacing)} has {sites:.2g} sites there, "
            f"and {MOST:,} at most are looked at; say a larger spacing, or smaller zones"
        )


def _lattice(spacing: float, angle: float, reach: float) -> np.ndarray:
    """All points of a lattice around the origin up to a distance, the nearest first, (n, 2)."""
    most = math.ceil(reach / spacing / math.cos(math.pi / 6)) + 1
    i, j = (one.ravel() for one in np.mgrid[-most : most + 1, -most : most + 1])
    rows = np.array([[math.cos(a), math.sin(a)] for a in (angle, angle + math.pi / 3)])
    away = i * i + i * j + j * j  # squared distance in spacings, exact
    order = np.argsort(away, kind="stable")
    feet: np.ndarray = spacing * np.stack([i, j], axis=1)[order] @ rows
    return feet
