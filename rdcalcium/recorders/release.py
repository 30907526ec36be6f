"""Release sensors: occupancies driven by the calcium at a point, and the probability that the vesicle has fused."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from scipy.linalg import expm

from rdcalcium.model import Model, Sensor


class ReleaseSensors:
    """All positions of one kind of sensor.

    The generator is Q = Q_0 + [Ca] Q_1, and a step of h is exp(h Q) at the mean of [Ca] over the step: second order.

    labels     name of each position
    places     of its positions among the watched points of the model
    occupancy  (positions, states)
    """

    def __init__(self, sensor: Sensor, rest: float, magnesium: float = 0.0, first: int = 0):
        scheme = sensor.kinetics()
        self.labels = sensor.labels()
        self.places = slice(first, first + len(self.labels))
        self._without = scheme.generator(magnesium=magnesium)
        self._per_calcium = scheme.generator(calcium=1.0, magnesium=magnesium) - self._without
        self._released = np.array([state in sensor.released for state in scheme.states])
        self.occupancy = np.tile(scheme.equilibrium(calcium=rest, magnesium=magnesium), (len(self.labels), 1))

    def advance(self, before: np.ndarray, after: np.ndarray, h: float) -> None:
        """Take a step of h ms while calcium goes from `before` to `after`, (positions,) µM."""
        mean = 0.5 * (before + after)
        self.occupancy = np.einsum("pij,pj->pi", expm(h * self._generators(mean)), self.occupancy)

    def probability(self) -> np.ndarray:
        """Probability that the vesicle has been released, (positions,)."""
        return self.occupancy[:, self._released].sum(axis=1)

    def rate(self, calcium: np.ndarray) -> np.ndarray:
        """Release per time, d probability / dt, (positions,) ms⁻¹."""
        change = np.einsum("pij,pj->pi", self._generators(calcium), self.occupancy)
        return change[:, self._released].sum(axis=1)

    @classmethod
    def of(cls, model: Model) -> list[ReleaseSensors]:
        """Those of every kind in a model, at rest; they are the first of its watched points."""
        magnesium = model.magnesium.free if model.magnesium else 0.0
        firsts = accumulate((len(sensor.positions) for sensor in model.sensors), initial=0)
        return [cls(s, model.calcium.rest, magnesium, at) for s, at in zip(model.sensors, firsts, strict=False)]

    def _generators(self, calcium: np.ndarray) -> np.ndarray:
        return self._without + calcium[:, None, None] * self._per_calcium
