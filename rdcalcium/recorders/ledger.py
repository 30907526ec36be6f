"""The calcium ledger: what entered must be free or bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array


@dataclass(frozen=True)
class Balance:
    """Amounts in the whole terminal, µM µm³ (602 ions each).

    entered    through the channels since the beginning
    free       Ca²⁺
    bound      buffer -> Ca²⁺ bound to it
    initial    free and bound at the beginning
    """

    entered: float
    free: float
    bound: dict[str, float]
    initial: float

    @property
    def missing(self) -> float:
        """Initial + entered - free - bound, µM µm³; zero but for rounding."""
        return math.fsum([self.initial, self.entered, -self.free, *(-b for b in self.bound.values())])

    @property
    def relative_error(self) -> float:
        """Missing calcium relative to all there is."""
        return abs(self.missing) / max(self.initial + abs(self.entered), 1e-300)


class Ledger:
    """Adds up what enters, and asks the backend what is there."""

    def __init__(self, operations: Operations, copies: int, y: Array, carried: Array):
        """Open the ledger with a state and what rounding took from it."""
        self.do, self.copies = operations, copies
        self.entered = 0.0  # into the computed part
        self._lost = 0.0
        self.initial = self.contents(y, carried)

    def enter(self, amount: float) -> None:
        """Note an amount that entered the computed part; compensated sum."""
        term = amount + self._lost
        total = self.entered + term
        self._lost = term - (total - self.entered)
        self.entered = total

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on with the same bits."""
        return {"entered": np.array(self.entered), "lost": np.array(self._lost), "initial": self.initial}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go back to what was `saved`."""
        self.entered, self._lost, self.initial = float(saved["entered"]), float(saved["lost"]), saved["initial"]

    def contents(self, y: Array, carried: Array) -> np.ndarray:
        """Calcium in each field of the computed part, (fields,) µM µm³."""
        content = self.do.system.chemistry.calcium_content
        return content * (self.do.weighted_sums(y) + self.do.weighted_sums(carried))

    def balance(self, y: Array, carried: Array) -> Balance:
        """The ledger now."""
        now = self.contents(y, carried)
        bound: dict[str, float] = {}
        for field, amount in zip(self.do.system.fields, now, strict=True):
            if field.buffer:
                bound[field.buffer] = bound.get(field.buffer, 0.0) + self.copies * float(amount)
        copies = self.copies
        return Balance(copies * self.entered, copies * float(now[0]), bound, copies * math.fsum(self.initial))
