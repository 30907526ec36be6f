"""The same things in the neighbouring tiles of a terminal that is periodic."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np


def tiled(periods: Mapping[int, float], points: np.ndarray) -> np.ndarray:
    """Points (n, 3) and their copies in all tiles around, those of the tile itself first; (n × 3^axes, 3).

    periods  axis -> length of a tile along it, µm; none: the terminal is one
    """
    steps = [(0.0, -periods[axis], periods[axis]) if axis in periods else (0.0,) for axis in range(3)]
    return np.concatenate([points + np.array(step) for step in product(*steps)])
