"""Where a chain comes to rest: the occupancies to which it tends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rdcalcium.errors import InputError


def settled(rate: np.ndarray, states: Sequence[str]) -> np.ndarray:
    """Where a chain comes to rest that begins in its first state, (states,).

    Raises InputError where that depends on chance: two ends, from which there is no way back.

    rate  (states, states) from row to column, ms⁻¹
    """
    reached = _reachable(rate)
    ends = [i for i in np.flatnonzero(reached[0]).tolist() if all(reached[reached[i], i])]
    closed = np.flatnonzero(reached[ends[0]])
    if len(closed) < len(ends):
        other = next(i for i in ends if i not in closed)
        raise InputError(
            f"before any release the sensor ends in {states[ends[0]]!r} or in {states[other]!r}, with no way from one "
            "to the other; say in which state it starts, start = …"
        )
    p = np.zeros(len(rate))
    p[closed] = stationary(rate[np.ix_(closed, closed)])
    return p


def _reachable(rate: np.ndarray) -> np.ndarray:
    """Whether there is a way from row to column, itself included, (states, states)."""
    reached = (rate > 0) | np.eye(len(rate), dtype=bool)
    for k in range(len(rate)):  # Warshall 1962
        reached |= np.outer(reached[:, k], reached[k])
    return reached


def stationary(rate: np.ndarray) -> np.ndarray:
    """Occupancies that a connected chain keeps, (states,), which sum to 1.

    Elimination without subtraction (Grassmann, Taksar & Heyman 1985), exact to rounding in every state.

    rate  (states, states) from row to column, ms⁻¹
    """
    rate, n = rate.copy(), len(rate)
    for k in range(n - 1, 0, -1):
        rate[:k, k] /= rate[k, :k].sum()
        rate[:k, :k] += np.outer(rate[:k, k], rate[k, :k])
    p = np.ones(n)
    for k in range(1, n):
        p[k] = p[:k] @ rate[:k, k]
    return p / p.sum()
