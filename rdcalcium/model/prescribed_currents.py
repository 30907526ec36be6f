"""Currents that somebody prescribes: functions of time alone."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.current_law import PrescribedCurrent
from rdcalcium.model.quantity import Current, PositiveTime, Time
from rdcalcium.units import milliseconds, show

GAUSSIAN_ROWS = 801  # over ± 4 widths, a cubic between them
BRIEFEST = 1e-9  # what a pulse or bell lasts, relative to when: its rows are told apart by the last digits of a float
BEYOND = 1.001  # of the duration, at which a constant current ends: its jump is none of the run


class ShapedCurrent(PrescribedCurrent):
    """An amplitude times a shape in time that reaches 1."""

    amplitude: Current
    """Calcium current of one channel, positive inward; at its maximum where it varies."""

    @property
    def largest(self) -> float:
        """Its amplitude, pA."""
        return self.amplitude


class ConstantCurrent(ShapedCurrent):
    """The same inward current at all times, from 0 ms on."""

    kind: Literal["constant"] = "constant"

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Two, the second after the end."""
        return np.array([0.0, duration * BEYOND]), np.array([self.amplitude, self.amplitude])


class PulseCurrent(ShapedCurrent):
    """A rectangular pulse of inward current."""

    kind: Literal["pulse"] = "pulse"
    start: Time = 0.0
    """Beginning of the pulse."""
    duration: PositiveTime
    """Length of the pulse."""

    @model_validator(mode="after")
    def _tellable(self) -> Self:
        _require_tellable("duration", self.duration, self.start)
        return self

    @property
    def begins(self) -> float:
        """Its start, ms."""
        return self.start

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Two."""
        return np.array([self.start, self.start + self.duration]), np.array([self.amplitude, self.amplitude])


class GaussianCurrent(ShapedCurrent):
    """A bell of inward current, amplitude · exp(-4 ln 2 (t - peak)² / width²)."""

    smooth: ClassVar[bool] = True

    kind: Literal["gaussian"] = "gaussian"
    peak: Time
    """Time of the maximum."""
    width: PositiveTime
    """Full width at half maximum."""

    @model_validator(mode="after")
    def _tellable(self) -> Self:
        _require_tellable("width", self.width, self.peak)
        return self

    @property
    def begins(self) -> float:
        """One width before the maximum, where 1/16 of it flows, ms."""
        return self.peak - self.width

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Over ± 4 widths."""
        s = np.linspace(-4, 4, GAUSSIAN_ROWS)
        return self.peak + s * self.width, self.amplitude * np.exp(-4 * np.log(2) * s**2)


def _require_tellable(key: str, length: float, when: float) -> None:
    if length < BRIEFEST * abs(when):
        raise ValueError(
            f"{key} is {show(length, 'time')}, too short at {show(when, 'time')}: "
            f"at least {show(BRIEFEST * abs(when), 'time')} there"
        )


class TabulatedCurrent(PrescribedCurrent):
    """Inward current recorded by somebody, linear between the rows and zero outside."""

    kind: Literal["table"] = "table"
    times: tuple[Time, ...] = Field(min_length=2)
    """Of the rows, ascending; the same time twice makes a jump."""
    values: tuple[Current, ...] = Field(min_length=2)
    """Calcium current of one channel at these times, positive inward."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if len(self.times) != len(self.values):
            raise ValueError(f"the table has {len(self.times)} times but {len(self.values)} values")
        if any(b < a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("the times of the table must ascend")
        if self.times[0] == self.times[-1]:
            raise ValueError(f"all times of the table are {milliseconds(self.times[0])}: it lasts for no time")
        return self

    @property
    def largest(self) -> float:
        """The largest of the rows, pA."""
        return max(self.values)

    @property
    def begins(self) -> float:
        """The first row, ms."""
        return self.times[0]

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """The rows themselves."""
        return np.array(self.times), np.array(self.values)
