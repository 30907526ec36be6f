"""At a distance from the nearest vesicle, or channel."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Around, Counted
from rdcalcium.model.quantity import PositiveLength


class Beside(Around, Counted):
    """At a distance from the nearest of some others, beside any of these and in any direction."""

    kind: Literal["beside"] = "beside"
    distance: PositiveLength
    """From the foot of the nearest of them, along the membrane."""
