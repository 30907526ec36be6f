"""At a distance from the nearest vesicle, or channel."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Distance, Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength


class Beside(Rule):
    """At a distance from the nearest of some others, beside any of these and in any direction."""

    kind: Literal["beside"] = "beside"
    number: Number
    """In each zone: a whole number, or { poisson = mean }."""
    around: str
    """Name of the vesicles, obstacles, sensors or channels that they are beside."""
    distance: PositiveLength
    """From the foot of the nearest of them, along the membrane."""
    spacing: Distance = 0.0
    """Smallest distance between two of those that are placed."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Those that they are beside."""
        return (self.around,)
