"""What the channels bring into the control volumes over a step."""

from __future__ import annotations

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.currents import channel_currents
from rdcalcium.discretization import PointWeights
from rdcalcium.integrators.base import Coefficients
from rdcalcium.integrators.stepper import StepSources
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
        self._cells = operations.indices(self.sources.cells)

    @property
    def cells(self) -> np.ndarray:
        """Control volumes under the pores, (k,)."""
        return self.sources.cells

    @property
    def amounts(self) -> np.ndarray:
        """What enters per time and pA of one channel of each group, (groups,) µM µm³ ms⁻¹ pA⁻¹."""
        return self.discretization.volumes[self.cells] @ self.sources.shares

    def at(self, points: PointWeights) -> np.ndarray:
        """Rate of change of calcium at points by the current of one channel, (points, groups) µM ms⁻¹ pA⁻¹."""
        cells = self.cells
        row = np.minimum(np.searchsorted(cells, points.indices), max(len(cells) - 1, 0))
        if not len(cells):
            return np.zeros((len(points.indices), len(self.groups)))
        under = cells[row] == points.indices
        return np.einsum("pk,pkg->pg", points.weights * under, self.sources.shares[row])

    def seen(self, t: float, h: float, k: Coefficients) -> bool:
        """Whether the stages of a step notice what flows in it."""
        return self.currents.resolved(t, h, k.c, k.weights)

    def steady(self, t: float, h: float) -> bool:
        """Whether what flows does not change during a step."""
        return self.currents.steady(t, h)

    def mean(self, t: float, h: float) -> StepSources | None:
        """Sources that stay what they are on average during a step; None where there are no channels."""
        return self._sources(self.currents.mean(t, h)[None], np.ones(1), h) if self.groups else None

    def over_step(self, t: float, h: float, k: Coefficients) -> StepSources | None:
        """Sources at every stage of a step of h ms from t; None where there are no channels."""
        return self._sources(self.currents.over_step(t, h, k.c), k.weights, h) if self.groups else None

    def at_ends(self, t: float, h: float) -> StepSources | None:
        """Sources at both ends of a step, for those who look inside; None where there are no channels."""
        ends = np.array([0.0, 1.0])
        return self._sources(self.currents.over_step(t, h, ends), ends, h) if self.groups else None

    def _sources(self, currents: np.ndarray, weights: np.ndarray, h: float) -> StepSources:
        """Sources of currents (stages, groups) pA, which a scheme adds up with these weights."""
        rates = currents @ self.sources.shares.T
        amount = h * self.amounts @ (weights @ currents)
        return StepSources(self._cells, self.do.values(rates[0]), self.do.values(rates - rates[0]), float(amount))
