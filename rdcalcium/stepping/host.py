"""Steps that the host chooses and judges, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.integrators.controller import towards
from rdcalcium.integrators.limits import HEADROOM, RADIUS_FLOOR, SAME_TIME, SHORTEST_STEP
from rdcalcium.integrators.rosenbrock import Rosenbrock
from rdcalcium.integrators.stabilized import StabilizedRungeKutta
from rdcalcium.integrators.stepper import Scheme, Stepper, StepSources
from rdcalcium.patches.quiet import suits
from rdcalcium.stepping.base import Pace, Setting, TakenStep, Way


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


@dataclass(frozen=True)
class HostStep(TakenStep):
    """One accepted step, with the sources that its plan had."""

    planned: StepSources | None

    def sources(self) -> StepSources | None:
        """Those of the plan."""
        return self.planned


class HostSteps(Way):
    """One step at a time: explicit ones, and implicit ones where a stretch is quiet."""

    def __init__(self, setting: Setting):
        self.setting, self.influx, self.points = setting, setting.influx, setting.points
        self.system = setting.operations.system
        self.explicit = StabilizedRungeKutta(setting.operations, setting.method)

    @cached_property
    def implicit(self) -> Rosenbrock:
        """For quiet stretches; made when the first one comes."""
        return Rosenbrock(self.setting.operations)

    def take(self, stepper: Stepper, pace: Pace, t: float, until: float, alone: bool) -> list[TakenStep]:
        """One accepted step."""
        self.influx.follow(t)
        radius = self._radius()
        pace.control.h = pace.control.h or 1 / radius
        change = np.inf  # when a channel opens or closes, as far as attempts have told
        while True:
            plan = self._plan(pace, t, radius, change)
            error = stepper.attempt(plan.scheme, plan.h, plan.sources, self.setting.rtol, self.setting.atol)
            if plan.scheme is not self.explicit:
                pace.tried_implicitly(accepted=error <= 1)
            if error <= 1:
                if (change := self._change(stepper, plan, t, change)) == np.inf:
                    break
                continue
            pace.rejected += 1
            pace.control.reject(plan.h, error)
            if pace.control.h < SHORTEST_STEP:
                pace.stuck = True
                return []
        stepper.accept()
        pace.control.accept(plan.h, error, plan.wanted)
        if self.setting.gates:
            self.setting.gates.settle(plan.end)
        if np.any(np.abs(self.influx.stops - plan.end) < SAME_TIME):
            pace.restart()
        amount = plan.sources.amount if plan.sources else 0.0
        return [
            HostStep(plan.end, plan.h, stepper.evaluations, amount, self.points.fetch(stepper.y), plan.sources),
        ]

    def _change(self, stepper: Stepper, plan: Plan, t: float, known: float) -> float:
        """When a channel opens or closes too early in a step from t (ms) that was tried; infinite where none does."""
        gates = self.setting.gates
        if not gates:
            return np.inf
        return gates.first_change(t, plan.end, self.points.fetch(stepper.tried), plan.end == known)

    def is_quiet(self, t: float, h: float) -> bool:
        """Whether a step of h ms from t may be implicit.

        Its currents have to be steady. And where cells are held at rest calcium leaves through them, while an implicit
        step gives back evenly what its approximate solution has lost of total calcium: that would undo the leaving.
        """
        if len(self.system.discretization.held) or not self.influx.steady(t, h):
            return False
        rooms = [part.room for part in self.system.parts]
        return suits(self.system.patches, rooms, self.points.highest_calcium, t, t + h)

    def _radius(self) -> float:
        """Bound on the spectral radius of the Jacobian during the next step, ms⁻¹."""
        times, more = HEADROOM
        return RADIUS_FLOOR + self.system.stiffness(times * self.points.highest_calcium + more)

    def _plan(self, pace: Pace, t: float, radius: float, before: float = np.inf) -> Plan:
        """The next step: implicit where currents are steady and stages would be many, else explicit and seeing them.

        radius  bound on the spectral radius, ms⁻¹
        before  ms, when it has to end at the latest
        """
        stops, method = self.influx.stops, self.setting.method
        stop = min(float(stops[np.searchsorted(stops, t, side="right")]), before)
        wanted = min(pace.control.h, self.setting.longest)
        h, lands = towards(stop - t, wanted)
        if method.stages_for(h, radius) > pace.implicit_above and self.is_quiet(t, h):
            return Plan(h, stop if lands else t + h, wanted, self.implicit, self.influx.mean(t, h))
        wanted = min(wanted, method.longest_stable_step(radius))
        h, lands = towards(stop - t, wanted)
        while True:
            k = method.coefficients(stages := method.stages_for(h, radius))
            if h < SHORTEST_STEP or self.influx.seen(t, h, k):
                break
            h, lands = h / 2, False
        self.explicit.stages = stages
        return Plan(h, stop if lands else t + h, wanted, self.explicit, self.influx.over_step(t, h, k))
