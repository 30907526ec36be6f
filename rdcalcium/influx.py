"""What the channels bring into the control volumes over a step."""

from __future__ import annotations

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.currents import channel_currents
from rdcalcium.integrators.base import Coefficients
from rdcalcium.integrators.stabilized import StepSources
from rdcalcium.model import Model
from rdcalcium.system import place_sources


class Influx:
    """The currents of a model, and the control volumes under its pores, on a backend.

    groups   positions of the channels of each group, (channels, 3) µm
    planes   mirror planes of the computed part, (axis, coordinate)
    sources  control volumes, and their shares of each group
    """

    def __init__(self, model: Model, operations: Operations):
        self.do = operations
        self.discretization = operations.system.discretization
        self.currents = channel_currents(model)
        self.groups = [np.array(group.points) for group in model.channels]
        self.planes = list(model.geometry.mirrors.items())
        self.sources = place_sources(self.groups, self.planes, self.discretization)
        self._cells = operations.cells(self.sources.cells)

    @property
    def cells(self) -> np.ndarray:
        """Control volumes under the pores, (k,)."""
        return self.sources.cells

    def seen(self, t: float, h: float, k: Coefficients) -> bool:
        """Whether the stages of a step notice what flows in it."""
        return self.currents.resolved(t, h, k.c, k.weights)

    def over_step(self, t: float, h: float, k: Coefficients) -> StepSources | None:
        """Sources at every stage of a step of h ms from t; None where there are no channels."""
        if not self.groups:
            return None
        rates = self.currents.over_step(t, h, k.c) @ self.sources.shares.T
        return StepSources(self._cells, self.do.values(rates[0]), self.do.values(rates - rates[0]))

    def amount(self, t: float, h: float, k: Coefficients) -> float:
        """What a step brings into the computed part, µM µm³: the quadrature of the scheme."""
        if not self.groups:
            return 0.0
        charge = h * k.weights @ self.currents.over_step(t, h, k.c)
        return float(self.discretization.volumes[self.cells] @ (self.sources.shares @ charge))
