"""Release sensors: occupancies driven by the calcium at a point, and the probability that the vesicle has fused."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from rdcalcium.model import Sensor


class ReleaseSensors:
    """All positions of one kind of sensor.

    The generator is Q = Q_0 + [Ca] Q_1, and a step of h is exp(h Q) at the mean of [Ca] over the step: second order.

    occupancy  (positions, states)
    """

    def __init__(self, sensor: Sensor, rest: float, magnesium: float = 0.0):
        scheme = sensor.kinetics()
        self.labels = sensor.labels()
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

    def _generators(self, calcium: np.ndarray) -> np.ndarray:
        return self._without + calcium[:, None, None] * self._per_calcium
