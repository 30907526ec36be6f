"""Where a chain rests: the occupancies that it keeps."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.stationary import stationary


def resting(rate: np.ndarray) -> np.ndarray:
    """Occupancies of a chain that has been left alone for long, (states,), which sum to 1.

    Of its first state and all states that there is a way to and back; steps that leave them for good are left out.

    rate  (states, states) from row to column, ms⁻¹
    """
    reached = _reachable(rate)
    around = np.flatnonzero(reached[0] & reached[:, 0])
    p = np.zeros(len(rate))
    p[around] = stationary(rate[np.ix_(around, around)])
    return p


def _reachable(rate: np.ndarray) -> np.ndarray:
    """Whether there is a way from row to column, itself included, (states, states)."""
    reached = (rate > 0) | np.eye(len(rate), dtype=bool)
    for k in range(len(rate)):  # Warshall 1962
        reached |= np.outer(reached[:, k], reached[k])
    return reached
