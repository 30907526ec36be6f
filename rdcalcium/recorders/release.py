"""Release sensors: occupancies driven by the calcium at a point, and the probability that the vesicle has fused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from scipy.linalg import expm

from rdcalcium.model import Model, Sensor


@dataclass(frozen=True)
class SensorStep:
    """What all sensors of one kind went through in a step.

    h           its length, ms
    before      (positions,) µM of calcium at its beginning
    start, end  (positions, states), occupancies at both ends
    """

    h: float
    before: np.ndarray
    start: np.ndarray
    end: np.ndarray


class ReleaseSensors:
    """All positions of one kind of sensor.

    The generator is Q = Q_0 + [Ca] Q_1, unless a rate depends on Ca otherwise, and a step of h is exp(h Q) at the mean
    of [Ca] over the step: second order.

    labels     name of each position
    places     of its positions among the watched points of the model
    last       step that was taken
    """

    def __init__(self, sensor: Sensor, rest: float, magnesium: float = 0.0, first: int = 0):
        scheme = sensor.kinetics()
        self._scheme, self._magnesium = scheme, magnesium
        self.labels = sensor.labels()
        self.places = slice(first, first + len(self.labels))
        self._without = scheme.generator(magnesium=magnesium)
        self._per_calcium = scheme.generator(calcium=1.0, magnesium=magnesium) - self._without
        self._released = np.array([state in sensor.released for state in scheme.states])
        at_rest = np.tile(scheme.equilibrium(calcium=rest, magnesium=magnesium), (len(self.labels), 1))
        self.last = SensorStep(0.0, np.full(len(self.labels), rest), at_rest, at_rest)

    @property
    def occupancy(self) -> np.ndarray:
        """Now, (positions, states)."""
        return self.last.end

    def restore(self, occupancy: np.ndarray) -> None:
        """Go on from here."""
        self.last = SensorStep(0.0, self.last.before, occupancy, occupancy)

    def advance(self, before: np.ndarray, after: np.ndarray, h: float) -> None:
        """Take a step of h ms while calcium goes from `before` to `after`, (positions,) µM."""
        start = self.occupancy
        self.last = SensorStep(h, before, start, self._after(h, start, 0.5 * (before + after)))

    def probability(self) -> np.ndarray:
        """Probability that the vesicle has been released, (positions,)."""
        return self._share_released(self.occupancy)

    def look(self, calcium: np.ndarray, share: float = 1.0, step: SensorStep | None = None) -> np.ndarray:
        """Release per time, d probability / dt in ms⁻¹, and its probability, (positions, 2).

        calcium  (positions,) µM, at the moment that is looked at
        share    of a step, after which that is
        step     which one; none: the last
        """
        step = step or self.last
        occupancy = step.end
        if share != 1:
            occupancy = self._after(share * step.h, step.start, 0.5 * (step.before + calcium))
        change = np.einsum("pij,pj->pi", self._generators(calcium), occupancy)
        return np.stack([change[:, self._released].sum(axis=1), self._share_released(occupancy)], axis=1)

    def _share_released(self, occupancy: np.ndarray) -> np.ndarray:
        """Of all vesicles, (positions,); shares of one add up to more by their last digit at most."""
        return occupancy[:, self._released].sum(axis=1).clip(max=1.0)

    def _after(self, h: float, start: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Occupancy h ms after `start`, when calcium was (positions,) µM on average."""
        occupancy = np.einsum("pij,pj->pi", expm(h * self._generators(mean)), start)
        # Columns of Q add up to zero, and those of exp(h Q) to one, but for rounding, which thousands of steps add up.
        total: np.ndarray = occupancy.sum(axis=1, keepdims=True)
        return occupancy / total

    @classmethod
    def of(cls, model: Model) -> list[ReleaseSensors]:
        """Those of every kind in a model, at rest; they are the first of its watched points."""
        magnesium = model.magnesium.free if model.magnesium else 0.0
        firsts = accumulate((len(sensor.positions) for sensor in model.sensors), initial=0)
        return [cls(s, model.calcium.rest, magnesium, at) for s, at in zip(model.sensors, firsts, strict=False)]

    def _generators(self, calcium: np.ndarray) -> np.ndarray:
        if self._scheme.depends_on_calcium:
            return self._scheme.generator(calcium=calcium, magnesium=self._magnesium)
        return self._without + calcium[:, None, None] * self._per_calcium
