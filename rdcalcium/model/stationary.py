"""The occupancies that a chain of states keeps, or those that do not leave it, which add up to one."""

from __future__ import annotations

import numpy as np

ROUNDS, SETTLED = 2000, 1e-13  # of inverse iteration, and the relative change of an occupancy at which it is done


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


def quasi_stationary(rate: np.ndarray, leaving: np.ndarray) -> np.ndarray:
    """Occupancies among those that have not left after long, (states,): p Q - p * leaving = -θ p with the smallest θ.

    Whoever leaves is put back as the others are spread (Ferrari, Kesten, Martinez & Picco 1995): p becomes what
    `stationary` finds of rate + leaving ⊗ p. That is inverse iteration without subtraction; each round leaves the share
    θ₁/θ₂ of the error, θ₁ of which fades by leaving and θ₂ as fast as states mix.

    rate     (states, states) from row to column
    leaving  (states,) for good, of the same unit
    """
    p = stationary(rate)
    if not leaving.any():
        return p
    for _ in range(ROUNDS):
        found = stationary(rate + np.outer(leaving, p))
        changed = np.abs(found - p) > SETTLED * found
        p = found
        if not changed.any():
            break
    return p
