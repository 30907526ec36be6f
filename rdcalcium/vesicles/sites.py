"""What becomes of many vesicles of one kind in the calcium of their places: occupancies, rate and count of releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from rdcalcium.alike import found_once
from rdcalcium.vesicles.chain import CalciumCourse, Chain, Half, Rates
from rdcalcium.vesicles.flow import LONGEST_SERIES, Flow
from rdcalcium.vesicles.levels import Levels
from rdcalcium.vesicles.series import BLOCK, Blocks, Series

# Into how many pieces a step is divided. The errors are those of the highest rate of release in transients to 20 or
# 100 µM that last some tenths of a ms, in steps up to 0.05 ms.
RESOLVED = 2.0  # changes of a sensor's state in a piece, below which it need not be shorter: leaves 1e-5
FINENESS = (
    0.025  # largest change of calcium within a piece, relative to its mean: leaves 1e-3 of sensors that are faster
)
MOST_PIECES = 64  # leaves 1e-5, and 2e-4 where steps of 0.2 ms cross a whole transient
TOGETHER = 512  # steps of a course whose levels are found together


@dataclass(frozen=True)
class Divided:
    """A step in pieces.

    length  of half a piece, ms
    halves  of all pieces, one after the other
    levels  calcium of each half, (positions,) µM, where what happens is found from these; else none
    """

    length: float
    halves: Sequence[Half]
    levels: Sequence[np.ndarray]


class Vesicles:
    """Release sites that follow one chain, each in its own calcium.

    What they have come to is an array (slots, positions): the occupancy of every state; and where vesicles come back,
    the number of releases, the occupancies of sites that have released nothing yet, and the share of those that have.
    With a reserve it is the mean number of vesicles in every state, and that of releases. Vesicles know nothing of each
    other, so that these numbers have Poisson distributions for ever, if they have them at first.

    chain  of one site
    """

    def __init__(self, chain: Chain, series: Callable[[Flow, Rates], Series] = Blocks):
        """Of sites that follow a chain; `series` makes who takes them through constant rates."""
        self.chain, self.count = chain, len(chain.states)
        self.supplied = chain.reserve is not None
        self.flow = _counted(chain) if self.supplied else _with_counts(chain) if chain.returns else _alone(chain)
        self.rates = chain.laws.twice() if chain.returns and not self.supplied else chain.laws
        self.series = series(self.flow, self.rates)

    def start(self, rest: float | np.ndarray, positions: int) -> np.ndarray:
        """What they have come to before anything is released, (slots, positions), at a resting calcium in µM.

        rest  of all, or (positions,) of each
        """
        occupancy = found_once(self.chain.start, np.broadcast_to(rest, positions))
        none = np.zeros((1, positions))
        if self.supplied:
            occupancy = np.concatenate([occupancy, none])
        elif self.chain.returns:
            occupancy = np.concatenate([occupancy, none, occupancy, none])
        return occupancy

    def after(self, y: np.ndarray, course: CalciumCourse, h: float) -> np.ndarray:
        """What they come to in a step of h ms while calcium follows the parabola through the course."""
        if self._count_pieces(course, h) == 1:
            return self._alike(y, course, h, 1)
        found = np.empty(y.shape)
        for count, where in self._by_pieces(course, h):
            found[:, where] = self._alike(y[:, where], (course[0][where], course[1][where], course[2][where]), h, count)
        return found

    def _alike(self, y: np.ndarray, course: CalciumCourse, h: float, count: int) -> np.ndarray:
        """Positions that divide their step into so many pieces."""
        step = self._divided(course, h, count)
        return self._through(y, step, self._levels([step]))

    def along(self, y: np.ndarray, steps: Sequence[tuple[CalciumCourse, float]]) -> Iterator[np.ndarray]:
        """What they come to after each of many steps, which are `after`; what these share is found once."""
        for first in range(0, len(steps), TOGETHER):
            parts = [
                self._divided(course, h, self._count_pieces(course, h)) for course, h in steps[first : first + TOGETHER]
            ]
            levels = self._levels(parts)
            for part in parts:
                y = self._through(y, part, levels)
                yield y

    def _by_pieces(self, course: CalciumCourse, h: float) -> Iterator[tuple[int, np.ndarray]]:
        """Numbers of pieces, and which positions take so many: those of a block alike."""
        size = len(course[0])
        blocks = [slice(first, first + BLOCK) for first in range(0, size, BLOCK)]
        counts = np.array([self._count_pieces((course[0][b], course[1][b], course[2][b]), h) for b in blocks])
        for count in np.unique(counts).tolist():
            yield count, np.flatnonzero(np.repeat(counts == count, BLOCK)[:size])

    def _divided(self, course: CalciumCourse, h: float, count: int) -> Divided:
        """A step of h ms in so many pieces; of levels, where a series of each half would be long."""
        halves, length = [*self._halves(course, count)], 0.5 * h / count
        highest = max(float(calcium.max(initial=0.0)) for calcium in course)
        long = self.chain.linear and length * self.chain.fastest(highest) > LONGEST_SERIES
        return Divided(length, halves, [calcium for calcium, _ in halves] if long else [])

    def _halves(self, course: CalciumCourse, count: int) -> Iterator[Half]:
        """Those of so many pieces."""
        for piece in _pieces(course, count):
            yield from self.chain.halves(piece)

    def _levels(self, steps: Sequence[Divided]) -> dict[float, Levels]:
        """What happens at all levels of some steps, for each length of their halves (ms)."""
        asked: dict[float, list[np.ndarray]] = {}
        for step in steps:
            asked.setdefault(step.length, []).extend(step.levels)
        return {
            length: Levels(partial(self._exponentials, length), np.concatenate(levels), length * self.chain.steepest)
            for length, levels in asked.items()
            if levels
        }

    def _exponentials(self, length: float, calcium: np.ndarray) -> np.ndarray:
        return self.flow.exponentials(self.rates.at(calcium, self.chain.given(calcium)), length)

    def _through(self, y: np.ndarray, step: Divided, levels: dict[float, Levels]) -> np.ndarray:
        """What comes of y, (slots, positions), in a step."""
        if step.levels:
            for calcium in step.levels:
                y = levels[step.length].after(y, calcium)
        else:
            calcium, given = (np.stack(part) for part in zip(*step.halves, strict=True))
            y = self.series.after(y, calcium, given, step.length)
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

    def stretches(self, course: CalciumCourse, h: float) -> Iterator[tuple[np.ndarray, float]]:
        """Rates (steps, positions) in ms⁻¹ that stay for a length in ms, one after the other: those of a step."""
        count = self._count_pieces(course, h)
        for half in self._halves(course, count):
            yield self.chain.laws.at(*half), 0.5 * h / count

    def _count_pieces(self, course: CalciumCourse, h: float) -> int:
        highest = max(float(calcium.max(initial=0.0)) for calcium in course)
        changes = h * self.chain.fastest(highest)
        if changes <= RESOLVED:
            return 1
        low, high = np.minimum.reduce(course), np.maximum.reduce(course)
        change = float(((high - low) / np.maximum(high + low, np.finfo(float).tiny)).max(initial=0.0)) * 2
        return int(np.clip(np.ceil(min(changes / RESOLVED, change / FINENESS)), 1, MOST_PIECES))


def between(course: CalciumCourse, share: float) -> np.ndarray:
    """The parabola through the beginning, the middle and the end of a step, after a share of it."""
    before, middle, after = course
    s = share
    return (1 - s) * (1 - 2 * s) * before + 4 * s * (1 - s) * middle + s * (2 * s - 1) * after


def _pieces(course: CalciumCourse, count: int) -> Iterator[CalciumCourse]:
    """Parts of a step, all as long."""
    if count == 1:
        yield course
        return
    for begin, end in pairwise(np.linspace(0.0, 1.0, count + 1)):
        first, middle, last = (between(course, s) for s in (begin, 0.5 * (begin + end), end))
        yield first, middle, last


def _alone(chain: Chain) -> Flow:
    """The steps of the chain."""
    steps = np.arange(len(chain.sources))
    change = np.zeros((len(chain.states), len(steps)))
    np.add.at(change, (chain.sources, steps), -1.0)
    np.add.at(change, (chain.targets, steps), 1.0)
    return Flow(chain.sources, change, np.ones(len(chain.states), dtype=bool))


def _counted(chain: Chain) -> Flow:
    """The steps of the chain, with a counter of releases; the reserve stays as it is."""
    change = np.concatenate([_alone(chain).change, chain.fuses[None].astype(float)])
    change[chain.reserve] = 0.0
    return Flow(chain.sources, change, np.arange(len(change)) == chain.reserve)


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
    return Flow(np.concatenate([chain.sources, again + chain.sources]), change, np.arange(2 * n + 2) != n)
