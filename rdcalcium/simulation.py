"""The loop: land on every event, choose the step, look when somebody wants to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rdcalcium import march
from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.backends.program import Status, Stretch
from rdcalcium.errors import RdcalciumError
from rdcalcium.influx import Influx
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.controller import StepController, towards
from rdcalcium.integrators.rosenbrock import Rosenbrock
from rdcalcium.integrators.stabilized import StabilizedRungeKutta
from rdcalcium.integrators.stepper import Scheme, Stepper, StepSources, cubic
from rdcalcium.march import HEADROOM, IMPLAUSIBLE, RADIUS_FLOOR, SAME_TIME, SHORTEST_STEP, MarchedStep, open_march
from rdcalcium.model import Model
from rdcalcium.recorders.ledger import Balance, Ledger
from rdcalcium.recorders.release import ReleaseSensors
from rdcalcium.recorders.watched import WatchedPoints
from rdcalcium.units import milliseconds, nanometres

LEAST_REST = 0.01  # µM, the resting level that the default absolute tolerance assumes where there is none


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
        self.implicit_above = march.IMPLICIT_FROM
        self.t, self.steps, self.rejected = 0.0, 0, 0
        self.stepper = Stepper(operations, np.repeat(rest[:, None], self.system.shape[1], axis=1))
        self.explicit = StabilizedRungeKutta(operations, self.method)
        tolerance, longest = (self.rtol, self.atol), model.run.max_step or np.inf
        self.device = open_march(operations, self.influx, self.points, self.explicit, tolerance, longest, self.stops)
        self._asked = False  # whether the device has asked for implicit steps in vain
        self._reached = 0.0  # ms, the time of its state
        self._counted = 0  # evaluations until the last moment
        self._inside: Callable[[np.ndarray], Iterable[np.ndarray]] | None = None  # of the points, where that is known
        self._sources: Callable[[], StepSources | None] = lambda: None
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
        self._counted = self.stepper.evaluations
        self.ledger.restore(state)
        for i, sensor in enumerate(self.sensors):
            sensor.occupancy = state[f"occupancy{i}"]
        self._reached = self.t
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
            for moment in self.stretch():
                look(moment)

    @cached_property
    def implicit(self) -> Rosenbrock:
        """For quiet stretches; made when the first one comes."""
        return Rosenbrock(self.do)

    def advance(self) -> Moment:
        """Take one accepted step."""
        while not (moments := list(self.stretch(alone=True))):
            pass  # only rejected attempts so far
        return moments[0]

    def stretch(self, until: float = np.inf, alone: bool = False) -> Iterator[Moment]:
        """Take steps as long as the backend can go on by itself; look at all of them before the next call.

        until  ms; no step follows one that ends then or later, whose fields can be looked at inside
        alone  at most one step
        """
        if self.device is None:
            yield self._step()
            return
        done, steps = self.device.go(self._started(min(until, self.model.run.duration)), self.stepper, alone)
        self._adopt(done)
        for step in steps:
            yield self._marched(step)
        if done.status == Status.TOO_SHORT:
            raise self._too_short()
        self._asked = done.status == Status.MANY
        if self._asked and self._is_quiet(done.march["step"]):
            self._asked = False
            yield self._step()

    def _started(self, until: float) -> dict[str, float]:
        """What the device goes on from."""
        last_h, last_error = self.control.last
        return {
            "t": self.t,
            "h": self.control.h,
            "last_h": last_h,
            "last_error": last_error,
            "highest": self.points.highest_calcium,
            "many": self.implicit_above,
            "asked": self._asked,
            "until": until,
        }

    def _adopt(self, done: Stretch) -> None:
        """Take over what the device has come to; time and points follow step by step, as they are looked at."""
        self.control.h, self.implicit_above = done.march["h"], int(done.march["many"])
        self.control.last = (done.march["last_h"], done.march["last_error"])
        self.rejected += int(done.march["rejected"])
        self._reached = done.march["t"]

    def _marched(self, step: MarchedStep) -> Moment:
        """Move on to the end of a step that the device has taken."""
        start, begun = self.points.last, self.t
        self._move(step.t, step.h, step.amount, step.values)
        moment = self._moment(step.h, step.evaluations)
        ends, slopes = (start, step.values), (step.slopes[0], step.slopes[1])
        self._inside = lambda times: cubic(step.h, _shares(moment, times), ends, slopes)
        self._sources = lambda: self.influx.at_ends(begun, step.h)
        return moment

    def _moment(self, h: float, evaluations: int) -> Moment:
        """What there is to see after a step of h ms, when there have been so many evaluations."""
        self._counted, since = evaluations, evaluations - self._counted
        return Moment(self.t, h, since, self.values)

    def _step(self) -> Moment:
        """Take one accepted step, chosen and judged here."""
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
                raise self._too_short()
        self.stepper.accept()
        self._sources = lambda: plan.sources
        self._inside = None
        amount = plan.sources.amount if plan.sources else 0.0
        self._move(plan.end, plan.h, amount, self.points.fetch(self.stepper.y))
        self._reached = self.t
        self.control.accept(plan.h, error, plan.wanted)
        if np.any(np.abs(self.stops - self.t) < SAME_TIME):
            self.control.restart()
            self.implicit_above = march.IMPLICIT_FROM
        return self._moment(plan.h, self.stepper.evaluations)

    def _is_quiet(self, h: float) -> bool:
        """Whether a step of h ms may be implicit: currents are steady, and no calcium leaves, which it would undo."""
        return not len(self.system.discretization.held) and self.influx.steady(self.t, h)

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
        if self.method.stages_for(h, radius) > self.implicit_above and self._is_quiet(h):
            self.implicit_above = march.IMPLICIT_ON
            return Plan(h, stop if lands else self.t + h, wanted, self.implicit, self.influx.mean(self.t, h))
        wanted = min(wanted, self.method.longest_stable_step(radius))
        h, lands = towards(stop - self.t, wanted)
        while True:
            k = self.method.coefficients(stages := self.method.stages_for(h, radius))
            if h < SHORTEST_STEP or self.influx.seen(self.t, h, k):
                break
            h, lands = h / 2, False
        self.explicit.stages = stages
        return Plan(h, stop if lands else self.t + h, wanted, self.explicit, self.influx.over_step(self.t, h, k))

    def _move(self, t: float, h: float, amount: float, seen: np.ndarray) -> None:
        """Move the clock, the ledger, the points and the sensors to the end of a step."""
        before = self.points.calcium(self.t, before_jump=False) if self.sensors else None
        self.ledger.enter(amount)
        self.t = t
        self.steps += 1
        self.points.seen(seen)
        if self.points.highest_calcium > IMPLAUSIBLE:
            raise self._stopped(
                f"calcium is beyond {IMPLAUSIBLE:g} uM", "check the unit of the currents, and the size of the cells"
            )
        if before is not None:
            after = self.points.calcium(self.t, before_jump=True)
            for sensor in self.sensors:
                sensor.advance(before[sensor.places], after[sensor.places], h)

    def within(self, moment: Moment, times: np.ndarray, look: Callable[[Array], np.ndarray]) -> Iterator[np.ndarray]:
        """What `look` makes of the state (linearly) at times (ms) in the step to this moment, the last one taken."""
        self._require_reached(moment)
        return self.stepper.within(moment.h, _shares(moment, times), self._sources(), look)

    def fields_within(self, moment: Moment, times: np.ndarray) -> Iterable[np.ndarray]:
        """Every field at times (ms) within the step that led to this moment, each (fields, n) µM on the host."""
        self._require_reached(moment)
        if np.allclose(times, moment.t, rtol=0, atol=SAME_TIME):
            return [self.do.to_host(self.stepper.y)] * len(times)
        return self.within(moment, times, self.do.to_host)

    def _require_reached(self, moment: Moment) -> None:
        """The state must be that of this moment: only the last step before `until` can be looked into."""
        assert self._reached == moment.t, "the device has left this step; ask for it with `until`"

    def values_within(self, moment: Moment, times: np.ndarray) -> np.ndarray:
        """Every field at every sensor and probe at times (ms) within the last step, (times, fields, points) µM."""
        fetched = self._inside(times) if self._inside else self.within(moment, times, self.points.fetch)
        return self.points.within(times, np.array([*fetched]))

    def _too_short(self) -> SimulationError:
        return self._stopped(
            f"the step fell below {milliseconds(SHORTEST_STEP)}",
            'try a larger tolerance, precision = "float64", or check the currents and rates',
        )

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


def _shares(moment: Moment, times: np.ndarray) -> np.ndarray:
    """Times (ms) as shares of the step that led to a moment."""
    return (np.asarray(times) - moment.t) / moment.h + 1


def _absolute_tolerance(model: Model, rest: np.ndarray) -> np.ndarray:
    """Of each field, (fields,) µM: what the model says, or the relative one of its resting level."""
    if model.run.absolute_tolerance is not None:
        return np.full(len(rest), model.run.absolute_tolerance)
    return model.run.tolerance * np.maximum(rest, LEAST_REST)
