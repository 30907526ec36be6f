"""One curve of one trial; of several the mean, the standard deviation around it, and a few trials as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SINGLE = 3  # trials that are drawn as they were, the first ones


def curve(axis: Axes, times: Any, values: Any, *, color: Any, label: str = "", **look: Any) -> list[Any]:
    """The line for the key, that of the mean where there are several trials.

    The band ends where no trial goes beyond: concentrations stay positive, for a logarithmic axis too.

    values  (times,) or (trials, times); NaN where there is nothing to draw, or a trial has not come to it
    """
    values = np.asarray(values)
    if values.ndim == 1:
        return axis.plot(times, values, color=color, lw=1.2, label=label, **look)
    known = np.ma.masked_invalid(values)
    mean, spread = known.mean(axis=0), known.std(axis=0, ddof=min(1, len(values) - 1))
    low, high = np.maximum(mean - spread, known.min(axis=0)), np.minimum(mean + spread, known.max(axis=0))
    axis.fill_between(times, low, high, color=color, alpha=0.2, lw=0)
    for one in known[:SINGLE]:
        axis.plot(times, one, color=color, lw=0.4, alpha=0.7, ls=look.get("ls", "-"))
    return axis.plot(times, mean, color=color, lw=1.4, label=label, **look)
