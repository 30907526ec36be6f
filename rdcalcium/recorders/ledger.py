"""The calcium ledger: what entered must be free, bound, or pumped out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.patches.base import BOUND, CROSSED, ENTERED, PUMPED, STORED


@dataclass(frozen=True)
class Balance:
    """Amounts in the whole terminal, µM µm³ (602 ions each).

    entered    through the channels since the beginning
    free       Ca²⁺
    bound      buffer, sensor, or pump or store whose molecules bind before they take across -> Ca²⁺ bound to it
    initial    free, bound and stored at the beginning
    pumped     mechanism -> Ca²⁺ that it has taken out since the beginning, less what came in through it
    stored     store -> Ca²⁺ in it, free and bound
    """

    entered: float
    free: float
    bound: dict[str, float]
    initial: float
    pumped: dict[str, float] = field(default_factory=dict)
    stored: dict[str, float] = field(default_factory=dict)

    @property
    def elsewhere(self) -> list[tuple[str, str, float]]:
        """What is not free: account, name and amount of each, in the order of the table."""
        accounts = {BOUND: self.bound, PUMPED: self.pumped, STORED: self.stored}
        return [(account, *line) for account, lines in accounts.items() for line in lines.items()]

    @property
    def missing(self) -> float:
        """Initial + entered - free - bound - pumped - stored, µM µm³; zero but for rounding."""
        amounts = (amount for _, _, amount in self.elsewhere)
        return math.fsum([self.initial, self.entered, -self.free, *(-amount for amount in amounts)])

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
        """Calcium in each field of the cytosol of the computed part, in each row of the patches, and in each lumen.

        All in µM µm³, (fields + rows + lumens,).
        """
        return self.amounts(y) + self.amounts(carried)

    def amounts(self, y: Array) -> np.ndarray:
        """The same of a state, or of a change of it, without what rounding took from it."""
        system = self.do.system
        lumens = range(1, len(system.stored) + 1)
        held = np.array([segment.row.calcium for segment in system.patches.segments])
        inside = [self._in_part(y, number).sum() for number in lumens]
        return np.concatenate([self._in_part(y, 0 if lumens else None), held * self.do.site_sums(y), inside])

    def _in_part(self, y: Array, part: int | None) -> np.ndarray:
        """Calcium in each field of a part, (fields,) µM µm³."""
        amounts: np.ndarray = self.do.system.chemistry.calcium_content * self.do.weighted_sums(y, part)
        return amounts

    def earlier(self, amounts: np.ndarray, y: Array, carried: Array) -> Balance:
        """The ledger inside the step to a state, where there were these amounts: what is missing is that of its end.

        Amounts are those of the cubic between both ends, and so is what entered: its change is that of what is there.
        """
        end, then = self.balance(y, carried), self._balance(amounts + self.amounts(carried))
        if not end.entered:  # neither has anything by then
            return then
        return replace(then, entered=then.entered - (then.missing - end.missing))

    def balance(self, y: Array, carried: Array) -> Balance:
        """The ledger now."""
        return self._balance(self.contents(y, carried))

    def _balance(self, now: np.ndarray) -> Balance:
        """The ledger of contents, with what has entered by now."""
        copies, amounts = self.copies, (self.copies * now).tolist()
        system = self.do.system
        kept = [(BOUND, "" if f.buffer in system.chemistry.lumens else f.buffer) for f in system.fields]
        kept += [(segment.row.account, segment.patch.mechanism.name) for segment in system.patches.segments]
        kept += [(STORED, store) for store in system.stored]
        found: dict[str, dict[str, float]] = {a: {} for a in (BOUND, PUMPED, STORED, ENTERED, CROSSED, "")}
        for (account, name), amount in zip(kept, amounts, strict=True):
            if name:
                found[account][name] = found[account].get(name, 0.0) + amount
        initial = copies * math.fsum(self.initial)
        entered = copies * self.entered - math.fsum(found[ENTERED].values())
        return Balance(entered, amounts[0], found[BOUND], initial, found[PUMPED], found[STORED])
