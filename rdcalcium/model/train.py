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
from rdcalcium.units import show

MOST = 100_000  # moments of one train

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


class RegularTrain(MomentsOfTrain):
    """Moments at equal intervals, start + i / rate."""

    kind: Literal["regular"] = "regular"
    rate: Frequency
    """Of the moments, such as "100 Hz"."""
    count: Count
    """How many there are."""
    start: Time = 0.0
    """The first."""

    @property
    def moments(self) -> tuple[float, ...]:
        """One after the other."""
        return tuple((self.start + np.arange(self.count) / self.rate).tolist())


class PoissonTrain(MomentsOfTrain):
    """Moments at random intervals: the refractory period, and then any moment as likely as any other.

    An interval is refractory + E, with E exponentially distributed of mean 1 / rate - refractory, so that the mean rate
    is the one that is said.
    """

    kind: Literal["poisson"] = "poisson"
    rate: Frequency
    """Mean rate of the moments, refractory periods included."""
    count: Count
    """How many there are."""
    start: Time = 0.0
    """The first; those after it are random."""
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

    @property
    def moments(self) -> tuple[float, ...]:
        """Drawn from the seed."""
        return self._drawn

    @cached_property
    def _drawn(self) -> tuple[float, ...]:
        # -log(1 - u) of uniform numbers rather than NumPy's exponential ones, which another version may draw otherwise
        waits = -np.log1p(-generator(self.seed, 0, "train").random(self.count - 1))
        intervals = self.refractory + (1 / self.rate - self.refractory) * waits
        return tuple((self.start + np.append(0.0, np.cumsum(intervals))).tolist())


Train = Annotated[RegularTrain | PoissonTrain | ListedTrain, Field(discriminator="kind")]


def require_ascending(times: tuple[float, ...], what: str) -> None:
    """Refuse moments of which one is not after the one before it."""
    if any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"{what} must ascend")
