"""Where a chain rests: the occupancies that it keeps, or those of the vesicles that are still there."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.stationary import quasi_stationary, stationary


def resting(rate: np.ndarray, source: int | None = None) -> np.ndarray:
    """Occupancies of a chain that has been left alone for long, (states,), which sum to 1.

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


def _reachable(rate: np.ndarray) -> np.ndarray:
    """Whether there is a way from row to column, itself included, (states, states)."""
    reached = (rate > 0) | np.eye(len(rate), dtype=bool)
    for k in range(len(rate)):  # Warshall 1962
        reached |= np.outer(reached[:, k], reached[k])
    return reached
