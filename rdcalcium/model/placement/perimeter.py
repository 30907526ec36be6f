"""Around the edge of a cluster of channels."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Around, Counted, Distance


class Perimeter(Around, Counted):
    """At random around a cluster of channels, at a distance from its edge (Nakamura et al. 2015, Neuron 85:145)."""

    kind: Literal["perimeter"] = "perimeter"
    around: str
    """Name of the channels, whose convex hull in the zone is the cluster, or of vesicles, obstacles or sensors."""
    distance: Distance
    """From the edge of the cluster outwards, along the membrane."""
