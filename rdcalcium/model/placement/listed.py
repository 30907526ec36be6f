"""The same places in every zone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rdcalcium.model.placement.base import Rule
from rdcalcium.model.quantity import Length


class Listed(Rule):
    """At the same places in each zone, relative to its centre."""

    kind: Literal["listed"] = "listed"
    positions: tuple[tuple[Length, Length], ...] = Field(min_length=1)
    """Of each of them, from the centre of the zone along the membrane: along x and y where it is a plane."""
