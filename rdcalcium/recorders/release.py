"""Release sensors of a run: what its calcium does to the vesicles at the points that it watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from rdcalcium.alike import found_once
from rdcalcium.model import Model, Sensor
from rdcalcium.vesicles.chain import CalciumCourse, Chain, Rates
from rdcalcium.vesicles.flow import Flow
from rdcalcium.vesicles.sampled import Fusions, SampledVesicles
from rdcalcium.vesicles.series import Blocks, Series
from rdcalcium.vesicles.sites import Vesicles, between
from rdcalcium.vesicles.supplied import drawn


@dataclass(frozen=True)
class SensorStep:
    """What all sensors of one kind went through in a step.

    h           its length, ms
    course      calcium at its beginning, middle and end, each (positions,) µM
    start, end  (slots, positions), what the vesicles had come to at both ends
    fusions     that were drawn; none where fusion is deterministic
    """

    h: float
    course: CalciumCourse
    start: np.ndarray
    end: np.ndarray
    fusions: Fusions | None = None


class ReleaseSensors:
    """All positions of one kind of sensor.

    During a step calcium is the parabola through its end, its beginning, and the beginning of the step before.

    labels     name of each position
    places     of its positions among the watched points of the model
    vesicles   what is to be expected of them in a given calcium
    sampled    single ones, in every trial; none where fusion is deterministic
    last       step that was taken
    """

    def __init__(
        self,
        sensor: Sensor,
        rest: float | np.ndarray,
        magnesium: float = 0.0,
        first: int = 0,
        seed: int = 1,
        trials: Sequence[int] = (1,),
        series: Callable[[Flow, Rates], Series] = Blocks,
    ):
        self.labels = sensor.labels()
        self.places = slice(first, first + len(self.labels))
        chain = Chain(sensor, magnesium)
        self.vesicles = Vesicles(chain, series)
        calcium = np.broadcast_to(rest, len(self.labels)).astype(float)
        start = self.vesicles.start(rest, len(self.labels))
        self.last = SensorStep(0.0, (calcium, calcium, calcium), start, start)
        self.sampled: SampledVesicles | None = None
        if sensor.fusion == "stochastic":
            self.sampled = drawn(chain, sensor.name, seed, trials, len(self.labels), sensor.vesicles)
            self.sampled.begin(found_once(chain.start, calcium))
        self._earlier = (0.0, calcium)  # length of the step before, and calcium at its beginning

    @property
    def releases_vesicles(self) -> bool:
        """Whether these sensors release vesicles."""
        return bool(self.vesicles.chain.fuses.any())

    @property
    def refills(self) -> bool:
        """Whether vesicles come back, so that there may be more releases than sites."""
        return self.vesicles.chain.returns

    @property
    def occupancy(self) -> np.ndarray:
        """Now, (positions, states)."""
        return self.vesicles.occupancy(self.last.end).T

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on."""
        h, calcium = self._earlier
        drawn = self.sampled.saved() if self.sampled else {}
        return {"vesicles": self.last.end, "earlier": np.append(calcium, h), **drawn}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what was `saved`."""
        self.last = SensorStep(0.0, self.last.course, saved["vesicles"], saved["vesicles"])
        self._earlier = (float(saved["earlier"][-1]), saved["earlier"][:-1])
        if self.sampled:
            self.sampled.restore(saved)

    def forget(self) -> None:
        """Calcium takes a bend now, and what it did before says nothing about the next step."""
        self._earlier = (0.0, self._earlier[1])

    def advance(self, before: np.ndarray, after: np.ndarray, h: float) -> None:
        """Take a step of h ms while calcium goes from `before` to `after`, (positions,) µM."""
        start, course = self.last.end, (before, self._middle(before, after, h), after)
        fusions = None
        if self.sampled:
            self.sampled.follow([*self.vesicles.stretches(course, h)])
            fusions = self.sampled.fusions()
        self.last = SensorStep(h, course, start, self.vesicles.after(start, course, h), fusions)
        self._earlier = (h, before)

    def _middle(self, before: np.ndarray, after: np.ndarray, h: float) -> np.ndarray:
        """Calcium in the middle of a step, not beyond its ends."""
        earlier, calcium = self._earlier
        if not earlier:
            return 0.5 * (before + after)
        bend = ((after - before) / h - (before - calcium) / earlier) / (h + earlier)  # half the second derivative
        return np.clip(
            0.5 * (before + after) - 0.25 * h * h * bend, np.minimum(before, after), np.maximum(before, after)
        )

    def probability(self) -> np.ndarray:
        """Probability that a vesicle has been released, (positions,)."""
        return self.vesicles.probability(self.last.end)

    def releases(self) -> np.ndarray:
        """Number of releases to be expected so far, (positions,)."""
        return self.vesicles.releases(self.last.end)

    def look(self, calcium: np.ndarray, share: float = 1.0, step: SensorStep | None = None) -> np.ndarray:
        """Releases per time in ms⁻¹, and probability of one; where vesicles come back also the number of releases.

        Of sensors that release nothing the occupancy of every state.

        returns  (positions, 2, 3 or states)

        calcium  (positions,) µM, at the moment that is looked at
        share    of a step, after which that is
        step     which one; none: the last
        """
        step, do = step or self.last, self.vesicles
        y = step.end
        if share != 1:
            course = (step.course[0], between(step.course, 0.5 * share), calcium)
            y = do.after(step.start, course, share * step.h)
        if not self.releases_vesicles:
            return do.occupancy(y).T
        found = [do.rate(y, calcium), do.probability(y)]
        if do.chain.returns:
            found.append(do.releases(y))
        return np.stack(found, axis=1)

    @classmethod
    def of(
        cls,
        model: Model,
        trials: Sequence[int],
        calcium: np.ndarray | None = None,
        series: Callable[[Flow, Rates], Series] = Blocks,
    ) -> list[ReleaseSensors]:
        """Those of every kind in a model, at rest before these trials; they are the first of its watched points.

        calcium  at rest at each of these points, (points,) µM; none: as the model says
        series   makes who takes them through constant rates
        """
        magnesium = model.free_magnesium
        firsts = accumulate((len(sensor.positions) for sensor in model.sensors), initial=0)
        more = (model.run.seed, trials, series)
        return [
            cls(s, model.calcium.rest if calcium is None else calcium[at : at + len(s.positions)], magnesium, at, *more)
            for s, at in zip(model.sensors, firsts, strict=False)
        ]
