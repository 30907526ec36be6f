"""What many sites come to while their rates stay what they are, stretch by stretch."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow

BLOCK = 1024  # positions at once, whose numbers stay in the cache


class Series(Protocol):
    """Who takes sites of one kind through stretches of constant rates."""

    def after(self, y: np.ndarray, calcium: np.ndarray, given: np.ndarray, length: float) -> np.ndarray:
        """y after all stretches, (slots, positions).

        y        (slots, positions)
        calcium  (stretches, positions) µM
        given    (stretches, rows, positions) ms⁻¹, as its rates take them
        length   of each stretch, ms
        """


class Blocks:
    """The specification of kernels/vesicles/series.cu."""

    def __init__(self, flow: Flow, rates: Rates):
        self.flow, self.rates = flow, rates

    def after(self, y: np.ndarray, calcium: np.ndarray, given: np.ndarray, length: float) -> np.ndarray:
        """A block of positions after the other."""
        found = np.empty(y.shape)
        for block in (slice(first, first + BLOCK) for first in range(0, y.shape[1], BLOCK)):
            part = y[:, block]
            for levels, others in zip(calcium, given, strict=True):
                part = self.flow.after(part, self.rates.at(levels[block], others[:, block]), length)
            found[:, block] = part
        return found
