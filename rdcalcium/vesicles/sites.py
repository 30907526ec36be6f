"""What becomes of many vesicles of one kind in the calcium of their places: occupancies, rate and count of releases."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rdcalcium.vesicles.chain import Chain, Course
from rdcalcium.vesicles.flow import Flow

RESOLVED = 2.0  # changes of a sensor's state in a piece of a step; a shorter piece tells nothing more
FINENESS = 0.025  # change of calcium during a piece, relative to its mean, that sensors may be late by
MOST_PIECES = 64
BLOCK = 1024  # positions at once, whose numbers stay in the cache


class Vesicles:
    """Release sites that follow one chain, each in its own calcium.

    What they have come to is an array (slots, positions): the occupancy of every state; and where vesicles come back,
    the number of releases, the occupancies of sites that have released nothing yet, and the share of those that have.
    With a reserve it is the mean number of vesicles in every state, and that of releases. Vesicles know nothing of each
    other, so that these numbers have Poisson distributions for ever, if they have them at first.

    chain  of one site
    """

    def __init__(self, chain: Chain):
        self.chain, self.count = chain, len(chain.states)
        self.supplied = chain.reserve is not None
        self.flow = _counted(chain) if self.supplied else _with_counts(chain) if chain.returns else _alone(chain)

    def start(self, rest: float, positions: int) -> np.ndarray:
        """What they have come to before anything is released, (slots, positions), at a resting calcium in µM."""
        occupancy = self.chain.start(rest)
        if self.supplied:
            occupancy = np.append(occupancy, 0.0)
        elif self.chain.returns:
            occupancy = np.concatenate([occupancy, [0.0], occupancy, [0.0]])
        return np.repeat(occupancy[:, None], positions, axis=1)

    def after(self, y: np.ndarray, course: Course, h: float) -> np.ndarray:
        """What they come to in a step of h ms while calcium follows the parabola through the course."""
        found, (before, middle, after) = np.empty(y.shape), course
        for block in (slice(first, first + BLOCK) for first in range(0, y.shape[1], BLOCK)):
            found[:, block] = self._block(y[:, block], (before[block], middle[block], after[block]), h)
        return found

    def _block(self, y: np.ndarray, course: Course, h: float) -> np.ndarray:
        for rates, length in self.stretches(course, h):
            y = self.flow.after(y, self._of_ways(rates), length)
        if self.supplied:
            return y
        # Rounding of thousands of steps would add up.
        y[: self.count] /= y[: self.count].sum(axis=0)
        return y

    def rate(self, y: np.ndarray, calcium: np.ndarray) -> np.ndarray:
        """Releases per time of a site, (positions,) ms⁻¹: the flux of all steps that fuse."""
        fuses = self.chain.fuses
        found: np.ndarray = (self.chain.rates(calcium)[fuses] * y[self.chain.sources[fuses]]).sum(axis=0)
        return found

    def releases(self, y: np.ndarray) -> np.ndarray:
        """Number of releases so far to be expected of a site, (positions,)."""
        if self.chain.returns:
            return y[self.count]
        gone: np.ndarray = y[: self.count][self.chain.released].sum(axis=0) - self.chain.empty
        return gone.clip(0.0, 1.0)  # shares of one add up to more by their last digit

    def probability(self, y: np.ndarray) -> np.ndarray:
        """That a site has released at least one vesicle so far, (positions,)."""
        if self.supplied:
            return -np.expm1(-y[self.count])
        return y[-1].clip(max=1.0) if self.chain.returns else self.releases(y)

    def occupancy(self, y: np.ndarray) -> np.ndarray:
        """Of every state, (states, positions)."""
        return y[: self.count]

    def _of_ways(self, rates: np.ndarray) -> np.ndarray:
        return np.concatenate([rates, rates]) if self.chain.returns and not self.supplied else rates

    def stretches(self, course: Course, h: float) -> Iterator[tuple[np.ndarray, float]]:
        """Rates (steps, positions) in ms⁻¹ that stay for a length in ms, one after the other: those of a step."""
        for piece, length in self._pieces(course, h):
            for rates in self.chain.halves(piece):
                yield rates, 0.5 * length

    def _pieces(self, course: Course, h: float) -> Iterator[tuple[Course, float]]:
        """Parts of a step that the sensors tell apart, with their lengths in ms."""
        count = self._count_pieces(course, h)
        if count == 1:
            yield course, h
            return
        ends = np.linspace(0.0, 1.0, count + 1)
        for begin, end in pairwise(ends):
            first, middle, last = (between(course, s) for s in (begin, 0.5 * (begin + end), end))
            yield (first, middle, last), h / count

    def _count_pieces(self, course: Course, h: float) -> int:
        highest = max(float(calcium.max(initial=0.0)) for calcium in course)
        changes = h * self.chain.fastest(highest)
        if changes <= RESOLVED:
            return 1
        low, high = np.minimum.reduce(course), np.maximum.reduce(course)
        change = float(((high - low) / np.maximum(high + low, np.finfo(float).tiny)).max(initial=0.0)) * 2
        return int(np.clip(np.ceil(min(changes / RESOLVED, change / FINENESS)), 1, MOST_PIECES))


def between(course: Course, share: float) -> np.ndarray:
    """The parabola through the beginning, the middle and the end of a step, after a share of it."""
    before, middle, after = course
    s = share
    return (1 - s) * (1 - 2 * s) * before + 4 * s * (1 - s) * middle + s * (2 * s - 1) * after


def _alone(chain: Chain) -> Flow:
    """The steps of the chain."""
    steps = np.arange(len(chain.sources))
    change = np.zeros((len(chain.states), len(steps)))
    np.add.at(change, (chain.sources, steps), -1.0)
    np.add.at(change, (chain.targets, steps), 1.0)
    return Flow(chain.sources, change)


def _counted(chain: Chain) -> Flow:
    """The steps of the chain, with a counter of releases; the reserve stays as it is."""
    change = np.concatenate([_alone(chain).change, chain.fuses[None].astype(float)])
    change[chain.reserve] = 0.0
    return Flow(chain.sources, change)


def _with_counts(chain: Chain) -> Flow:
    """The steps of the chain, with a counter of releases; and again, with fusion as their end."""
    n, k = len(chain.states), len(chain.sources)
    again, spent = n + 1, 2 * n + 1
    change = np.zeros((2 * n + 2, 2 * k))
    change[:n, :k] = _alone(chain).change
    change[n, :k] = chain.fuses
    steps = np.arange(k)
    change[again + chain.sources, k + steps] = -1.0
    change[np.where(chain.fuses, spent, again + chain.targets), k + steps] = 1.0
    return Flow(np.concatenate([chain.sources, again + chain.sources]), change)
