"""What happens to the membrane: the voltage."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.filling import with_waveform
from rdcalcium.model.quantity import Time, Voltage

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator


JUMP = 1e-9  # mV; a smaller one is rounding


class ActionPotential(Part):
    """One or more action potentials of a tabulated waveform."""

    kind: Literal["action_potential"] = "action_potential"
    waveform: str
    """Name of a library waveform, or the path of a CSV file, from the model file on, whose two columns are time in ms
    and voltage in mV; a first row of text is passed over, whatever units it says. Between the rows a monotone cubic,
    before the first and after the last their voltage."""
    times: tuple[Time, ...] = Field(default=(0.0,), min_length=1)
    """When each waveform starts; where two overlap the later one takes over."""
    source: tuple[str, ...] = ()
    """References of the waveform: DOIs, or keys of the library's references."""
    table: tuple[tuple[Time, Voltage], ...] = Field(default=(), repr=False, exclude=True)
    """The waveform itself, filled in when the model is loaded: rows of time (ms) and voltage (mV)."""

    @model_validator(mode="before")
    @classmethod
    def _with_rows(cls, data: Any) -> Any:
        return with_waveform(data) if isinstance(data, dict) else data

    def kept(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Neither the rows nor the references of a waveform that changes."""
        kept = super().kept(changes)
        return {k: v for k, v in kept.items() if "waveform" not in changes or k not in ("table", "source")}

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if any(b <= a for a, b in zip(self.times, self.times[1:], strict=False)):
            raise ValueError("times must ascend")
        if len(self.table) < 2:
            raise ValueError(f"waveform {self.waveform!r} has no table; load the model by name or path, or give rows")
        if any(b[0] <= a[0] for a, b in zip(self.table, self.table[1:], strict=False)):
            raise ValueError(f"the times of waveform {self.waveform!r} must ascend")
        return self

    @cached_property
    def _shape(self) -> PchipInterpolator:
        from scipy.interpolate import PchipInterpolator  # half a second; only models with a waveform pay for it

        return PchipInterpolator(*np.transpose(self.table))

    def jumps(self, duration: float) -> np.ndarray:
        """Times within a run of this duration (ms) at which the voltage jumps, (jumps,) ms, ascending.

        A waveform that takes over begins elsewhere than the one before it has come to.
        """
        starts = np.asarray(self.times)
        starts = starts[(starts > 0) & (starts < duration)]
        return starts[np.abs(self.voltage(starts) - self.voltage(starts, before=True)) > JUMP]

    def voltage(self, t: np.ndarray, before: np.ndarray | bool = False) -> np.ndarray:
        """Membrane potential at times t (ms), mV; the first value before the table, the last one after it.

        Where it jumps, the value after that, or before it if asked.

        Between the rows a monotone cubic (Fritsch & Carlson 1980): no kinks, no overshoot.
        """
        starts = np.asarray(self.times)
        latest = np.where(before, np.searchsorted(starts, t, side="left"), np.searchsorted(starts, t, side="right")) - 1
        first, last = self.table[0][0], self.table[-1][0]
        return self._shape(np.clip(np.where(latest >= 0, t - starts[np.maximum(latest, 0)], first), first, last))
