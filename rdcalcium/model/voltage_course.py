"""What every course of the membrane potential says of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np

from rdcalcium.model.base import Part
from rdcalcium.model.waveform import Rows


class VoltageCourse(Part):
    """The membrane potential as a function of time, the same everywhere."""

    kind: str
    source: tuple[str, ...] = ()
    """References of the voltage: DOIs, or keys of the library's references."""

    @abstractmethod
    def voltage(self, t: np.ndarray, before: np.ndarray | bool = False) -> np.ndarray:
        """Membrane potential at times t (ms), mV, of their shape; at -∞ the one at rest.

        Where it jumps, the value after that, or before it if asked.
        """

    @property
    def at_rest(self) -> float:
        """Membrane potential before the stimulus, mV."""
        return float(self.voltage(np.array(-np.inf)))

    @abstractmethod
    def jumps(self, duration: float) -> np.ndarray:
        """Times within a run of this duration (ms) at which the voltage jumps, (jumps,) ms, ascending."""

    @property
    def rests(self) -> list[tuple[float, float]]:
        """Beginning and end of each time in which the voltage stays what it is, ms, one after the other."""
        return []

    @property
    def temperature(self) -> float | None:
        """Temperature at which it was recorded, °C; None where nobody says."""
        return None

    @property
    @abstractmethod
    def beginnings(self) -> dict[str, float]:
        """When each of its parts begins, ms, by what users call it."""

    @property
    def recordings(self) -> dict[str, Rows]:
        """Rows of time (ms) and voltage (mV) that were read, by the name of their file or waveform."""
        return {}

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same with other names for its files."""
        return self
