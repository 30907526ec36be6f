"""Where a chain rests: the occupancies that it keeps."""

from __future__ import annotations

import numpy as np


def resting(rate: np.ndarray) -> np.ndarray:
    """Occupancies of a chain that has been left alone for long, (states,), which sum to 1.

    Of its first state and all states that there is a way to and back; steps that leave them for good are left out.

    rate  (states, states) from row to column, ms⁻¹
    """
    reached = _reachable(rate)
    around = np.flatnonzero(reached[0] & reached[:, 0])
    p = np.zeros(len(rate))
    p[around] = _stationary(rate[np.ix_(around, around)])
    return p


def _reachable(rate: np.ndarray) -> np.ndarray:
    """Whether there is a way from row to column, itself included, (states, states)."""
    reached = (rate > 0) | np.eye(len(rate), dtype=bool)
    for k in range(len(rate)):  # Warshall 1962
        reached |= np.outer(reached[:, k], reached[k])
    return reached


def _stationary(rate: np.ndarray) -> np.ndarray:
    """Occupancies that a chain keeps in which there is a way from each state to each.

    Elimination without subtraction (Grassmann, Taksar & Heyman 1985), exact to rounding in every state.
    """
    rate, n = rate.copy(), len(rate)
    for k in range(n - 1, 0, -1):
        rate[:k, k] /= rate[k, :k].sum()
        rate[:k, :k] += np.outer(rate[:k, k], rate[k, :k])
    p = np.ones(n)
    for k in range(1, n):
        p[k] = p[:k] @ rate[:k, k]
    return p / p.sum()
