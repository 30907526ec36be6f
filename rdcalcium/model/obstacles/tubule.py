"""Tubules of the endoplasmic reticulum."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.quantity import Point, PositiveLength
from rdcalcium.solids import Capsule, Joined
from rdcalcium.units import nanometres

IN_AXONS = 0.0125  # µm, radius (Terasaki 2018)


class Tubule(Obstacle):
    """A tube along a path, with round joints and ends, such as a tubule of the endoplasmic reticulum."""

    kind: Literal["tubule"] = "tubule"
    name: str = "ER"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    path: Annotated[tuple[Point, ...], Field(min_length=2)]
    """Points of its axis, between which it is straight."""
    radius: PositiveLength = IN_AXONS
    """Of the outside; the tubules of axons are 20 to 30 nm wide, others about 60 nm (Terasaki 2018,
    doi 10.1242/jcs.210450)."""

    @property
    def solid(self) -> Capsule | Joined:
        """Straight pieces."""
        pieces = tuple(Capsule(a, b, self.radius, self.name) for a, b in pairwise(self.path))
        return Joined(pieces) if pieces[1:] else pieces[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """That of its radius."""
        return ("terasaki2018",) if self.radius == IN_AXONS else ()

    @property
    def place(self) -> str:
        """Ends and radius."""
        ends = f"{nanometres(self.path[0])} to {nanometres(self.path[-1])}"
        return f"from {ends} with radius {nanometres(self.radius)}"

    def moved(self, by: Place) -> Self:
        """Its path."""
        return self.model_copy(update={"path": tuple(further(point, by) for point in self.path)})

    @model_validator(mode="after")
    def _goes_on(self) -> Self:
        for number, (a, b) in enumerate(pairwise(self.path), start=1):
            if a == b:
                raise ValueError(f"points {number} and {number + 1} of the path are the same; leave one out")
        return self
