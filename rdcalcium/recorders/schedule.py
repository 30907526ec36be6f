"""When to look at whole fields."""

from __future__ import annotations

import numpy as np

from rdcalcium.errors import InputError

MOST = 1_000_000  # times; more is a mistake in the unit


def every(interval: float, duration: float) -> np.ndarray:
    """0, interval, 2 interval, … and the end of the run, ms."""
    if duration / interval > MOST:
        raise InputError(
            f"record.snapshots.every = {interval:g} ms makes {duration / interval:.3g} snapshots in {duration:g} ms; "
            f"at most {MOST:g} are possible"
        )
    count = int(np.floor(duration / interval * (1 + 1e-12)))
    times = interval * np.arange(count + 1)
    if duration - times[-1] > 1e-9 * duration:
        times = np.append(times, duration)
    return times
