"""Clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model.placement.clusters import Clusters
from rdcalcium.placement.adding import one_by_one
from rdcalcium.placement.chart import raised
from rdcalcium.placement.ground import Disc
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow
from rdcalcium.units import SAME_PLACE, nanometres


@follow.register
def _clusters(rule: Clusters, placing: Placing) -> np.ndarray:
    """First the centres of the clusters, then what is in each, (n, 3)."""
    found = np.empty((0, 3))
    for centre in _centres(rule, placing):
        disc = Disc(rule.radius, tuple(centre[:2].tolist()))

        def draw(number: int, disc: Disc = disc) -> np.ndarray:
            return raised(disc.sample(placing.rng, number), rule.height)

        new = one_by_one(placing, draw, placing.how_many(rule.count), rule.spacing, there=found)
        found = np.concatenate([found, new])
    return found


def _centres(rule: Clusters, placing: Placing) -> np.ndarray:
    """Of clusters that are on the ground as a whole, (k, 3); ModelError where that has no room for one."""
    if rule.radius > placing.ground.room + SAME_PLACE:
        raise ModelError(
            f"{placing.called}: a cluster with a radius of {nanometres(rule.radius, 4)} is in its zone as a whole, in "
            f"which one of {nanometres(placing.ground.room, 4)} at most has room; make the clusters smaller, or the "
            "zone larger"
        )
    bare = replace(
        placing, ground=placing.ground.shrunk(rule.radius), radius=0.0, called=f"clusters of {placing.called}"
    )

    def draw(number: int) -> np.ndarray:
        return raised(bare.ground.sample(placing.rng, number), 0.0)

    return one_by_one(bare, draw, placing.how_many(rule.clusters), rule.cluster_spacing)
