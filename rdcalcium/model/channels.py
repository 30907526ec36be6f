"""Calcium channels: where they are, their gate, and the current of one."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.current_law import GatedCurrent
from rdcalcium.model.current_laws import CurrentLaw
from rdcalcium.model.names import CALCIUM, MAGNESIUM
from rdcalcium.model.openings import Intervals, PrescribedOpenings, require_openings
from rdcalcium.model.placed_part import PlacedPart
from rdcalcium.model.quantity import Factor, Length, Temperature
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.surroundings import Surroundings
from rdcalcium.units import show

Position = Annotated[tuple[Length, ...], Field(min_length=2, max_length=3)]
FollowsCalcium = Literal["patch", "drawn"] | None
"""In a patch of its own, which knows the share of each state, or of each channel by chance; None: not at all."""


class Channels(PlacedPart):
    """A group of calcium channels of one kind, at points of the membrane unless it says otherwise.

    With a gated current, such as an ohmic one, the gate is a voltage-dependent kinetic scheme; a prescribed current has
    none.
    """

    shelf = "channels"
    own = ("positions", "placement", "place", "gating", "openings")

    positions: tuple[Position, ...] = Field(default=(), min_length=1)
    """Of each channel: x and y, or x, y and z where the membrane is not the plane z = 0; none: those that
    `placement` gives."""
    place: Literal["membrane", "anywhere"] = "membrane"
    """On the membrane (z = 0 of a box, the named surface of a mesh), or anywhere, as a source in the cytosol is."""
    gating: Literal["deterministic", "stochastic"] = "deterministic"
    """Every channel conducts with its probability of being open; or every channel opens and closes by itself, at times
    that are drawn from its gate, others in every trial."""
    openings: PrescribedOpenings = ()
    """When the channels are open, as pairs of times: one list for all of them, or a list for each, which may be empty.
    They take the place of the gate; none: a channel opens as its gate says."""
    gate: tuple[str, ...] = ()
    """Transitions such as "C0 <-> C1 : 2*1.78*exp(V/23.3), 0.14*exp(-V/15)", with V in mV and rates in 1/ms. It starts
    in equilibrium with the first voltage. Steps that bind calcium, such as "O + Ca <-> I : k_on, k_off", and rates that
    name Ca see the free calcium of the control volumes at the pore, whatever their size; they take none away.
    none: the current is prescribed."""
    open_states: tuple[str, ...] = ()
    """States of the gate in which a channel conducts."""
    measured_at: Temperature | None = None
    """At which the rates of the gate were measured; none: its rates hold at the temperature of the model."""
    Q10: Factor | None = None
    """How many times as fast the gate is where it is 10 degC warmer, 2 to 2.5 for calcium channels; none: it must be
    said where the model has another temperature than that at which the gate was measured."""
    speed: Factor = 1.0
    """How many times as fast the gate is as its rates say."""
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

    @property
    def conducts_by_itself(self) -> bool:
        """Whether each channel is open or shut, instead of conducting with its probability of being open."""
        return self.gating == "stochastic" or bool(self.openings)

    @property
    def openings_of_each(self) -> tuple[Intervals, ...]:
        """Those that are prescribed, of each channel in the order of positions."""
        return self.openings * len(self.positions) if len(self.openings) == 1 else self.openings

    @property
    def needs_voltage(self) -> bool:
        """Whether its current depends on the membrane potential."""
        return isinstance(self.current, GatedCurrent)

    @model_validator(mode="after")
    def _one_reason_to_open(self) -> Self:
        if self.gating == "stochastic" and bool(self.gate) == bool(self.openings):
            advice = "leave that out, or the openings" if self.gate else "needs a gate (a scheme with open_states)"
            raise ValueError(f'channels {self.name!r}: gating = "stochastic": {advice}')
        if self.openings and self.positions:
            try:
                require_openings(self.openings, len(self.positions))
            except ValueError as error:
                raise ValueError(f"channels {self.name!r}: {error}") from None
        return self

    @model_validator(mode="after")
    def _gate_fits_current(self) -> Self:
        if self.needs_voltage != bool(self.gate) and not self.openings:
            needs = "has no gate; leave it out" if self.gate else "needs a gate (a scheme with open_states)"
            raise ValueError(f"channels {self.name!r}: a current of kind {self.current.kind!r} {needs}")
        if self.gate:
            scheme = self.kinetics()
            missing = [s for s in self.open_states if s not in scheme.states]
            if missing or not self.open_states:
                raise ValueError(
                    f"channels {self.name!r}: open_states must name states of the gate: {', '.join(scheme.states)}"
                )
            if scheme.binds(MAGNESIUM):
                raise ValueError(f"channels {self.name!r}: a gate may bind Ca, but not Mg")
        return self

    @property
    def open_mask(self) -> np.ndarray:
        """Which states of the gate conduct, (states,)."""
        return np.array([state in self.open_states for state in self.kinetics().states])

    @property
    def follows_calcium(self) -> FollowsCalcium:
        """How its gate is found while the calcium at the pore changes it; None where it does not."""
        if not self.gate or self.openings:
            return None
        scheme = self.kinetics()
        if not scheme.depends_on_calcium and not scheme.binds(CALCIUM):
            return None
        return "drawn" if self.gating == "stochastic" else "patch"

    def kinetics(self) -> KineticScheme:
        """The gate as a kinetic scheme, as fast as it is."""
        return self.read_scheme().faster(self.speed)

    def within(self, surroundings: Surroundings) -> Self:
        """The channels with the gate and the current that they have there; ValueError where it is not known."""
        try:
            current = self.current.within(surroundings)
            speed = self.speed * self._quickened(surroundings.temperature)
        except ValueError as error:
            raise ValueError(f"channels {self.name!r}: {error}") from None
        measured_at = self.measured_at if surroundings.temperature is None else surroundings.temperature
        return self.model_copy(update={"current": current, "speed": speed, "measured_at": measured_at})

    def _quickened(self, temperature: float | None) -> float:
        """How many times as fast the gate is at a temperature (°C) as where it was measured, Q10^(ΔT / 10)."""
        if not self.gate or self.measured_at is None or temperature in (None, self.measured_at):
            return 1.0
        if self.Q10 is None:
            raise ValueError(
                f"the gate was measured at {show(self.measured_at, 'temperature')} and the model is at "
                f"{show(temperature, 'temperature')}; say how much faster it is there, such as Q10 = 2.3 per 10 degC"
            )
        return self.Q10 ** ((temperature - self.measured_at) / 10)
