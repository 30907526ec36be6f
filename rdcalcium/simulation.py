"""The loop: take steps, keep the accounts of each, look when somebody wants to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.errors import RdcalciumError
from rdcalcium.influx import Influx
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.limits import IMPLAUSIBLE, SAME_TIME, SHORTEST_STEP
from rdcalcium.integrators.stepper import Stepper, cubic
from rdcalcium.model import Model
from rdcalcium.model.levels import LEAST_REST
from rdcalcium.photolysis import Flashes
from rdcalcium.recorders.ledger import Balance, Ledger
from rdcalcium.recorders.pores import Pores
from rdcalcium.recorders.release import ReleaseSensors, SensorStep
from rdcalcium.recorders.watched import WatchedPoints
from rdcalcium.stepping import Gates, HostSteps, Pace, Setting, TakenStep, Way, on_device
from rdcalcium.units import milliseconds, nanometres


@dataclass(frozen=True)
class Moment:
    """One accepted step, as recorders see it.

    t, h    end and length of the step, ms
    evaluations  of the right-hand side for it, rejected attempts included
    values  (fields, points) µM at the watched points of the model
    release  what the sensors of each kind went through in it
    step    as it was taken; none before the first one
    """

    t: float
    h: float
    evaluations: int
    values: np.ndarray
    release: tuple[SensorStep, ...] = field(repr=False)
    step: TakenStep | None = field(repr=False)


class SimulationError(RdcalciumError):
    """A run that cannot go on; says when, where and what to try.

    before  moments of steps that were taken since the last call that came back
    """

    def __init__(self, sentence: str, before: Sequence[Moment] = ()):
        super().__init__(sentence)
        self.before = tuple(before)


class Simulation:
    """One model on one backend, from rest to its duration. Call `run`, or `advance` or `stretch` again and again.

    It is at the beginning of the first trial; `begin` is that of another, on the same control volumes.

    When a call comes back, everything is behind the last step that it took: state, clock, ledger, points and sensors.
    """

    def __init__(self, model: Model, operations: Operations):
        self.model, self.do = model, operations
        self.method = METHODS[model.run.method]
        self.system = operations.system
        rest = self.system.chemistry.rest
        self.rtol = model.run.tolerance
        self.atol = np.concatenate([_absolute_tolerance(model, rest), self.rtol * self.system.patches.scales])
        self.influx = Influx(model, operations)
        self.flashes = Flashes(model, self.system)
        watched = np.array([*model.watched.values()]).reshape(-1, 3)
        alone = np.array(model.sees_one_volume, dtype=bool)
        self.points = WatchedPoints(watched, operations, self.influx, self.flashes.cells, alone)
        self.pores = Pores(model, self.system, self.influx.currents, self.influx.sources.counts)
        tolerance, longest = (self.rtol, self.atol), model.run.max_step or np.inf
        self.gates = Gates(self.influx, self.points, self.system)
        setting = Setting(operations, self.influx, self.points, self.method, *tolerance, longest, self.gates)
        self.host = HostSteps(setting)
        self.way: Way = on_device(setting, self.host) or self.host
        self.begin(1)

    def begin(self, trial: int) -> None:
        """Be at rest, before the first step of a trial."""
        self.trial = trial
        self.influx.begin(trial)
        self.points.begin()
        self.gates.begin(self.model.run.seed, trial)
        self.t, self.steps, self.pace = 0.0, 0, Pace.at_start(self.method)
        self.stepper = Stepper(self.do, self.system.rest, self.system.sites_at_rest)
        self.flashed = 0  # how many of the flashes have come
        self._last: TakenStep | None = None
        self._counted = 0  # evaluations until the last moment
        self.ledger = Ledger(self.do, self.model.copies, self.stepper.y, self.stepper.carried)
        self._look_at_pores()
        self.points.look(self.stepper.y)
        at_rest = None if self.system.resting is None else self.points.calcium(0.0, before_jump=True)
        self.sensors = ReleaseSensors.of(self.model, self._drawn(trial), at_rest, self.do.series)

    def _drawn(self, trial: int) -> Sequence[int]:
        """Trials whose vesicles are drawn in the calcium of this one."""
        return [trial] if self.model.computed_trials > 1 else range(1, self.model.run.trials + 1)

    @property
    def values(self) -> np.ndarray:
        """Every field at every sensor and probe now, (fields, points) µM; calcium with what the cells miss of it."""
        return self.points.values(self.t)

    @property
    def rejected(self) -> int:
        """Attempts so far that were not accepted."""
        return self.pace.rejected

    def state(self) -> dict[str, Any]:
        """All that a later process needs to go on from here, as NumPy arrays."""
        pace = self.pace
        return {
            **self.stepper.saved(),
            **self.ledger.saved(),
            **self.gates.saved(),
            "clock": np.array([self.t, pace.control.h, pace.implicit_above, *pace.control.last]),
            "trial": np.array(self.trial),
            "counts": np.array([self.steps, pace.rejected, self.stepper.evaluations]),
            "flashed": np.array(self.flashed),
            "points": self.points.last,  # as they were seen: who fetches them again may add up in another order
            **{f"{key} {i}": value for i, s in enumerate(self.sensors) for key, value in s.saved().items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a `state` of the same model on the same control volumes."""
        self.begin(int(state["trial"]))
        self.t, self.pace.control.h, self.pace.implicit_above, *last = state["clock"].tolist()
        self.pace.control.last = (last[0], last[1])
        self.stepper = Stepper.restored(self.do, state)
        self.steps, self.pace.rejected, self.stepper.evaluations = (int(n) for n in state["counts"])
        self._counted, self._last, self.flashed = self.stepper.evaluations, None, int(state["flashed"])
        self.ledger.restore(state)
        self.gates.restore(state)
        for i, sensor in enumerate(self.sensors):
            sensor.restore({key: state[f"{key} {i}"] for key in sensor.saved()})
        self._look_at_pores()
        self.points.seen(state["points"])

    @property
    def finished(self) -> bool:
        """Whether the duration has been reached."""
        return self.t >= self.model.run.duration

    @property
    def complete_trials(self) -> int:
        """How many trials have reached their end, this one included."""
        return self.trial if self.finished else self.trial - 1

    def balance(self) -> Balance:
        """The calcium ledger now."""
        return self.ledger.balance(self.stepper.y, self.stepper.carried)

    def balances_within(self, moment: Moment, times: np.ndarray) -> list[Balance]:
        """The calcium ledger at times (ms) within the step that led to this moment."""
        if not len(times):
            return []
        if self._is_now(moment, times):
            return [self.balance()] * len(times)
        looks = self.within(moment, times, self.ledger.amounts)
        return [self.ledger.earlier(found, self.stepper.y, self.stepper.carried) for found in looks]

    def _is_now(self, moment: Moment, times: np.ndarray) -> bool:
        """Whether times (ms) within the step to a moment are that of the state."""
        return moment.t == self.t and np.allclose(times, self.t, rtol=0, atol=SAME_TIME)

    def looks_within(
        self, moment: Moment, times: np.ndarray, look: Callable[[Array], np.ndarray]
    ) -> Iterable[np.ndarray]:
        """As `within`; at the end of the step what is there, to the last digit."""
        return [look(self.stepper.y)] * len(times) if self._is_now(moment, times) else self.within(moment, times, look)

    def now(self) -> Moment:
        """What there is to see before the next step, as a moment to which no step led."""
        return Moment(self.t, 0.0, 0, self.values, tuple(sensor.last for sensor in self.sensors), None)

    def run(self, look: Callable[[Moment], None] = lambda moment: None) -> None:
        """Advance to the end, showing every step."""
        while not self.finished:
            for moment in self.stretch():
                look(moment)

    def advance(self) -> Moment:
        """Take one accepted step."""
        while not (moments := self.stretch(alone=True)):
            pass  # only rejected attempts so far
        return moments[0]

    def stretch(self, until: float = np.inf, alone: bool = False) -> list[Moment]:
        """Take steps as long as the backend can go on by itself; none, if all attempts so far were rejected.

        Rows inside a step can be asked for of each of these moments, whole fields only of the last one.

        until  ms; no step follows one that ends then or later
        alone  at most one step

        Raises SimulationError where the run cannot go on, also because it has reached its end.
        """
        if self.finished:
            raise SimulationError(
                f"the run is at its end, t = {milliseconds(self.t)}, and no step follows; "
                "ask `finished` before each step, or give the model a longer run.duration"
            )
        moments: list[Moment] = []
        until = min(until, self.model.run.duration, self._flash())
        for step in self.way.take(self.stepper, self.pace, self.t, until, alone):
            self._account_for(step)
            if self.points.highest_calcium > IMPLAUSIBLE:
                remedy = "check the unit of the currents, and the size of the cells"
                raise self._stopped(f"calcium is beyond {IMPLAUSIBLE:g} uM", remedy, moments)
            moments.append(self._moment(step))
        if self.pace.stuck:
            remedy = 'try a larger tolerance, precision = "float64", or check the currents and rates'
            raise self._stopped(f"the step fell below {milliseconds(SHORTEST_STEP)}", remedy, moments)
        return moments

    def _flash(self) -> float:
        """Let the flashes of this moment come, now that nobody looks at it any more; the time of the next one, ms."""
        times = self.flashes.times
        while self.flashed < len(times) and times[self.flashed] <= self.t + SAME_TIME:
            self.stepper.jump(partial(self.flashes.after, self.flashed))
            self.flashed += 1
            self.points.look(self.stepper.y)
            self.pace.restart()
        return float(times[self.flashed]) if self.flashed < len(times) else np.inf

    def _account_for(self, step: TakenStep) -> None:
        """Move the clock, the ledger, the points and the sensors to the end of a step."""
        before = self.points.calcium(self.t, before_jump=False) if self.sensors else None
        self.ledger.enter(step.amount)
        self.t, self._last = step.t, step
        self._look_at_pores()
        self.steps += 1
        self.points.seen(step.values)
        if before is not None:
            after = self.points.calcium(self.t, before_jump=True)
            for sensor in self.sensors:
                sensor.advance(before[sensor.places], after[sensor.places], step.h)
            if np.any(np.abs(self.influx.stops - step.t) < SAME_TIME):
                for sensor in self.sensors:
                    sensor.forget()

    def _look_at_pores(self) -> None:
        """How much flows through pores whose gate calcium changes, for what the cells miss near them."""
        if self.pores:
            self.points.left = self.pores.left(self.do.sites(self.stepper.y), self.t)

    def _moment(self, step: TakenStep) -> Moment:
        """What there is to see after a step."""
        self._counted, since = step.evaluations, step.evaluations - self._counted
        return Moment(step.t, step.h, since, self.values, tuple(sensor.last for sensor in self.sensors), step)

    def within(self, moment: Moment, times: np.ndarray, look: Callable[[Array], np.ndarray]) -> Iterator[np.ndarray]:
        """What `look` makes of the state (linearly) at times (ms) in the step to this moment, the last one taken.

        Before the first step it is what there is now.
        """
        if moment.step is None and moment.t == self.t and np.allclose(times, self.t, rtol=0, atol=SAME_TIME):
            return iter([look(self.stepper.y)] * len(times))
        step = self._require_last(moment)
        return self.stepper.within(step.h, _shares(step, times), step.sources(), look)

    def fields_within(self, moment: Moment, times: np.ndarray) -> Iterable[np.ndarray]:
        """Every field at times (ms) within the step that led to this moment, each (fields, n) µM on the host.

        What they come from is sent at once, and waited for when the first is taken: steps may follow in between.
        """
        is_now = moment.step is self._last and moment.t == self.t
        if is_now and np.allclose(times, moment.t, rtol=0, atol=SAME_TIME):
            return _alike(self.do.send(self.stepper.y), len(times))
        step = self._require_last(moment)
        return _between(step.h, _shares(step, times), self.stepper.ends(step.sources(), self.do.send))

    def values_within(self, moment: Moment, times: np.ndarray) -> np.ndarray:
        """Every field at every sensor and probe at times (ms) within a step, (times, fields, points) µM."""
        seen = moment.step.inside(_shares(moment.step, times)) if moment.step else None
        fetched = self.within(moment, times, self.points.fetch) if seen is None else seen
        return self.points.within(times, np.array([*fetched]))

    def _require_last(self, moment: Moment) -> TakenStep:
        """The step to a moment, which the state has to be at: it knows both ends of that step alone."""
        if moment.step is None or moment.step is not self._last:
            raise SimulationError(
                f"the state is at t = {milliseconds(self.t)}, and only the last step can be looked into, not the one "
                f"to t = {milliseconds(moment.t)}; end a stretch with that step, by its `until`"
            )
        return moment.step

    def _stopped(self, why: str, remedy: str, before: Sequence[Moment]) -> SimulationError:
        """A run that cannot go on: when, where, and what to try."""
        state = self.do.to_host(self.stepper.y)
        bad = ~np.isfinite(state)
        field, cell = np.unravel_index(int(np.argmax(bad if bad.any() else np.abs(state))), state.shape)
        at = nanometres(self.system.discretization.centres[cell], 4)
        return SimulationError(
            f"{why} at t = {milliseconds(self.t)}; the largest value is "
            f"{self.system.fields[field].name} = {state[field, cell]:.4g} uM at {at}; {remedy}",
            before,
        )


def _alike(sent: Callable[[], np.ndarray], count: int) -> Iterator[np.ndarray]:
    """A state as often as it is asked for, when it has come."""
    yield from [sent()] * count


def _between(h: float, shares: np.ndarray, sent: Sequence[Callable[[], np.ndarray]]) -> Iterator[np.ndarray]:
    """States at shares of a step of h ms, from both ends and both slopes when they have come."""
    start, end, slope_0, slope_1 = (state() for state in sent)
    yield from cubic(h, shares, (start, end), (slope_0, slope_1))


def _shares(step: TakenStep, times: np.ndarray) -> np.ndarray:
    """Times (ms) as shares of a step."""
    return (np.asarray(times) - step.t) / step.h + 1


def _absolute_tolerance(model: Model, rest: np.ndarray) -> np.ndarray:
    """Of each field, (fields,) µM: what the model says, or the relative one of its resting level."""
    if model.run.absolute_tolerance is not None:
        return np.full(len(rest), model.run.absolute_tolerance)
    return model.run.tolerance * np.maximum(rest, LEAST_REST)
