"""When to look at whole fields."""

from __future__ import annotations

import numpy as np


def every(interval: float, duration: float) -> np.ndarray:
    """0, interval, 2 interval, … and the end of the run, ms."""
    count = int(np.floor(duration / interval * (1 + 1e-12)))
    times = interval * np.arange(count + 1)
    if duration - times[-1] > 1e-9 * duration:
        times = np.append(times, duration)
    return times
