"""Round clusters in each zone."""

from __future__ import annotations

from typing import Literal

from rdcalcium.model.placement.base import Counted, Distance
from rdcalcium.model.placement.number import Number
from rdcalcium.model.quantity import PositiveLength


class Clusters(Counted):
    """In round clusters that lie in the zone at random, and at random in each of them."""

    kind: Literal["clusters"] = "clusters"
    clusters: Number = 1
    """In each zone: a whole number, or { poisson = mean }."""
    radius: PositiveLength
    """Of a cluster, which is in the zone as a whole."""
    count: Number
    """In each cluster: a whole number, or { poisson = mean }."""
    cluster_spacing: Distance = 0.0
    """Smallest distance between the centres of two clusters."""
