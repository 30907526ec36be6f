"""Currents that somebody prescribes: functions of time alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.current_law import PrescribedCurrent
from rdcalcium.model.quantity import Current, PositiveTime, Quantity, Time
from rdcalcium.model.train import Train
from rdcalcium.model.waveform import Rows, read_waveform
from rdcalcium.units import milliseconds, show

GAUSSIAN_ROWS = 801  # over ± 4 widths, a cubic between them
ALPHA_LENGTH, ALPHA_ROWS = 20.5, 821  # in times to the peak; a cubic between them
BRIEFEST = 1e-9  # what a pulse or bell lasts, relative to when: its rows are told apart by the last digits of a float
BEYOND = 1.001  # of the duration, at which a constant current ends: its jump is none of the run


class RepeatedCurrent(PrescribedCurrent):
    """A course that may happen again and again; where it overlaps with itself the currents add up."""

    train: Train | None = None
    """When it happens, as moments that are added to the times of the current; none: once, at its own times."""

    @property
    def moments(self) -> tuple[float, ...]:
        """Those of the train."""
        return self.train.moments if self.train else (0.0,)

    @property
    def begins(self) -> float:
        """When it begins for the first time, ms."""
        return self.moments[0] + self.begins_once

    @property
    @abstractmethod
    def begins_once(self) -> float:
        """When it begins by its own times, ms."""


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


class PulseCurrent(ShapedCurrent, RepeatedCurrent):
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
    def begins_once(self) -> float:
        """Its start, ms."""
        return self.start

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Two."""
        return np.array([self.start, self.start + self.duration]), np.array([self.amplitude, self.amplitude])


class GaussianCurrent(ShapedCurrent, RepeatedCurrent):
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
    def begins_once(self) -> float:
        """One width before the maximum, where 1/16 of it flows, ms."""
        return self.peak - self.width

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Over ± 4 widths."""
        s = np.linspace(-4, 4, GAUSSIAN_ROWS)
        return self.peak + s * self.width, self.amplitude * np.exp(-4 * np.log(2) * s**2)


class AlphaCurrent(ShapedCurrent, RepeatedCurrent):
    """Inward current that rises and decays with one time constant, amplitude · s/τ exp(1 - s/τ), s = t - start > 0."""

    smooth: ClassVar[bool] = True

    kind: Literal["alpha"] = "alpha"
    start: Time = 0.0
    """When it begins to flow."""
    time_to_peak: PositiveTime
    """τ, from the start to the maximum."""

    @model_validator(mode="after")
    def _tellable(self) -> Self:
        _require_tellable("time_to_peak", self.time_to_peak, self.start)
        return self

    @property
    def begins_once(self) -> float:
        """Its start, ms."""
        return self.start

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Up to where 1e-7 of the amplitude is left."""
        s = np.linspace(0, ALPHA_LENGTH, ALPHA_ROWS)
        return self.start + s * self.time_to_peak, self.amplitude * s * np.exp(1 - s)


def _require_tellable(key: str, length: float, when: float) -> None:
    if length < BRIEFEST * abs(when):
        raise ValueError(
            f"{key} is {show(length, 'time')}, too short at {show(when, 'time')}: "
            f"at least {show(BRIEFEST * abs(when), 'time')} there"
        )


class TabulatedCurrent(RepeatedCurrent):
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
        _require_rows(self.times, "the table")
        return self

    @property
    def largest(self) -> float:
        """The largest of the rows, pA."""
        return max(self.values)

    @property
    def begins_once(self) -> float:
        """The first row, ms."""
        return self.times[0]

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """The rows themselves."""
        return np.array(self.times), np.array(self.values)


class RecordedCurrent(RepeatedCurrent):
    """Inward current from a file, as of a recording or of another program, linear between the rows and zero outside."""

    kind: Literal["recording"] = "recording"
    file: str
    """Path of a CSV file, from the model file on, whose two columns are time in ms and current in pA; a first row of
    text is passed over, whatever units it says. The same time twice makes a jump."""
    scale: Annotated[float, Quantity("number")] = 1.0
    """By which the currents of the file are multiplied: -1 where inward ones are negative, 0.001 where those of 1000
    channels were recorded together."""
    table: tuple[tuple[Time, Annotated[float, Quantity("current")]], ...] = Field(default=(), repr=False, exclude=True)
    """The rows themselves, filled in when the model is loaded: time (ms) and current (pA)."""

    @model_validator(mode="before")
    @classmethod
    def _with_rows(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str) or data.get("table"):
            return data
        return {**data, "table": read_waveform(data["file"], "current", "current (pA)")}

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Not the rows of a file that changes."""
        return {k: v for k, v in super().kept(changes).items() if "file" not in changes or k != "table"}

    @model_validator(mode="after")
    def _checked(self) -> Self:
        times, currents = self.rows(0.0)
        _require_rows(tuple(times.tolist()), f"the current {self.file!r}")
        if currents.min() < 0:
            raise ValueError(
                f"the current {self.file!r} is {currents.min():.3g} pA at {milliseconds(times[currents.argmin()])}; "
                "inward current is positive and none flows out: say scale = -1, or set what is noise to 0"
            )
        return self

    @property
    def largest(self) -> float:
        """The largest of the rows, pA."""
        return float(self.rows(0.0)[1].max())

    @property
    def begins_once(self) -> float:
        """The first row, ms."""
        return self.table[0][0]

    def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Those of the file, scaled."""
        times, currents = np.transpose(self.table)
        return times, self.scale * currents

    @property
    def recordings(self) -> dict[str, Rows]:
        """The file."""
        return {self.file: self.table}

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same with another name for its file."""
        return self.model_copy(update={"file": names.get(self.file, self.file)})


def _require_rows(times: tuple[float, ...], what: str) -> None:
    """Refuse a table that goes back in time, or lasts for no time."""
    if any(b < a for a, b in pairwise(times)):
        raise ValueError(f"the times of {what} must ascend")
    if times[0] == times[-1]:
        raise ValueError(f"all times of {what} are {milliseconds(times[0])}: it lasts for no time")
