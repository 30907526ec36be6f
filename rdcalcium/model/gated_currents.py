"""Currents of an open channel that follow from the voltage."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.special import exprel

from rdcalcium.model.current_law import GatedCurrent
from rdcalcium.model.quantity import (
    Conductance,
    Current,
    Permeability,
    PositiveConcentration,
    Temperature,
    Voltage,
)
from rdcalcium.model.surroundings import Surroundings
from rdcalcium.model.train import require_ascending
from rdcalcium.model.waveform import SmoothCurve
from rdcalcium.units import (
    AMOUNT_PER_CHARGE,
    CALCIUM_VALENCE,
    CURRENT_PER_CONDUCTANCE_VOLTAGE,
    thermal_voltage,
)

HALF_SATURATION = 2600.0  # µM, Schneggenburger, Meyer & Neher 1999 (Neuron 23:399); 2.68 mM fits other synapses as well

# Of the current through an open channel in Nadkarni et al. 2010 (PLoS Comput Biol 6:e1000983).
NADKARNI_SCALE = 80.36  # mV
NADKARNI_RATIO = 0.393


class MeasuredCurrent(GatedCurrent):
    """A current that was measured in one extracellular calcium, and saturates with it, as c / (c + K_M)."""

    measured_in: PositiveConcentration | None = None
    """Extracellular calcium in which the current was measured, where the model says another one; none: the current is
    that in the extracellular calcium of the model."""
    K_M: PositiveConcentration = HALF_SATURATION
    """Extracellular calcium in which half of the largest current flows."""

    def within(self, surroundings: Surroundings) -> Self:
        """Larger or smaller than measured, where the extracellular calcium is said on both sides."""
        here, there = surroundings.outside, self.measured_in
        if here is None or there is None:
            return self
        return self.scaled(here / (here + self.K_M) * (there + self.K_M) / there).model_copy(
            update={"measured_in": here}
        )

    def sources(self, surroundings: Surroundings) -> tuple[str, ...]:
        """That of K_M, where it is not said and matters."""
        matters = None not in (surroundings.outside, self.measured_in) and surroundings.outside != self.measured_in
        return ("schneggenburger1999",) if matters and self.K_M == HALF_SATURATION else ()

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """The same, so many times as large."""


class OhmicCurrent(MeasuredCurrent):
    """Current of one open channel, conductance (reversal - V), positive inward; V must stay below the reversal.

    It needs a gate, and a stimulus that says the voltage.
    """

    quantity: ClassVar[str] = "conductance"

    kind: Literal["ohmic"] = "ohmic"
    conductance: Conductance
    """Of one open channel."""
    reversal: Voltage
    """Apparent reversal potential of the calcium current, not the Nernst potential."""

    @property
    def largest(self) -> float:
        """Its conductance, pS."""
        return self.conductance

    def scaled(self, factor: float) -> Self:
        """With another conductance."""
        return self.model_copy(update={"conductance": factor * self.conductance})

    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        """By Ohm's law."""
        return open_probability * self.conductance * (self.reversal - voltage) * CURRENT_PER_CONDUCTANCE_VOLTAGE


