"""The current of one channel: the kinds of law that a model file may name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rdcalcium.model.gated_currents import GoldmanCurrent, NadkarniCurrent, OhmicCurrent, TabulatedOpenCurrent
from rdcalcium.model.prescribed_currents import (
    AlphaCurrent,
    ConstantCurrent,
    GaussianCurrent,
    PulseCurrent,
    RecordedCurrent,
    TabulatedCurrent,
)

CurrentLaw = Annotated[
    OhmicCurrent
    | GoldmanCurrent
    | TabulatedOpenCurrent
    | NadkarniCurrent
    | ConstantCurrent
    | PulseCurrent
    | GaussianCurrent
    | AlphaCurrent
    | TabulatedCurrent
    | RecordedCurrent,
    Field(discriminator="kind"),
]
