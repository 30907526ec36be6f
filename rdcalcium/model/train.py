"""Trains: the moments at which something happens again."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Quantity, Time
from rdcalcium.randomness import generator
from rdcalcium.units import milliseconds, show

MOST = 100_000  # moments of one train
ROUNDING = 1e-9  # ms, within which a moment is at the end

Frequency = Annotated[float, Quantity("rate", gt=0)]
Count = Annotated[int, Field(ge=1, le=MOST, strict=True)]


class MomentsOfTrain(Part):
    """What every train says of itself."""

    kind: str

    @property
    @abstractmethod
    def moments(self) -> tuple[float, ...]:
        """All of them, ascending, ms."""


class ListedTrain(MomentsOfTrain):
    """Moments of your own."""

    kind: Literal["list"] = "list"
    times: Annotated[tuple[Time, ...], Field(min_length=1)]
    """Each moment, ascending."""

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        require_ascending(self.times, "the times of a train")
        return self

    @property
    def moments(self) -> tuple[float, ...]:
        """The times that were said."""
        return self.times


class RatedTrain(MomentsOfTrain):
    """Moments by a rate: so many of them, or all before an end."""

    rate: Frequency
    """Of the moments, such as "100 Hz"; where they are random on average, refractory periods included."""
    count: Count | None = None
    """How many there are, at most; none: as many as there are before the end."""
    start: Time = 0.0
    """The first."""
    end: Time | None = None
    """None of them is at this time, or later; none: there are as many as are counted."""

    @abstractmethod
    def first(self, count: int) -> np.ndarray:
        """The first so many after the start, itself included, (count,) ms since then."""

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.count is None and self.end is None:
            raise ValueError("a train needs a count of its moments, or an end")
        if self.end is not None and self.end <= self.start:
            raise ValueError(
                f"a train from {milliseconds(self.start)} on has no moment before its end at {milliseconds(self.end)}"
            )
        if self.count is None and self._expected > MOST / 2:
            raise ValueError(f"a train has about {self._expected:.3g} moments before its end; at most {MOST // 2}")
        return self

    @property
    def _expected(self) -> float:
        return ((np.inf if self.end is None else self.end) - self.start) * self.rate

    @property
    def moments(self) -> tuple[float, ...]:
        """From the start on."""
        return self._moments

    @cached_property
    def _moments(self) -> tuple[float, ...]:
        most = self.count or MOST
        count = int(min(most, 2 * self._expected + 100))
        times = self.start + self.first(count)
        while self.end is not None and times[-1] < self.end and count < most:
            count = min(2 * count, most)
            times = self.start + self.first(count)
        return tuple(times[times < (np.inf if self.end is None else self.end - ROUNDING)].tolist())


class RegularTrain(RatedTrain):
    """Moments at equal intervals, start + i / rate."""

    kind: Literal["regular"] = "regular"

    def first(self, count: int) -> np.ndarray:
        """One after the other."""
        return np.arange(count) / self.rate


class PoissonTrain(RatedTrain):
    """Moments at random intervals: the refractory period, and then any moment as likely as any other.

    An interval is refractory + E, with E exponentially distributed of mean 1 / rate - refractory, so that the mean rate
    is the one that is said.
    """

    kind: Literal["poisson"] = "poisson"
    refractory: Annotated[float, Quantity("time", ge=0)] = 0.0
    """Shortest interval between two."""
    seed: Annotated[int, Field(ge=0, strict=True)] = 1
    """Of the intervals. One seed makes one train, the same in every trial and on every machine."""

    @model_validator(mode="after")
    def _rate_can_be(self) -> Self:
        if self.rate * self.refractory >= 1:
            raise ValueError(
                f"a refractory period of {show(self.refractory, 'time')} allows fewer than "
                f"{show(1 / self.refractory, 'rate')}, not {show(self.rate, 'rate')}; lower one of them"
            )
        return self

    def first(self, count: int) -> np.ndarray:
        """Drawn from the seed: the first of a longer train are a shorter one."""
        # -log(1 - u) of uniform numbers rather than NumPy's exponential ones, which another version may draw otherwise
        waits = -np.log1p(-generator(self.seed, 0, "train").random(count - 1))
        intervals = self.refractory + (1 / self.rate - self.refractory) * waits
        return np.append(0.0, np.cumsum(intervals))


Train = Annotated[RegularTrain | PoissonTrain | ListedTrain, Field(discriminator="kind")]


def require_ascending(times: tuple[float, ...], what: str) -> None:
    """Refuse moments of which one is not after the one before it."""
    if any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"{what} must ascend")
