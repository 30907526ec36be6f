"""Stationary and quasi-stationary distributions of a Markov chain, found without subtraction."""

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


def resting(rate: np.ndarray, source: int | None = None) -> np.ndarray:
    """Occupancies at rest, before anything happens, (states,).

    Of its first state and all states that there is a way to and back. Where steps lead out of these for good, as fusion
    does where no vesicle comes back, they are the occupancies of those that are still there: the quasi-stationary
    distribution (Darroch & Seneta 1967). What comes out of a source is made up for there instead.

    rate    (states, states) from row to column, ms⁻¹
    source  a state that never runs out; none: there is none
    """
    reached = _reachable(rate)
    around = reached[0] & reached[:, 0]
    inner, leaving = rate[np.ix_(around, around)], rate[np.ix_(around, ~around)].sum(axis=1)
    p = np.zeros(len(rate))
    if source is None:
        p[around] = quasi_stationary(inner, leaving)
    else:
        p[around] = stationary(inner + np.outer(leaving, np.arange(len(rate))[around] == source))
    return p


def limiting(rate: np.ndarray) -> np.ndarray:
    """Occupancies that all come to in the end, those that were caught in a state without a way out too, (states,).

    Of the states that are not left for good; where that is several sets with no way between them, of the first.

    rate  (states, states) from row to column, ms⁻¹
    """
    reached = _reachable(rate)
    closed = (reached <= reached.T).all(axis=1)
    p = np.zeros(len(rate))
    p[closed] = stationary(rate[np.ix_(closed, closed)])
    return p


def _reachable(rate: np.ndarray) -> np.ndarray:
    """Whether there is a way from row to column, itself included, (states, states)."""
    reached = (rate > 0) | np.eye(len(rate), dtype=bool)
    for k in range(len(rate)):  # Warshall 1962
        reached |= np.outer(reached[:, k], reached[k])
    return reached
