"""The length of the next step, from the error of the last ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

SAFETY = 0.8  # share of the step that the error would allow
SHRINK, GROW = 0.1, 10.0  # of a step from one to the next, at most
LEAST_ERROR = 1e-10  # under it an error says nothing any more
CUT = 0.9  # a step shorter than this share of what was wanted was cut to land on something
SLIVER = 1e-9  # share of what is left that may be left over
NOTHING = (0.0, 1.0)  # step and error of the step before the first


@dataclass
class StepController:
    """Predictive control of the step (Sommeijer, Shampine & Verwer 1998, section 2.4; Gustafsson 1994).

    order  of the method in time
    h      length of the next step, ms; 0 at the start and after an event, when nothing is known
    last   length and error of the last accepted step
    """

    order: int
    h: float = 0.0
    last: tuple[float, float] = NOTHING

    def restart(self) -> None:
        """Forget the steps before an event: what follows is another problem."""
        self.h, self.last = 0.0, NOTHING

    def reject(self, h: float, error: float) -> None:
        """Choose a shorter step after an error above 1, or one that is not a number."""
        factor = SAFETY * error ** (-1 / (self.order + 1)) if math.isfinite(error) else SHRINK
        self.h = h * max(SHRINK, factor)

    def accept(self, h: float, error: float, wanted: float) -> None:
        """Choose the next step from the error of this one and of the one before; `wanted` is what it would have been.

        A step that was cut short to land on something does not shorten the ones after it.
        """
        error, power = max(error, LEAST_ERROR), 1 / (self.order + 1)
        factor = SAFETY / error**power
        before, its_error = self.last
        if before > 0:
            factor = min(factor, SAFETY * h / before * its_error**power / error ** (2 * power))
        proposed = h * min(max(factor, SHRINK), GROW)
        self.h = max(proposed, min(self.h, wanted)) if h < CUT * wanted else proposed
        self.last = (h, error)


def towards(left: float, wanted: float) -> tuple[float, bool]:
    """Step towards a stop that is `left` ms away, and whether it lands there: never leave a sliver for the next."""
    if wanted >= left * (1 - SLIVER):
        return left, True
    return (left / 2, False) if wanted > left / 2 else (wanted, False)
