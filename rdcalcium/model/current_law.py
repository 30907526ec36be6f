"""What every current law says of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from rdcalcium.model.base import Part
from rdcalcium.model.surroundings import Surroundings
from rdcalcium.model.waveform import Rows


class Law(Part):
    """The current of one channel.

    quantity  what it is given by, a key of `plausible.USUAL`
    """

    quantity: ClassVar[str] = "current"

    kind: str

    @property
    @abstractmethod
    def largest(self) -> float:
        """The largest value of that quantity, for one channel, in its unit."""

    @property
    def begins(self) -> float:
        """When the current begins, ms."""
        return 0.0

    @property
    def recordings(self) -> dict[str, Rows]:
        """Rows of time (ms) and current (pA) that were read, by the name of their file."""
        return {}

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same with other names for its files."""
        return self

    def sources(self, surroundings: Surroundings) -> tuple[str, ...]:
        """References of what the law brings with it there, beside the values that it was given."""
        return ()

    def within(self, surroundings: Surroundings) -> Self:
        """The law where it is: at this temperature, between these concentrations; ValueError where one is missing."""
        return self


class PrescribedCurrent(Law):
    """A function of time alone.

    smooth  whether a cubic joins its rows; else straight lines
    """

    smooth: ClassVar[bool] = False

    @property
    def moments(self) -> tuple[float, ...]:
        """When its rows flow, ms: added to their times, each anew."""
        return (0.0,)

    @abstractmethod
    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Times (ms) and inward current (pA) of a run of this duration (ms), both (rows,); zero outside them."""


class GatedCurrent(Law):
    """A function of the voltage and of the probability that the channel is open: it needs a gate and a stimulus."""

    @property
    def grows_with(self) -> float | None:
        """Calcium (µM) in proportion to which it grows without end; None where it saturates, or nobody says."""
        return None

    @abstractmethod
    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        """Mean inward current (pA) of a channel that is open with this probability at this voltage (mV).

        Of a law that depends on where it is, after `within`.
        """
