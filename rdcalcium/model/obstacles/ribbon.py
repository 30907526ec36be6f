"""Synaptic ribbons."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rdcalcium.model.obstacles.standing import SUNK, Standing, above
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.solids import Ball, Block, Joined

SIZES = ("semi_axes", "elevation", "stalk")


class Ribbon(Standing):
    """A synaptic ribbon: an ellipsoid over the membrane, on a stalk, the arciform density.

    What is not said is as in bipolar cells of the zebrafish, from the code of Rameshkumar et al. 2025
    (doi 10.7554/eLife.105875).
    """

    kind: Literal["ribbon"] = "ribbon"
    name: str = "ribbon"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    semi_axes: tuple[PositiveLength, PositiveLength, PositiveLength] = (0.19, 0.07125, 0.19)
    """Half of its length, thickness and height."""
    elevation: PositiveLength = 0.03
    """Height of its lowest point above the membrane."""
    stalk: tuple[PositiveLength, PositiveLength] = (0.06, 0.03)
    """Length and thickness of the stalk, which goes up to the middle of the ribbon."""

    @property
    def sources(self) -> tuple[str, ...]:
        """That of sizes which are not said otherwise."""
        fields = type(self).model_fields
        as_in_zebrafish = any(getattr(self, size) == fields[size].default for size in SIZES)
        return ("rameshkumar2025",) if as_in_zebrafish else ()

    def upright(self, foot: np.ndarray) -> Joined:
        """Ellipsoid and stalk."""
        middle = self.elevation + self.semi_axes[2]
        length, thickness = self.stalk
        faces = dict.fromkeys(("x_min", "x_max", "y_min", "y_max", "z_min", "z_max"), self.name)
        low = above(foot, -length / 2, -thickness / 2, -SUNK)
        stalk = Block(low, above(foot, length / 2, thickness / 2, middle), faces)
        return Joined((Ball(above(foot, 0, 0, middle), self.semi_axes, self.name), stalk))
