"""A crowd of vesicles above each zone."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from rdcalcium.model.placement.base import Rule
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength, Quantity

SATURATED = 0.384  # spheres placed one after another fill no more (Zhang & Torquato 2013, PRE 88:053312)
FULL = "vesicles that are placed one after the other fill no more"


class Pool(Rule):
    """Vesicles above the zone at random, that do not overlap: one is put after the other wherever there is room.

    They fill a cylinder, each as a whole, from the height of the rule upwards.
    """

    fills: ClassVar[bool] = True

    kind: Literal["pool"] = "pool"
    thickness: PositiveLength
    """Of the pool, upwards."""
    radius: PositiveLength | None = None
    """Of the pool; none: that of the zone."""
    fraction: Annotated[float, Quantity("number", gt=0, lt=SATURATED, hint=FULL)] | None = None
    """Of its volume that they fill; none: their count is given."""
    count: Number | None = None
    """In each zone; none: as many as fill the fraction."""
    spacing: PositiveLength | None = None
    """Smallest distance between two centres; none: they may touch."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.fraction is None) == (self.count is None):
            raise ValueError("a pool has a fraction of its volume that vesicles fill, or their count: say one of them")
        return self
