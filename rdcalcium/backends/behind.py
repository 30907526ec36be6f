"""The numbers that lie behind a state in memory: those of its patches."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided


def with_behind(state: np.ndarray, count: int) -> np.ndarray:
    """A state and so many numbers behind it as one flat array; it must have been made with room for them."""
    return as_strided(state.reshape(-1), (state.size + count,), (state.itemsize,))
