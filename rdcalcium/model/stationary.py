"""The occupancies that a chain of states keeps, which add up to one."""

from __future__ import annotations

import numpy as np


def stationary(rate: np.ndarray) -> np.ndarray:
    """Occupancies of a chain in which there is a way from each state to the first one, (states,).

    Elimination without subtraction (Grassmann, Taksar & Heyman 1985), exact to rounding in every state. A state that
    is never left for one before it is empty.

    rate  (states, states) from row to column, of any unit; what stands on the diagonal does not matter
    """
    rate, n = rate.copy(), len(rate)
    leaving = np.ones(n)
    for k in range(n - 1, 0, -1):
        leaving[k] = rate[k, :k].sum()
        if leaving[k] > 0:
            rate[:k, :k] += np.outer(rate[:k, k], rate[k, :k]) / leaving[k]
    p = np.ones(n)
    for k in range(1, n):
        p[k] = p[:k] @ rate[:k, k] / leaving[k] if leaving[k] > 0 else 0.0
    return p / p.sum()
