"""The loop: land on every event, choose the step, look when somebody wants to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.currents import Currents, channel_currents
from rdcalcium.discretization import PointWeights
from rdcalcium.errors import RdcalciumError
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.base import MAX_STAGES
from rdcalcium.integrators.stabilized import StabilizedRungeKutta, StepSources
from rdcalcium.model import Box, Model
from rdcalcium.recorders.ledger import Balance, Ledger
from rdcalcium.recorders.near_pores import NearPores
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.recorders.schedule import planned_times
from rdcalcium.system import place_sources

SHORTEST_STEP = 1e-10  # ms; an error estimate that asks for less is a blow-up, not a transient
LEAST_REST = 0.01  # µM, the resting level that the default absolute tolerance assumes where there is none


class SimulationError(RdcalciumError):
    """A run that cannot go on; says when, where and what to try."""


@dataclass(frozen=True)
class Moment:
    """One accepted step, as recorders see it.

    t, h    end and length of the step, ms
    stages  evaluations of the right-hand side in it
    values  (fields, points) µM at the sensors, then the probes
    """

    t: float
    h: float
    stages: int
    values: np.ndarray


class Simulation:
    """One model on one backend, from rest to its duration. Iterate `advance` or call `run`."""

    def __init__(self, model: Model, operations: Operations):
        self.model, self.do = model, operations
        self.method = METHODS[model.run.method]
        self.system = operations.system
        self.currents: Currents = channel_currents(model)
        self.rtol = model.run.tolerance
        rest = np.maximum(self.system.chemistry.rest, LEAST_REST)
        absolute = model.run.absolute_tolerance
        self.atol = np.full(len(rest), absolute) if absolute is not None else self.rtol * rest
        magnesium = model.magnesium.free if model.magnesium else 0.0
        self.sensors = [ReleaseSensors(s, model.calcium.rest, magnesium) for s in model.sensors]
        self._place_points()
        self._place_sources()
        self.snapshot_times = planned_times(model)
        self.stops = self.currents.events(model.run.duration)
        self.ledger = Ledger(operations, model.copies)
        self.t, self.h, self.last = 0.0, 0.0, (0.0, 1.0)  # last: step and error of the step before
        self.steps = self.rejected = 0
        rest_state = np.repeat(self.system.chemistry.rest[:, None], self.system.shape[1], axis=1)
        self.scheme = StabilizedRungeKutta(operations, rest_state, self.method)
        self.ledger.balance(self.scheme.y, self.scheme.carried)
        self._values = self.do.gather(self.scheme.y, self._watched)

    @property
    def point_names(self) -> list[str]:
        """Sensors, then probes."""
        return [label for s in self.sensors for label in s.labels] + [p.name for p in self.model.probes]

    @property
    def values(self) -> np.ndarray:
        """Every field at every sensor and probe now, (fields, points) µM; calcium with what the cells miss of it."""
        return np.vstack([self._calcium(before_jump=True), self._values[CALCIUM + 1 :, : len(self._positions)]])

    def _calcium(self, before_jump: bool) -> np.ndarray:
        """Calcium at every sensor and probe now, with what the control volumes miss of it, (points,) µM."""
        return self.near_pores.calcium(self._values[:, : len(self._positions)], self.currents.at(self.t, before_jump))

    def _place_points(self) -> None:
        positions = [p for s in self.model.sensors for p in s.positions] + [p.position for p in self.model.probes]
        self._positions: np.ndarray = np.array(positions).reshape(-1, 3)

    def _place_sources(self) -> None:
        """Control volumes under the pores; they are watched too, for the highest calcium sets the stiffness."""
        locator, box = self.system.discretization.locator, self.model.geometry
        planes = [("xy".index(a), 0.0) for a in box.symmetry] if isinstance(box, Box) else []
        groups = [np.array(group.points) for group in self.model.channels]
        self.sources = place_sources(groups, planes, self.system.discretization)
        self.near_pores = NearPores(self.system, groups, planes, self._positions)
        self._source_cells = self.do.cells(self.sources.cells)
        found = locator.weights(self._positions) if len(self._positions) else None
        self._watched = self.do.points(_with_cells(found, self.sources.cells))

    def state(self) -> dict[str, Any]:
        """All that a later process needs to go on from here, as NumPy arrays."""
        return {
            **self.scheme.saved(),
            **self.ledger.saved(),
            "clock": np.array([self.t, self.h, *self.last]),
            "counts": np.array([self.steps, self.rejected, self.scheme.evaluations]),
            **{f"occupancy{i}": s.occupancy for i, s in enumerate(self.sensors)},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state`."""
        if state["y"].shape != self.system.shape:
            raise SimulationError(
                f"the checkpoint has {state['y'].shape[1]} control volumes and the model {self.system.shape[1]}; "
                "it belongs to another mesh"
            )
        self.t, self.h, *last = state["clock"].tolist()
        self.last = (last[0], last[1])
        self.scheme = StabilizedRungeKutta.restored(self.do, state, self.method)
        self.steps, self.rejected, self.scheme.evaluations = (int(n) for n in state["counts"])
        self.ledger.restore(state)
        for i, sensor in enumerate(self.sensors):
            sensor.occupancy = state[f"occupancy{i}"]
        self._values = self.do.gather(self.scheme.y, self._watched)

    @property
    def finished(self) -> bool:
        """Whether the duration has been reached."""
        return self.t >= self.model.run.duration

    def balance(self) -> Balance:
        """The calcium ledger now."""
        return self.ledger.balance(self.scheme.y, self.scheme.carried)

    def advance(self) -> Moment:
        """Take one accepted step."""
        radius = 1e-9 + self.system.stiffness(
            2 * float(self._values[CALCIUM].max(initial=self.system.chemistry.rest[CALCIUM])) + 10
        )
        if self.h <= 0:
            self.h = 1 / radius
        while True:
            stop = float(self.stops[np.searchsorted(self.stops, self.t, side="right")])
            wanted = min(self.h, self.model.run.max_step or np.inf, self.method.longest_stable_step(MAX_STAGES, radius))
            h, lands = _towards(stop - self.t, wanted)
            while not self._resolved(h, self.method.stages_for(h, radius)):
                h, lands = h / 2, False
            stages = self.method.stages_for(h, radius)
            self._sources = self._step_sources(h, stages)
            error = self.scheme.attempt(h, stages, self._sources, self.rtol, self.atol)
            if error <= 1:
                break
            self.rejected += 1
            self.h = h * (max(0.1, 0.8 * error ** (-1 / (self.method.order + 1))) if np.isfinite(error) else 0.1)
            if self.h < SHORTEST_STEP:
                raise self._blow_up(h)
        self._accept(h, stages, stop if lands else self.t + h, error, wanted)
        return Moment(self.t, h, stages, self.values)

    def fields_within(self, moment: Moment, times: np.ndarray) -> Iterable[np.ndarray]:
        """Every field at times (ms) within the step that led to this moment, each (fields, n) µM on the host."""
        if np.allclose(times, moment.t, rtol=0, atol=1e-12):
            return [self.do.to_host(self.scheme.y)] * len(times)
        shares = (times - moment.t) / moment.h + 1
        return self.scheme.within(moment.h, shares, self._sources, self.do.to_host)

    def values_within(self, moment: Moment, times: np.ndarray) -> np.ndarray:
        """Every field at every sensor and probe at times (ms) within the last step, (times, fields, points) µM."""
        shares = (np.asarray(times) - moment.t) / moment.h + 1
        points = slice(len(self._positions))
        gathered = self.scheme.within(moment.h, shares, self._sources, lambda y: self.do.gather(y, self._watched))
        found = np.array([values[:, points] for values in gathered])
        for values, t in zip(found, times, strict=True):
            values[CALCIUM] = self.near_pores.calcium(values, self.currents.at(float(t), before_jump=True))
        return found

    def _accept(self, h: float, stages: int, end: float, error: float, wanted: float) -> None:
        """Move on to the end of the step and choose the next one (Sommeijer et al. 1998, section 2.4)."""
        start, before = self.t, self._calcium(before_jump=False)
        self.scheme.accept()
        self.ledger.enter(self._delivered(start, h, stages))
        self.t = end
        self.steps += 1
        self._values = self.do.gather(self.scheme.y, self._watched)
        after, at = self._calcium(before_jump=True), 0
        for sensor in self.sensors:
            span = slice(at, at + len(sensor.labels))
            sensor.advance(before[span], after[span], h)
            at = span.stop
        self._choose_step(h, max(error, 1e-10), wanted)

    def _choose_step(self, h: float, error: float, wanted: float) -> None:
        if np.any(np.isclose(self.stops, self.t, rtol=0, atol=1e-12)):
            self.h, self.last = 0.0, (0.0, 1.0)
            return
        power = 1 / (self.method.order + 1)
        factor = 0.8 / error**power
        if self.last[0] > 0:
            factor = min(factor, 0.8 * h / self.last[0] * self.last[1] ** power / error ** (2 * power))
        proposed = h * float(np.clip(factor, 0.1, 10))
        # A step that was cut short to land on something does not shorten the ones after it.
        self.h = max(proposed, min(self.h, wanted)) if h < 0.9 * wanted else proposed
        self.last = (h, error)

    def _resolved(self, h: float, stages: int) -> bool:
        k = self.method.coefficients(stages)
        return h < SHORTEST_STEP or self.currents.resolved(self.t, h, k.c, k.weights)

    def _step_sources(self, h: float, stages: int) -> StepSources | None:
        if not self.currents.groups:
            return None
        rates = self._stage_currents(self.t, h, stages) @ self.sources.shares.T
        return StepSources(self._source_cells, self.do.values(rates[0]), self.do.values(rates - rates[0]))

    def _stage_currents(self, t: float, h: float, stages: int) -> np.ndarray:
        return self.currents.over_step(t, h, self.method.coefficients(stages).c)

    def _delivered(self, t: float, h: float, stages: int) -> float:
        """Amount that the sources of a step brought into the computed part, µM µm³: the quadrature of the scheme."""
        if not self.currents.groups:
            return 0.0
        charge = h * self.method.coefficients(stages).weights @ self._stage_currents(t, h, stages)
        return float(self.system.discretization.volumes[self.sources.cells] @ (self.sources.shares @ charge))

    def _blow_up(self, h: float) -> SimulationError:
        state = self.do.to_host(self.scheme.y)
        bad = ~np.isfinite(state)
        field, cell = np.unravel_index(int(np.argmax(bad if bad.any() else np.abs(state))), state.shape)
        at = ", ".join(f"{1e3 * x:.4g}" for x in self.system.discretization.centres[cell])
        return SimulationError(
            f"the step fell below {SHORTEST_STEP:g} ms at t = {self.t:.6g} ms; the largest value is "
            f"{self.system.fields[field].name} = {state[field, cell]:.4g} uM at ({at}) nm; "
            'try a larger tolerance, precision = "float64", or check the currents and rates'
        )

    def run(self, look: Callable[[Moment], None] = lambda moment: None) -> None:
        """Advance to the end, showing every step."""
        while not self.finished:
            look(self.advance())


def _towards(left: float, wanted: float) -> tuple[float, bool]:
    """Step towards a stop that is `left` away, and whether it lands there: never leave a sliver for the next."""
    if wanted >= left * (1 - 1e-9):
        return left, True
    return (left / 2, False) if wanted > left / 2 else (wanted, False)


def _with_cells(points: PointWeights | None, cells: np.ndarray) -> PointWeights:
    """Interpolation weights of points, followed by single control volumes."""
    corners = points.indices.shape[1] if points else 1
    indices = np.repeat(cells[:, None], corners, axis=1)
    weights = np.zeros(indices.shape)
    weights[:, :1] = 1.0
    if points is None:
        return PointWeights(indices, weights)
    return PointWeights(np.concatenate([points.indices, indices]), np.concatenate([points.weights, weights]))
