"""What surrounds the channels: temperature, and calcium on both sides of the membrane."""

from __future__ import annotations

from dataclasses import dataclass

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveConcentration


class Extracellular(Part):
    """What is outside of the terminal, the same everywhere and at all times."""

    calcium: PositiveConcentration
    """Free calcium in the synaptic cleft and around the terminal."""


@dataclass(frozen=True)
class Surroundings:
    """Where a channel is.

    temperature  °C; None where it is not known
    outside      extracellular calcium, µM; None where it is not known
    inside       calcium at rest, µM
    """

    temperature: float | None
    outside: float | None
    inside: float
