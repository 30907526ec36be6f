"""Where straight lines meet a body, however thin it is."""

from __future__ import annotations

import numpy as np

from rdcalcium.solids.base import Place, Solid

STEPS = 20_000  # along a line; one that enters a plane at an angle t takes about ln(distance / arrived) / sin t
ARRIVED = 1e-12  # of the size of a body


def met(solid: Solid, starts: np.ndarray, ends: np.ndarray, arrived: float) -> np.ndarray:
    """How far along lines between points (n, 3) µm a body begins, as a share of each, (n,); infinite where it does not.

    A step as long as the distance never leads into the body: sphere tracing (Hart 1996, Visual Computer 12:527). A line
    that has not ended after STEPS, in which its steps were as short as it is long over these, meets the body there.

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
    found[left] = along[left] / lengths[left]
    return found


def way_to(solid: Solid, start: Place, direction: Place) -> float:
    """How far (µm) a point is from a body along a direction, a unit vector; 0 inside, infinite where it is not met."""
    low, high = np.array(solid.bounds)
    size = float((high - low).max())
    first, far = np.array([start]), float(np.linalg.norm(np.subtract(start, (low + high) / 2))) + 2 * size
    return far * float(met(solid, first, first + far * np.array([direction]), ARRIVED * size)[0])
