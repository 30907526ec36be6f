"""At random, but not near vesicles."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Around, Counted
from rdcalcium.model.quantity import PositiveLength


class Exclusion(Around, Counted):
    """At random, but for a zone of exclusion around each vesicle (Keller et al. 2015, PLoS Comput Biol 11:e1004253)."""

    kind: Literal["exclusion"] = "exclusion"
    distance: PositiveLength
    """To the foot of any of them, below its centre, at least."""
