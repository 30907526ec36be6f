"""The membrane potential that somebody imposes: steps, and a table from a recording or another program."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveTime, Time, Voltage
from rdcalcium.model.voltage_course import VoltageCourse
from rdcalcium.model.waveform import Rows, SmoothCurve, read_waveform
from rdcalcium.units import milliseconds


class Step(Part):
    """One step away from the holding potential, and back."""

    level: Voltage
    """Potential during the step."""
    start: Time
    """Beginning of the step."""
    duration: PositiveTime
    """Length of the step."""

    @property
    def end(self) -> float:
        """When it is over, ms."""
        return self.start + self.duration


class VoltageSteps(VoltageCourse):
    """A voltage clamp that steps at once from the holding potential to others, and back."""

    kind: Literal["voltage_step"] = "voltage_step"
    holding: Voltage
    """Potential before, between and after the steps."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    """One after the other; a step that begins where the one before it ends follows it at once."""

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Self:
        for i, (one, other) in enumerate(pairwise(self.steps)):
            if other.start < one.end:
                raise ValueError(
                    f"step {i + 2} begins at {milliseconds(other.start)}, before step {i + 1} ends at "
                    f"{milliseconds(one.end)}"
                )
        return self

    @cached_property
    def _levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Times at which a level begins, (2 steps,) ms, and the levels, that before the first included, mV."""
        times = [t for step in self.steps for t in (step.start, step.end)]
        levels = [v for step in self.steps for v in (step.level, self.holding)]
        return np.array(times), np.array([self.holding, *levels])

    def voltage(self, t: np.ndarray, before: np.ndarray | bool = False) -> np.ndarray:
        """The level of the step that is on, or the holding potential."""
        times, levels = self._levels
        return levels[np.where(before, np.searchsorted(times, t, side="left"), np.searchsorted(times, t, side="right"))]

    def jumps(self, duration: float) -> np.ndarray:
        """Both ends of each step."""
        times = np.unique(self._levels[0])
        times = times[(times > 0) & (times < duration)]
        return times[self.voltage(times) != self.voltage(times, before=True)]

    @property
    def rests(self) -> list[tuple[float, float]]:
        """All times, from one jump to the next."""
        ends = np.unique([-np.inf, *self._levels[0], np.inf])
        return list(pairwise(ends.tolist()))

    @property
    def beginnings(self) -> dict[str, float]:
        """Each step."""
        return {f"voltage step {i + 1}": step.start for i, step in enumerate(self.steps)}


class VoltageTable(VoltageCourse):
    """The membrane potential over the whole run from a file, as of a recording or of a cable model in NEURON."""

    kind: Literal["table"] = "table"
    file: str
    """Path of a CSV file, from the model file on, whose two columns are time in ms and voltage in mV; a first row of
    text is passed over, whatever units it says. Between the rows a monotone cubic, before the first and after the last
    their voltage; two rows at one time are a jump."""
    table: tuple[tuple[Time, Voltage], ...] = Field(default=(), repr=False, exclude=True)
    """The rows themselves, filled in when the model is loaded: time (ms) and voltage (mV)."""

    @model_validator(mode="before")
    @classmethod
    def _with_rows(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str) or data.get("table"):
            return data
        return {**data, "table": read_waveform(data["file"], "voltage table")}

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Neither the rows nor the references of a file that changes."""
        kept = super().kept(changes)
        return {k: v for k, v in kept.items() if "file" not in changes or k not in ("table", "source")}

    @model_validator(mode="after")
    def _checked(self) -> Self:
        times = [t for t, _ in self.table]
        if any(b < a for a, b in pairwise(times)):
            raise ValueError(f"the times of {self.file!r} must ascend")
        return self

    @cached_property
    def _curve(self) -> SmoothCurve:
        return SmoothCurve(self.table)

    def voltage(self, t: np.ndarray, before: np.ndarray | bool = False) -> np.ndarray:
        """That of the table."""
        return self._curve(t, before)

    def jumps(self, duration: float) -> np.ndarray:
        """Where two rows have one time."""
        jumps = np.unique(self._curve.jumps)
        return jumps[(jumps > 0) & (jumps < duration)]

    @property
    def rests(self) -> list[tuple[float, float]]:
        """Before the first row, and after the last."""
        return [(-np.inf, self.table[0][0]), (self.table[-1][0], np.inf)]

    @property
    def beginnings(self) -> dict[str, float]:
        """The first row."""
        return {"the voltage table": self.table[0][0]}

    @property
    def recordings(self) -> dict[str, Rows]:
        """The file."""
        return {self.file: self.table}

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same with another name for its file."""
        return self.model_copy(update={"file": names.get(self.file, self.file)})
