"""Action potentials: one waveform, again and again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.catalogue import FOLDER, entry
from rdcalcium.model.quantity import Factor, Temperature, Time, Voltage
from rdcalcium.model.template import Template
from rdcalcium.model.train import Train, require_ascending
from rdcalcium.model.voltage_course import VoltageCourse
from rdcalcium.model.waveform import Rows, SmoothCurve, is_file, read_waveform

JUMP = 1e-9  # mV; a smaller one is rounding
INSTEAD = {"waveform": "template", "template": "waveform", "times": "train", "train": "times"}


class ActionPotential(VoltageCourse):
    """One or more action potentials of one waveform."""

    kind: Literal["action_potential"] = "action_potential"
    waveform: str | None = None
    """Name of a library waveform, or the path of a CSV file, from the model file on, whose two columns are time in ms
    and voltage in mV; a first row of text is passed over, whatever units it says. Between the rows a monotone cubic,
    before the first and after the last their voltage; none: the template says it."""
    template: Template | None = None
    """The waveform by numbers; none: it is a waveform of the library or of a file."""
    broaden: Factor = 1.0
    """How many times as long the waveform takes from its peak on, as where potassium channels are blocked; the rise
    stays what it is."""
    amplitude_scale: Factor = 1.0
    """How many times as far from its first row the voltage goes."""
    times: Annotated[tuple[Time, ...], Field(min_length=1)] | None = None
    """When each waveform starts; where two overlap the later one takes over; none: at 0 ms, or as the train says."""
    train: Train | None = None
    """When each waveform starts, by a rule; none: at the times."""
    recorded_at: Temperature | None = None
    """Temperature at which the waveform was recorded; none: it is not known, and nobody is asked whether it fits."""
    table: tuple[tuple[Time, Voltage], ...] = Field(default=(), repr=False, exclude=True)
    """The waveform itself, filled in when the model is loaded: rows of time (ms) and voltage (mV)."""

    @model_validator(mode="before")
    @classmethod
    def _with_rows(cls, data: Any) -> Any:
        return _with_rows(data) if isinstance(data, dict) else data

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Neither what belongs to a waveform that changes, nor what something else takes the place of."""
        gone = {INSTEAD[key] for key in changes if key in INSTEAD}
        gone |= {"table", "source", "recorded_at"} if changes.keys() & {"waveform", "template"} else set()
        return {key: value for key, value in super().kept(changes).items() if key not in gone}

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if self.waveform is None and self.template is None:
            raise ValueError("an action potential needs a waveform, of the library or a file, or a template")
        for one, other in (("waveform", "template"), ("times", "train")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"{one} and {other} both say the same of an action potential; leave one out")
        if len(self._rows) < 2:
            raise ValueError(f"waveform {self.waveform!r} has no table; load the model by name or path, or give rows")
        require_ascending(self.starts, "times")
        require_ascending(tuple(t for t, _ in self._rows), f"the times of waveform {self.waveform!r}")
        return self

    @property
    def temperature(self) -> float | None:
        """That of the recording."""
        return self.recorded_at

    @property
    def starts(self) -> tuple[float, ...]:
        """When each waveform starts, ms."""
        return self.train.moments if self.train else self.times or (0.0,)

    @cached_property
    def _rows(self) -> Rows:
        """Time (ms) and voltage (mV) of the waveform, as broad and as high as it is here."""
        rows = self.template.table if self.template else self.table
        if not rows or self.broaden == self.amplitude_scale == 1:
            return rows
        times, voltage = np.transpose(rows)
        peak = times[voltage.argmax()]
        times = np.where(times > peak, peak + self.broaden * (times - peak), times)
        voltage = voltage[0] + self.amplitude_scale * (voltage - voltage[0])
        return tuple(zip(times.tolist(), voltage.tolist(), strict=True))

    @cached_property
    def _shape(self) -> SmoothCurve:
        return SmoothCurve(self._rows)

    def jumps(self, duration: float) -> np.ndarray:
        """A waveform that takes over begins elsewhere than the one before it has come to."""
        starts = np.asarray(self.starts)
        starts = starts[(starts > 0) & (starts < duration)]
        return starts[np.abs(self.voltage(starts) - self.voltage(starts, before=True)) > JUMP]

    def voltage(self, t: np.ndarray, before: np.ndarray | bool = False) -> np.ndarray:
        """That of the latest waveform; the first value before its rows, the last one after them."""
        starts = np.asarray(self.starts)
        latest = np.where(before, np.searchsorted(starts, t, side="left"), np.searchsorted(starts, t, side="right")) - 1
        return self._shape(np.where(latest >= 0, t - starts[np.maximum(latest, 0)], self._rows[0][0]))

    @property
    def rests(self) -> list[tuple[float, float]]:
        """From the last row of one waveform to the start of the next."""
        ends = [-np.inf, *(start + self._rows[-1][0] for start in self.starts)]
        return [(a, b) for a, b in zip(ends, [*self.starts, np.inf], strict=True) if a < b]

    @property
    def beginnings(self) -> dict[str, float]:
        """Each action potential."""
        return {f"action potential {i + 1}": t for i, t in enumerate(self.starts)}

    @property
    def recordings(self) -> dict[str, Rows]:
        """The waveform."""
        return {} if self.waveform is None else {self.waveform: self.table}

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same with another name for its waveform."""
        return self.model_copy(update={"waveform": names.get(self.waveform or "", self.waveform)})


def _with_rows(stimulus: dict[str, Any]) -> dict[str, Any]:
    """A stimulus with the rows of the waveform that it names, unless it holds rows."""
    name = stimulus.get("waveform")
    if not isinstance(name, str) or stimulus.get("table"):
        return stimulus
    if is_file(name):
        return {**stimulus, "table": read_waveform(name)}
    found = entry("waveforms", name)
    rows = Template(**found["template"]).table if "template" in found else _of_library(found["file"])
    said: dict[str, Any] = {key: found[key] for key in ("source", "recorded_at") if key in found}
    return {**said, **stimulus, "table": rows}


@cache
def _of_library(file: str) -> Rows:
    """Rows of a waveform of the library."""
    return tuple(read_waveform(FOLDER / "waveforms" / file))
