"""Shapes of which mirror planes may leave a half or a quarter to be computed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from rdcalcium.model.shapes.base import Shape

AXES = "xyz"


class Mirrored(Shape):
    """A shape that may have mirror planes."""

    symmetry: tuple[Literal["x", "y"], ...] = ()
    """Mirror planes x = 0 or y = 0: only the positive half is computed. A channel on the plane keeps its own
    current, of which the computed half receives its share; none: the whole terminal is computed."""

    @property
    def mirrors(self) -> dict[int, float]:
        """Those of its `symmetry`."""
        return {AXES.index(letter): 0.0 for letter in sorted(self.symmetry)}

    @property
    def mirror_surfaces(self) -> tuple[str, ...]:
        """The lower ends of what is computed."""
        return tuple(f"{AXES[axis]}_min" for axis in self.mirrors)

    @model_validator(mode="after")
    def _mirrors_once(self) -> Self:
        if len(set(self.symmetry)) < len(self.symmetry):
            raise ValueError(f"symmetry names the plane {self.symmetry[0]} = 0 twice; say it once")
        return self
