"""What happens to the membrane: the kinds of stimulus that a model file may name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rdcalcium.model.action_potential import ActionPotential
from rdcalcium.model.voltage_clamp import VoltageSteps, VoltageTable

Stimulus = Annotated[ActionPotential | VoltageSteps | VoltageTable, Field(discriminator="kind")]
