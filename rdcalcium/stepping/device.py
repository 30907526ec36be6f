"""Explicit steps that a device takes by itself: what it has to know, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends.program import Marcher, Program, Status, Stretch
from rdcalcium.chemistry import CALCIUM
from rdcalcium.currents import UNSEEN
from rdcalcium.influx import Influx
from rdcalcium.integrators import controller, limits
from rdcalcium.integrators.base import Method
from rdcalcium.integrators.stepper import Stepper, StepSources, cubic, refines
from rdcalcium.stepping.base import Pace, Setting, TakenStep, Way
from rdcalcium.stepping.host import HostSteps

AWAY = 0.05  # s that the device is left alone, about: nobody can stop a run in that time
MOST_ROUNDS = 4096


@dataclass(frozen=True)
class MarchedStep(TakenStep):
    """One accepted step, which the log of the device tells.

    begun     ms, when it began
    before    (fields, points) µM then
    rates     (fields, points) µM ms⁻¹ at its beginning and end, without the sources
    entering  (points,) µM ms⁻¹ of calcium, by these, likewise
    influx    of the run
    """

    begun: float
    before: np.ndarray
    rates: tuple[np.ndarray, np.ndarray]
    entering: tuple[np.ndarray, np.ndarray]
    influx: Influx

    def sources(self) -> StepSources | None:
        """At both ends."""
        return self.influx.at_ends(self.begun, self.h)

    def inside(self, shares: np.ndarray) -> Iterator[np.ndarray]:
        """The cubic through both ends."""
        slopes = np.stack(self.rates)
        slopes[:, CALCIUM] += self.entering
        return cubic(self.h, shares, (self.before, self.values), (slopes[0], slopes[1]))


class DeviceSteps(Way):
    """Hands stretches of a run to the device, and the state back to the stepper; implicit steps are the host's."""

    def __init__(self, setting: Setting, host: HostSteps):
        self.setting, self.host = setting, host
        self.influx, self.points = setting.influx, setting.points
        self.marcher: Marcher = setting.operations.marcher(program(setting))
        self._rounds = 1
        self._asked = False  # whether the device has asked for an implicit step in vain
        self._told = 0  # number of the last change of the open channels that the device knows

    def take(self, stepper: Stepper, pace: Pace, t: float, until: float, alone: bool) -> list[TakenStep]:
        """As many steps as fit into a moment, or an implicit one where the device asks for it at once.

        None follows one in which a channel opens or closes: the device then has to be told of it.
        """
        self.influx.follow(t)
        if self._told != self.influx.changes:
            self._tell(t)
        until = min(until, self.influx.following(t))
        rates = self.points.fetch(stepper.rate())
        begun = time.perf_counter()
        start = self.start(pace, t, until) | {"evaluations": float(stepper.evaluations)}
        done = self.marcher.go(start, stepper.states, 1 if alone else self._rounds)
        if not alone:
            self._adapt(time.perf_counter() - begun)
        stepper.adopt(self.host.explicit, done.states, int(done.march["stages"]), int(done.march["evaluations"]))
        self._adopt(pace, done)
        many = done.status == Status.MANY
        quiet = many and self.host.is_quiet(done.march["t"], done.march["step"])
        self._asked = many and not quiet
        if quiet and not len(done.log):
            return self.host.take(stepper, pace, t, until, alone)
        return [*self._steps(done, t, rates)]

    def _tell(self, t: float) -> None:
        """Tell the device which channels are open from t (ms) on, and where its steps must end until that changes."""
        self.marcher.renew(self.influx.until(t), self.influx.shares, self.influx.amounts)
        self._sources = self.influx.at(self.points.weights)
        self._told = self.influx.changes

    def start(self, pace: Pace, t: float, until: float) -> dict[str, float]:
        """What the device goes on from, by its words; the rest is 0."""
        last_h, last_error = pace.control.last
        return {
            "t": t,
            "h": pace.control.h,
            "last_h": last_h,
            "last_error": last_error,
            "highest": self.points.highest_calcium,
            "many": pace.implicit_above,
            "asked": self._asked,
            "until": until,
        }

    def _adopt(self, pace: Pace, done: Stretch) -> None:
        """Take over what the device knows about its next step."""
        pace.control.h, pace.implicit_above = done.march["h"], done.march["many"]
        pace.control.last = (done.march["last_h"], done.march["last_error"])
        pace.rejected += int(done.march["rejected"])
        pace.stuck = done.status == Status.TOO_SHORT

    def _adapt(self, wall: float) -> None:
        """So many rounds that the host is away for about a moment."""
        if wall < AWAY / 2:
            self._rounds = min(2 * self._rounds, MOST_ROUNDS)
        elif wall > AWAY:
            self._rounds = max(self._rounds // 2, 1)

    def _steps(self, done: Stretch, t: float, rates: np.ndarray) -> Iterator[MarchedStep]:
        """Those of the log; t (ms) and rates are those of their beginning."""
        before = self.points.last
        for (end, h, count, amount), values, after in zip(done.log.tolist(), done.values, done.rates, strict=True):
            currents = self.influx.currents
            first, last = currents.at(t, before_jump=False), currents.at(end, before_jump=True)
            entering = (self._sources @ first, self._sources @ last)
            yield MarchedStep(end, h, int(count), amount, values, t, before, (rates, after), entering, self.influx)
            t, rates, before = end, after, values


def on_device(setting: Setting, host: HostSteps) -> DeviceSteps | None:
    """For a device that takes steps by itself; None where the host has to."""
    patches = setting.operations.system.patches
    if not setting.operations.takes_steps or refines(setting.operations, setting.rtol):
        return None
    if patches.follow_the_clock or patches.have_followers or setting.gates:
        return None
    return DeviceSteps(setting, host)


def program(setting: Setting) -> Program:
    """All that the device has to know."""
    system, influx = setting.operations.system, setting.influx
    diffusion, binding = system.step_bound.terms()
    return Program(
        rules=rules(setting.method) | {"rtol": setting.rtol, "longest": setting.longest, "diffusion": diffusion},
        ladder=setting.method.ladder(),
        courses=influx.currents.courses(),
        atol=setting.atol,
        stops=influx.until(0.0),
        binding=binding,
        cells=influx.sources.cells,
        shares=influx.shares,
        amounts=influx.amounts,
        points=setting.points.weights,
        cytosolic=setting.points.cytosolic,
    )


def rules(method: Method) -> dict[str, float]:
    """What is the same in every run of a method."""
    times, more = limits.HEADROOM
    slopes, increment = method.estimate
    return {
        "shortest": limits.SHORTEST_STEP,
        "radius_floor": limits.RADIUS_FLOOR,
        "times": times,
        "more": more,
        "implausible": limits.IMPLAUSIBLE,
        "same_time": limits.SAME_TIME,
        "unseen": UNSEEN,
        "many": limits.IMPLICIT_FROM,
        "power": 1 / (method.order + 1),
        "safety": controller.SAFETY,
        "shrink": controller.SHRINK,
        "grow": controller.GROW,
        "least_error": controller.LEAST_ERROR,
        "cut": controller.CUT,
        "sliver": controller.SLIVER,
        "slopes": slopes,
        "increment": increment,
    }
