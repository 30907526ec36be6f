"""Where straight lines meet a body, however thin it is."""

from __future__ import annotations

import numpy as np

from rdcalcium.solids.base import Solid

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


def ways_to(solid: Solid, starts: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """How far points (n, 3) µm are from a body along directions, unit vectors (n, 3); (n,) µm.

    0 inside, infinite where it is not met.
    """
    low, high = np.array(solid.bounds)
    size, towards = float((high - low).max()), (low + high) / 2 - starts
    ahead, away = (towards * directions).sum(axis=1), np.linalg.norm(towards, axis=1)
    reach = float(np.linalg.norm(high - low)) / 2
    some = np.flatnonzero((away**2 - ahead**2 <= reach**2) & (ahead >= -reach))
    found, far = np.full(len(starts), np.inf), away[some] + 2 * size
    ends = starts[some] + far[:, None] * directions[some]
    found[some] = far * met(solid, starts[some], ends, ARRIVED * size)
    return found
