"""Memory bandwidth, as a triad and as a copy."""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.bench.timing import place, times


class Triad:
    """Memory bandwidth: a = b + s c, counted as three arrays; and the copy a = b, counted as two.

    rates  GB/s of the triad, whenever it was measured
    """

    def __init__(self, do: Operations, count: int):
        self.do = do
        self.gigabytes = count * do.real.itemsize / 1e9
        self.about = {**place(do), "values": count}
        self.a, self.b, self.c = (do.values(np.full(count, value)) for value in (0, 1, 2))
        self.rates: list[float] = []

    def measure(self, seconds: float) -> float:
        """GB/s now; kept in `rates`."""
        found = times(self.do, lambda: self.do.triad(self.b, self.c, 3.0, self.a), seconds)
        self.rates.append(3 * self.gigabytes / min(found))
        return self.rates[-1]

    def row(self, seconds: float) -> dict[str, Any]:
        """Best and median of all that was measured, and the copy."""
        copies = times(self.do, lambda: self.do.scale(1.0, self.b, self.a), seconds)
        rates = {"GB/s": max(self.rates), "median GB/s": median(self.rates)}
        return {**self.about, "device": self.do.device, **rates, "copy GB/s": 2 * self.gigabytes / min(copies)}
