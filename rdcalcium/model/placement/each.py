"""So many for each vesicle."""

from __future__ import annotations

from typing import ClassVar, Literal

from rdcalcium.model.placement.base import Around, Counted
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength


class Each(Around, Counted):
    """One or several for each vesicle, at a distance from it at which no other vesicle is nearer."""

    for_each: ClassVar[bool] = True

    kind: Literal["each"] = "each"
    count: Number = 1
    """For each of them: a whole number, or { poisson = mean }."""
    distance: PositiveLength
    """From the foot of it, along the membrane; those just under it have the rule "under"."""
