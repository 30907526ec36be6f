"""So many for each vesicle."""

from __future__ import annotations

from typing import ClassVar, Literal

from rdcalcium.model.placement.base import Distance, Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength


class Each(Rule):
    """One or several for each vesicle, at a distance from it at which no other vesicle is nearer."""

    for_each: ClassVar[bool] = True

    kind: Literal["each"] = "each"
    number: Number = 1
    """For each of them: a whole number, or { poisson = mean }."""
    around: str
    """Name of the vesicles, obstacles, sensors or channels each of which gets its own."""
    distance: PositiveLength
    """From the foot of it, along the membrane; those just under it have the rule "under"."""
    spacing: Distance = 0.0
    """Smallest distance between two of those that are placed."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Those that get their own."""
        return (self.around,)
