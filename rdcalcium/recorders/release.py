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
        self._start = (self.occupancy, np.full(len(self.labels), rest), 0.0)  # of the last step, with its length in ms

    def advance(self, before: np.ndarray, after: np.ndarray, h: float) -> None:
        """Take a step of h ms while calcium goes from `before` to `after`, (positions,) µM."""
        self._start = (self.occupancy, before, h)
        self.occupancy = self._after(1.0, after)

    def probability(self) -> np.ndarray:
        """Probability that the vesicle has been released, (positions,)."""
        return self.occupancy[:, self._released].sum(axis=1)

    def look(self, calcium: np.ndarray, share: float = 1.0) -> np.ndarray:
        """Release per time, d probability / dt in ms⁻¹, and its probability, (positions, 2).

        calcium  (positions,) µM, at the moment that is looked at
        share    of the last step, after which that is
        """
        occupancy = self.occupancy if share == 1 else self._after(share, calcium)
        change = np.einsum("pij,pj->pi", self._generators(calcium), occupancy)
        return np.stack([values[:, self._released].sum(axis=1) for values in (change, occupancy)], axis=1)

    def _after(self, share: float, calcium: np.ndarray) -> np.ndarray:
        """Occupancy after a share of the last step, when calcium, (positions,) µM, has gone as far as this."""
        start, before, h = self._start
        mean = 0.5 * (before + calcium)
        return np.einsum("pij,pj->pi", expm(share * h * self._generators(mean)), start)

    @classmethod
    def of(cls, model: Model) -> list[ReleaseSensors]:
        """Those of every kind in a model, at rest; they are the first of its watched points."""
        magnesium = model.magnesium.free if model.magnesium else 0.0
        firsts = accumulate((len(sensor.positions) for sensor in model.sensors), initial=0)
        return [cls(s, model.calcium.rest, magnesium, at) for s, at in zip(model.sensors, firsts, strict=False)]

    def _generators(self, calcium: np.ndarray) -> np.ndarray:
        return self._without + calcium[:, None, None] * self._per_calcium
