"""Explicit steps that the device takes by itself, as the loop sees them: what it has to know, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.program import Marcher, Program, Stretch
from rdcalcium.currents import UNSEEN
from rdcalcium.influx import Influx
from rdcalcium.integrators import controller
from rdcalcium.integrators.base import Method
from rdcalcium.integrators.stabilized import StabilizedRungeKutta
from rdcalcium.integrators.stepper import Scheme, Stepper, refines
from rdcalcium.recorders.watched import WatchedPoints

SHORTEST_STEP = 1e-10  # ms; an error estimate that asks for less is a blow-up, not a transient
SAME_TIME = 1e-12  # ms
IMPLAUSIBLE = 1e6  # µM of calcium, more than dissolves; a current in the wrong unit, not physiology
HEADROOM = (2.0, 10.0)  # calcium may rise to this many times its highest value, and µM more, while a step is taken
RADIUS_FLOOR = 1e-9  # ms⁻¹, where nothing moves
# Stages above which a quiet stretch is crossed by implicit steps, and above which it goes on so: one costs as much as
# many stages, and has to be shorter than an explicit step; to come back and forth would cost most.
IMPLICIT_FROM, IMPLICIT_ON = 200, 50
AWAY = 0.05  # s that the device is left alone, about: nobody can stop a run in that time
MOST_ROUNDS = 4096


@dataclass(frozen=True)
class MarchedStep:
    """One accepted step.

    t, h         end and length, ms
    evaluations  of the right-hand side until then
    amount       that entered, µM µm³
    values       (fields, points) µM at its end, of every watched point and under the pores
    slopes       (2, fields, points) µM ms⁻¹ at its beginning and end, with the sources
    """

    t: float
    h: float
    evaluations: int
    amount: float
    values: np.ndarray
    slopes: np.ndarray


class March:
    """Hands stretches of a run to the device, and the state back to the stepper."""

    def __init__(self, marcher: Marcher, scheme: Scheme, influx: Influx, points: WatchedPoints):
        self.marcher, self._scheme, self._influx, self._points = marcher, scheme, influx, points
        self._sources = influx.at(points.weights)
        self._rounds = 1

    def go(self, start: dict[str, float], stepper: Stepper, alone: bool) -> tuple[Stretch, Iterator[MarchedStep]]:
        """Take steps, one if `alone`, else as many as fit into a moment; the state is that after the last of them."""
        rates = self._points.fetch(stepper.rate())
        begun = time.perf_counter()
        start |= {"evaluations": stepper.evaluations}
        stretch = self.marcher.go(start, stepper.states, 1 if alone else self._rounds)
        if not alone:
            self._adapt(time.perf_counter() - begun)
        stepper.adopt(self._scheme, stretch.states, int(stretch.march["stages"]), int(stretch.march["evaluations"]))
        return stretch, self._steps(stretch, start["t"], rates)

    def _adapt(self, wall: float) -> None:
        """So many rounds that the host is away for about a moment."""
        if wall < AWAY / 2:
            self._rounds = min(2 * self._rounds, MOST_ROUNDS)
        elif wall > AWAY:
            self._rounds = max(self._rounds // 2, 1)

    def _steps(self, stretch: Stretch, t: float, rates: np.ndarray) -> Iterator[MarchedStep]:
        for (end, h, count, amount), values, after in zip(
            stretch.log.tolist(), stretch.values, stretch.rates, strict=True
        ):
            currents = self._influx.currents
            flows = (currents.at(t, before_jump=False), currents.at(end, before_jump=True))
            slopes = np.stack([rates, after])
            slopes[:, 0] += np.stack([self._sources @ flow for flow in flows])
            yield MarchedStep(end, h, int(count), amount, values, slopes)
            t, rates = end, after


def open_march(
    operations: Operations,
    influx: Influx,
    points: WatchedPoints,
    scheme: StabilizedRungeKutta,
    tolerance: tuple[float, np.ndarray],
    longest: float,
    stops: np.ndarray,
) -> March | None:
    """For a device that takes steps by itself; None where the host has to.

    tolerance  relative, and absolute of each field, µM
    longest    step, ms
    stops      ms, on which a step must end
    """
    method, (rtol, atol) = scheme.method, tolerance
    if not operations.takes_steps or refines(operations, rtol):
        return None
    diffusion, binding = operations.system.chemistry.stiffness_terms(operations.system.discretization.radius)
    program = Program(
        rules=rules(method) | {"rtol": rtol, "longest": longest, "diffusion": diffusion},
        ladder=method.ladder(),
        courses=influx.currents.courses(),
        atol=atol,
        stops=stops,
        binding=binding,
        cells=influx.sources.cells,
        shares=influx.sources.shares,
        amounts=influx.amounts,
        points=points.weights,
    )
    return March(operations.marcher(program), scheme, influx, points)


def rules(method: Method) -> dict[str, float]:
    """What is the same in every run of a method."""
    times, more = HEADROOM
    slopes, increment = method.estimate
    return {
        "shortest": SHORTEST_STEP,
        "radius_floor": RADIUS_FLOOR,
        "times": times,
        "more": more,
        "implausible": IMPLAUSIBLE,
        "same_time": SAME_TIME,
        "unseen": UNSEEN,
        "many": IMPLICIT_FROM,
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