class GoldmanCurrent(GatedCurrent):
    """Current of one open channel by the constant field of Goldman, Hodgkin and Katz, which never reverses at a spike.

    With u = z F V / (R T) it is z F P u (c_out exp(-u) - c_in) / (1 - exp(-u)), positive inward. Calcium inside is that
    at rest: beside the pore it is higher by up to 100 uM, which is little beside what is outside.
    """

    quantity: ClassVar[str] = "permeability"

    kind: Literal["GHK"] = "GHK"
    permeability: Permeability
    """P of one open channel, a volume per time."""
    outside: PositiveConcentration | None = None
    """Calcium outside; none: the extracellular calcium of the model."""
    inside: PositiveConcentration | None = None
    """Calcium inside; none: that of the model at rest."""
    temperature: Temperature | None = None
    """Of the channel; none: that of the model."""

    @property
    def largest(self) -> float:
        """Its permeability, µm³/ms."""
        return self.permeability

    @property
    def grows_with(self) -> float | None:
        """Calcium outside."""
        return self.outside

    def within(self, surroundings: Surroundings) -> Self:
        """With what it does not say itself."""
        outside, temperature = self.outside or surroundings.outside, self.temperature
        temperature = surroundings.temperature if temperature is None else temperature
        if outside is None:
            raise ValueError(
                'a GHK current needs the calcium outside: [extracellular] calcium = "2 mM", or outside in the current'
            )
        if temperature is None:
            raise ValueError(
                'a GHK current needs the temperature, as temperature = "24 degC" above the tables or in the current'
            )
        inside = self.inside or surroundings.inside
        return self.model_copy(update={"outside": outside, "inside": inside, "temperature": temperature})

    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        """By the constant field; u / (1 - exp(-u)) is 1 where the voltage is 0."""
        assert self.outside is not None
        assert self.inside is not None
        assert self.temperature is not None
        u = CALCIUM_VALENCE * np.asarray(voltage) / thermal_voltage(self.temperature)
        # Above and below one line divided by the larger exponential, so that none overflows.
        small = np.exp(-np.abs(u))
        driving = np.where(u > 0, self.outside * small - self.inside, self.outside - self.inside * small)
        amount = self.permeability * driving / exprel(-np.abs(u))  # µM µm³/ms
        return open_probability * amount / AMOUNT_PER_CHARGE


class TabulatedOpenCurrent(MeasuredCurrent):
    """Current of one open channel at some voltages, between them a monotone cubic, beyond them a straight line."""

    kind: Literal["current_voltage"] = "current_voltage"
    voltages: Annotated[tuple[Voltage, ...], Field(min_length=2)]
    """Of the rows, ascending."""
    values: Annotated[tuple[Current, ...], Field(min_length=2)]
    """Calcium current of one open channel at these voltages, positive inward."""

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if len(self.voltages) != len(self.values):
            raise ValueError(f"the table has {len(self.voltages)} voltages but {len(self.values)} values")
        require_ascending(self.voltages, "the voltages of the table")
        return self

    @property
    def largest(self) -> float:
        """The largest of the rows, pA."""
        return max(self.values)

    def scaled(self, factor: float) -> Self:
        """With other values."""
        return self.changed(values=tuple(factor * value for value in self.values))

    @cached_property
    def _curve(self) -> SmoothCurve:
        return SmoothCurve(tuple(zip(self.voltages, self.values, strict=True)))

    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        """By the table; beyond its rows on the line through the last two."""
        slope = np.diff(self.values) / np.diff(self.voltages)
        below, above = (np.asarray(voltage) - self.voltages[end] for end in (0, -1))
        beyond = slope[0] * np.minimum(below, 0) + slope[-1] * np.maximum(above, 0)
        return open_probability * (self._curve(voltage) + beyond)


class NadkarniCurrent(MeasuredCurrent):
    """Current of one open channel of a mossy fibre bouton as Nadkarni et al. 2010 have it.

    With x = V / 80.36 mV it is conductance V (0.393 - exp(-x)) / (1 - exp(x)), positive inward; it reverses at 75 mV.
    """

    quantity: ClassVar[str] = "conductance"

    kind: Literal["nadkarni"] = "nadkarni"
    conductance: Conductance
    """γ, 3.72 pS in that paper."""

    @property
    def largest(self) -> float:
        """Its conductance, pS."""
        return self.conductance

    def sources(self, surroundings: Surroundings) -> tuple[str, ...]:
        """That of the formula too."""
        return ("nadkarni2010", *super().sources(surroundings))

    def scaled(self, factor: float) -> Self:
        """With another conductance."""
        return self.model_copy(update={"conductance": factor * self.conductance})

    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        """By that formula, in which V / (1 - exp(x)) is -80.36 mV where the voltage is 0."""
        x = np.asarray(voltage) / NADKARNI_SCALE
        driving = NADKARNI_SCALE * (np.exp(-x) - NADKARNI_RATIO) / exprel(x)  # mV
        return open_probability * self.conductance * driving * CURRENT_PER_CONDUCTANCE_VOLTAGE
