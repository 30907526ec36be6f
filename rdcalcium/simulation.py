"""The loop: land on every event, choose the step, look when somebody wants to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.errors import RdcalciumError
from rdcalcium.influx import Influx
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.base import MAX_STAGES
from rdcalcium.integrators.controller import StepController, towards
from rdcalcium.integrators.rosenbrock import Rosenbrock
from rdcalcium.integrators.stabilized import StabilizedRungeKutta
from rdcalcium.integrators.stepper import Scheme, Stepper, StepSources
from rdcalcium.model import Model
from rdcalcium.recorders.ledger import Balance, Ledger
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.recorders.watched import WatchedPoints
from rdcalcium.units import milliseconds, nanometres

SHORTEST_STEP = 1e-10  # ms; an error estimate that asks for less is a blow-up, not a transient
SAME_TIME = 1e-12  # ms
IMPLAUSIBLE = 1e6  # µM of calcium, more than dissolves; a current in the wrong unit, not physiology
LEAST_REST = 0.01  # µM, the resting level that the default absolute tolerance assumes where there is none
HEADROOM = (2.0, 10.0)  # calcium may rise to this many times its highest value, and µM more, while a step is taken
RADIUS_FLOOR = 1e-9  # ms⁻¹, where nothing moves
# Stages above which a quiet stretch is crossed by implicit steps, and above which it goes on so: one costs as much as
# many stages, and has to be shorter than an explicit step; to come back and forth would cost most.
IMPLICIT_FROM, IMPLICIT_ON = 200, 50


class SimulationError(RdcalciumError):
    """A run that cannot go on; says when, where and what to try."""


@dataclass(frozen=True)
class Moment:
    """One accepted step, as recorders see it.

    t, h    end and length of the step, ms
    evaluations  of the right-hand side for it, rejected attempts included
    values  (fields, points) µM at the watched points of the model
    """

    t: float
    h: float
    evaluations: int
    values: np.ndarray


@dataclass(frozen=True)
class Plan:
    """One step before it is tried.

    h, end   length and end, ms
    wanted   length before it was cut to land on something, ms
    scheme   which takes it
    sources  during it
    """

    h: float
    end: float
    wanted: float
    scheme: Scheme
    sources: StepSources | None


class Simulation:
    """One model on one backend, from rest to its duration. Iterate `advance` or call `run`."""

    def __init__(self, model: Model, operations: Operations):
        self.model, self.do = model, operations
        self.method = METHODS[model.run.method]
        self.system = operations.system
        rest = self.system.chemistry.rest
        self.rtol, self.atol = model.run.tolerance, _absolute_tolerance(model, rest)
        self.sensors = ReleaseSensors.of(model)
        self.influx = Influx(model, operations)
        self.points = WatchedPoints(np.array([*model.watched.values()]).reshape(-1, 3), operations, self.influx)
        self.stops = self.influx.currents.events(model.run.duration)
        self.control = StepController(self.method.order)
        self.implicit_above = IMPLICIT_FROM
        self.t, self.steps, self.rejected = 0.0, 0, 0
        self.stepper = Stepper(operations, np.repeat(rest[:, None], self.system.shape[1], axis=1))
        self.explicit = StabilizedRungeKutta(operations, self.method)
        self.ledger = Ledger(operations, model.copies, self.stepper.y, self.stepper.carried)
        self.points.look(self.stepper.y)

    @property
    def values(self) -> np.ndarray:
        """Every field at every sensor and probe now, (fields, points) µM; calcium with what the cells miss of it."""
        return self.points.values(self.t)

    def state(self) -> dict[str, Any]:
        """All that a later process needs to go on from here, as NumPy arrays."""
        return {
            **self.stepper.saved(),
            **self.ledger.saved(),
            "clock": np.array([self.t, self.control.h, self.implicit_above, *self.control.last]),
            "counts": np.array([self.steps, self.rejected, self.stepper.evaluations]),
            **{f"occupancy{i}": s.occupancy for i, s in enumerate(self.sensors)},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state` of the same model on the same control volumes."""
        self.t, self.control.h, self.implicit_above, *last = state["clock"].tolist()
        self.control.last = (last[0], last[1])
        self.stepper = Stepper.restored(self.do, state)
        self.steps, self.rejected, self.stepper.evaluations = (int(n) for n in state["counts"])
        self.ledger.restore(state)
        for i, sensor in enumerate(self.sensors):
            sensor.occupancy = state[f"occupancy{i}"]
        self.points.look(self.stepper.y)

    @property
    def finished(self) -> bool:
        """Whether the duration has been reached."""
        return self.t >= self.model.run.duration

    def balance(self) -> Balance:
        """The calcium ledger now."""
        return self.ledger.balance(self.stepper.y, self.stepper.carried)

    def run(self, look: Callable[[Moment], None] = lambda moment: None) -> None:
        """Advance to the end, showing every step."""
        while not self.finished:
            look(self.advance())

    @cached_property
    def implicit(self) -> Rosenbrock:
        """For quiet stretches; made when the first one comes."""
        return Rosenbrock(self.do)

    def advance(self) -> Moment:
        """Take one accepted step."""
        evaluations = self.stepper.evaluations
        radius = self._radius()
        self.control.h = self.control.h or 1 / radius
        while True:
            plan = self._plan(radius)
            error = self.stepper.attempt(plan.scheme, plan.h, plan.sources, self.rtol, self.atol)
            if error <= 1:
                break
            self.rejected += 1
            self.control.reject(plan.h, error)
            if self.control.h < SHORTEST_STEP:
                raise self._stopped(
                    f"the step fell below {milliseconds(SHORTEST_STEP)}",
                    'try a larger tolerance, precision = "float64", or check the currents and rates',
                )
        self._accept(plan)
        self.control.accept(plan.h, error, plan.wanted)
        if np.any(np.abs(self.stops - self.t) < SAME_TIME):
            self.control.restart()
            self.implicit_above = IMPLICIT_FROM
        if self.points.highest_calcium > IMPLAUSIBLE:
            raise self._stopped(
                f"calcium is beyond {IMPLAUSIBLE:g} uM", "check the unit of the currents, and the size of the cells"
            )
        return Moment(self.t, plan.h, self.stepper.evaluations - evaluations, self.values)

    def _radius(self) -> float:
        """Bound on the spectral radius of the Jacobian during the next step, ms⁻¹."""
        times, more = HEADROOM
        return RADIUS_FLOOR + self.system.stiffness(times * self.points.highest_calcium + more)

    def _plan(self, radius: float) -> Plan:
        """The next step: implicit where currents are steady and stages would be many, else explicit and seeing them.

        radius  bound on the spectral radius, ms⁻¹
        """
        stop = float(self.stops[np.searchsorted(self.stops, self.t, side="right")])
        wanted = min(self.control.h, self.model.run.max_step or np.inf)
        h, lands = towards(stop - self.t, wanted)
        if self.method.stages_for(h, radius) > self.implicit_above and self.influx.steady(self.t, h):
            self.implicit_above = IMPLICIT_ON
            return Plan(h, stop if lands else self.t + h, wanted, self.implicit, self.influx.mean(self.t, h))
        wanted = min(wanted, self.method.longest_stable_step(MAX_STAGES, radius))
        h, lands = towards(stop - self.t, wanted)
        while True:
            k = self.method.coefficients(stages := self.method.stages_for(h, radius))
            if h < SHORTEST_STEP or self.influx.seen(self.t, h, k):
                break
            h, lands = h / 2, False
        self.explicit.stages = stages
        return Plan(h, stop if lands else self.t + h, wanted, self.explicit, self.influx.over_step(self.t, h, k))

    def _accept(self, plan: Plan) -> None:
        """Move on to the end of the step."""
        before = self.points.calcium(self.t, before_jump=False)
        self.stepper.accept()
        self.ledger.enter(plan.sources.amount if plan.sources else 0.0)
        self.t, self._sources = plan.end, plan.sources
        self.steps += 1
        self.points.look(self.stepper.y)
        after = self.points.calcium(self.t, before_jump=True)
        for sensor in self.sensors:
            sensor.advance(before[sensor.places], after[sensor.places], plan.h)

    def within(self, moment: Moment, times: np.ndarray, look: Callable[[Array], np.ndarray]) -> Iterator[np.ndarray]:
        """What `look` makes of the state (linearly) at times (ms) within the step that led to this moment."""
        shares = (np.asarray(times) - moment.t) / moment.h + 1
        return self.stepper.within(moment.h, shares, self._sources, look)

    def fields_within(self, moment: Moment, times: np.ndarray) -> Iterable[np.ndarray]:
        """Every field at times (ms) within the step that led to this moment, each (fields, n) µM on the host."""
        if np.allclose(times, moment.t, rtol=0, atol=SAME_TIME):
            return [self.do.to_host(self.stepper.y)] * len(times)
        return self.within(moment, times, self.do.to_host)

    def values_within(self, moment: Moment, times: np.ndarray) -> np.ndarray:
        """Every field at every sensor and probe at times (ms) within the last step, (times, fields, points) µM."""
        return self.points.within(times, lambda look: np.array([*self.within(moment, times, look)]))

    def _stopped(self, why: str, remedy: str) -> SimulationError:
        """A run that cannot go on: when, where, and what to try."""
        state = self.do.to_host(self.stepper.y)
        bad = ~np.isfinite(state)
        field, cell = np.unravel_index(int(np.argmax(bad if bad.any() else np.abs(state))), state.shape)
        at = nanometres(self.system.discretization.centres[cell], 4)
        return SimulationError(
            f"{why} at t = {milliseconds(self.t)}; the largest value is "
            f"{self.system.fields[field].name} = {state[field, cell]:.4g} uM at {at}; {remedy}"
        )


def _absolute_tolerance(model: Model, rest: np.ndarray) -> np.ndarray:
    """Of each field, (fields,) µM: what the model says, or the relative one of its resting level."""
    if model.run.absolute_tolerance is not None:
        return np.full(len(rest), model.run.absolute_tolerance)
    return model.run.tolerance * np.maximum(rest, LEAST_REST)
