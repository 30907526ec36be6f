"""Anywhere, all places being alike."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Distance, Rule
from rdcalcium.model.placement.number import Number


class Uniform(Rule):
    """At random, each place being as likely as any other that the spacing leaves."""

    kind: Literal["uniform"] = "uniform"
    number: Number
    """In each zone: a whole number, or { poisson = mean }."""
    spacing: Distance = 0.0
    """Smallest distance between two of them; vesicles never overlap."""
