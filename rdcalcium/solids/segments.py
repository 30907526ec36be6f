"""Where straight lines from point to point meet a body, however thin it is."""

from __future__ import annotations

import numpy as np

from rdcalcium.solids.base import Solid

STEPS = 200  # along a line


def met(solid: Solid, starts: np.ndarray, ends: np.ndarray, arrived: float) -> np.ndarray:
    """How far along lines between points (n, 3) µm a body begins, as a share of each, (n,); infinite where it does not.

    A step as long as the distance never leads into the body: sphere tracing (Hart 1996, Visual Computer 12:527).

    arrived  µm, how near to the surface counts as met
    """
    lengths = np.linalg.norm(ends - starts, axis=1)
    along, found = np.zeros(len(starts)), np.full(len(starts), np.inf)
    left = np.flatnonzero(lengths > 0)
    for _ in range(STEPS):
        if not len(left):
            break
        share = along[left] / lengths[left]
        away = -solid.depth(starts[left] + share[:, None] * (ends - starts)[left])
        there = away <= arrived
        found[left[there]] = share[there]
        along[left] += away
        left = left[~there & (along[left] < lengths[left])]
    return found
