"""What happens to the membrane: the voltage, and its calcium channels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.current_laws import CurrentLaw, GatedCurrent
from rdcalcium.model.filling import with_waveform
from rdcalcium.model.quantity import Length, Time, Voltage
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.scheme_part import SchemePart

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


Position = Annotated[tuple[Length, ...], Field(min_length=2, max_length=3)]


class Channels(SchemePart):
    """A group of calcium channels of one kind, at points of the membrane unless it says otherwise.

    With a gated current, such as an ohmic one, the gate is a voltage-dependent kinetic scheme; a prescribed current has
    none.
    """

    shelf = "channels"
    own = ("positions", "place", "gating")

    positions: tuple[Position, ...] = Field(min_length=1)
    """Of each channel: x and y, or x, y and z where the membrane is not the plane z = 0."""
    place: Literal["membrane", "anywhere"] = "membrane"
    """On the membrane (z = 0 of a box, the named surface of a mesh), or anywhere, as a source in the cytosol is."""
    gating: Literal["deterministic"] = "deterministic"
    """Every channel conducts with its probability of being open."""
    gate: tuple[str, ...] = ()
    """Transitions such as "C0 <-> C1 : 2*1.78*exp(V/23.3), 0.14*exp(-V/15)", with V in mV and rates in 1/ms. It starts
    in equilibrium with the first voltage; none: the current is prescribed."""
    open_states: tuple[str, ...] = ()
    """States of the gate in which a channel conducts."""
    current: CurrentLaw
    """Of one channel."""

    @property
    def points(self) -> tuple[tuple[float, float, float], ...]:
        """Positions with z, µm."""
        return tuple((p[0], p[1], p[2] if len(p) == 3 else 0.0) for p in self.positions)

    def named_points(self) -> dict[str, tuple[float, float, float]]:
        """Position of each channel, µm, by the name that users are told."""
        return {f"channels {self.name!r}, number {i + 1}": point for i, point in enumerate(self.points)}

    @property
    def lines(self) -> tuple[str, ...]:
        """The gate."""
        return self.gate

    @model_validator(mode="after")
    def _gate_fits_current(self) -> Self:
        if isinstance(self.current, GatedCurrent) != bool(self.gate):
            needs = "has no gate; leave it out" if self.gate else "needs a gate (a scheme with open_states)"
            raise ValueError(f"channels {self.name!r}: a current of kind {self.current.kind!r} {needs}")
        if self.gate:
            scheme = self.kinetics()
            missing = [s for s in self.open_states if s not in scheme.states]
            if missing or not self.open_states:
                raise ValueError(
                    f"channels {self.name!r}: open_states must name states of the gate: {', '.join(scheme.states)}"
                )
            if any(t.ligand for t in scheme.transitions):
                raise ValueError(f"channels {self.name!r}: a gate cannot bind Ca or Mg")
        return self

    def kinetics(self) -> KineticScheme:
        """The gate as a kinetic scheme."""
        return self.read_scheme()
