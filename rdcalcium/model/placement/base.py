"""What every rule of placement says of itself, and what several of them have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from rdcalcium.model.base import Part
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import Quantity

Distance = Annotated[float, Quantity("length", ge=0)]
Seed = Annotated[int, Field(ge=0, strict=True)]


class Rule(Part):
    """How channels, sensors or vesicles are placed, each by its foot: the point of the membrane that is nearest to it.

    fills     whether it fills a volume, as vesicles alone do, instead of giving feet on the membrane
    for_each  whether it is meant to give something to each of those that it needs
    """

    fills: ClassVar[bool] = False
    for_each: ClassVar[bool] = False

    kind: str
    zones: str | None = None
    """Name of the active zones in each of which they are placed, or of one of these; none: the whole membrane, which
    must be a plane."""
    height: Distance = 0.0
    """Above the membrane: of a sensor, or of the lowest point of a vesicle. Channels are on it."""
    seed: Seed | None = None
    """Of what is drawn: the same seed gives the same places, unless something is in the way; none: that of the run."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of what must have its places before."""
        return ()


class Counted(Rule):
    """Of so many that are placed at random."""

    count: Number
    """In each zone: a whole number, or { poisson = mean }."""
    spacing: Distance = 0.0
    """Smallest distance between two of those that are placed; vesicles never overlap."""


class Around(Rule):
    """About others, which must have their places before."""

    around: str
    """Name of these vesicles, obstacles, sensors or channels."""

    @property
    def needs(self) -> tuple[str, ...]:
        """These others."""
        return (self.around,)
