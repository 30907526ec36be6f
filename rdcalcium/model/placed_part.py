"""A part whose places are listed, or follow from a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import model_validator

from rdcalcium.model.placement import AnyRule
from rdcalcium.model.scheme_part import SchemePart


class PlacedPart(SchemePart):
    """A scheme that is at several places: channels, or sensors."""

    positions: tuple[Any, ...] = ()
    placement: AnyRule | None = None
    """The rule by which they are placed; none: they are at their `positions`."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if bool(self.positions) == (self.placement is not None):
            both = "has positions and a rule of placement; leave one of them out"
            neither = "has no positions, and no rule of placement that gives them; say one of them"
            raise ValueError(f"{type(self).__name__.lower()} {self.name!r} {both if self.positions else neither}")
        if self.placement is not None and self.placement.fills:
            raise ValueError(
                f"{type(self).__name__.lower()} {self.name!r}: a {self.placement.kind} is of vesicles; take a rule "
                "that gives places on the membrane, such as uniform"
            )
        return self

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Of positions and rule the one that is there, unless the other one takes its place."""
        kept = super().kept(changes)
        gone = {"positions", "placement"} if {"positions", "placement"} & changes.keys() else set()
        gone |= set() if self.positions else {"positions"}
        return {key: value for key, value in kept.items() if key not in gone or key in changes}
