"""At random, but not near vesicles."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Distance, Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength


class Exclusion(Rule):
    """At random, but for a zone of exclusion around each vesicle (Keller et al. 2015, PLoS Comput Biol 11:e1004253)."""

    kind: Literal["exclusion"] = "exclusion"
    number: Number
    """In each zone: a whole number, or { poisson = mean }."""
    around: str
    """Name of the vesicles, obstacles, sensors or channels that are kept away from."""
    distance: PositiveLength
    """To the foot of any of them, below its centre, at least."""
    spacing: Distance = 0.0
    """Smallest distance between two of those that are placed."""

    @property
    def needs(self) -> tuple[str, ...]:
        """What is kept away from."""
        return (self.around,)
