"""Around the edge of a cluster of channels."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Distance, Rule
from rdcalcium.model.placement.number import Number


class Perimeter(Rule):
    """At random around a cluster of channels, at a distance from its edge (Nakamura et al. 2015, Neuron 85:145)."""

    kind: Literal["perimeter"] = "perimeter"
    number: Number
    """In each zone: a whole number, or { poisson = mean }."""
    around: str
    """Name of the channels, whose convex hull in the zone is the cluster, or of vesicles, obstacles or sensors."""
    distance: Distance
    """From the edge of the cluster outwards, along the membrane."""
    spacing: Distance = 0.0
    """Smallest distance between two of those that are placed; vesicles never overlap."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The cluster."""
        return (self.around,)
