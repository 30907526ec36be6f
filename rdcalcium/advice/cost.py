"""What a run will cost: how long its steps can be and what bounds them, and how many there are at least."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.advice.cells import CellSizes
from rdcalcium.chemistry import Chemistry
from rdcalcium.currents import channel_currents
from rdcalcium.influx import fixed_stops
from rdcalcium.integrators import METHODS
from rdcalcium.integrators.base import MAX_STAGES
from rdcalcium.integrators.controller import GROW
from rdcalcium.integrators.limits import HEADROOM
from rdcalcium.model import Model
from rdcalcium.model.levels import HIGH
from rdcalcium.patches import build_patches, has_patches
from rdcalcium.step_bound import StepBound
from rdcalcium.system import System
from rdcalcium.units import counted, figures, level, time_span

STEP = 0.01  # ms, a typical step while channels are open
WARNING = "warning: "  # begins a sentence that asks for a change
RISES = 2.0  # times as stiff there as at rest, from where on it is told
MANY, LONGEST = 100_000, 1000  # steps that hardly anybody means to wait for: short ones, and those with all stages


def step_bound(model: Model, cells: CellSizes, chemistry: Chemistry) -> StepBound:
    """That of a model; control volumes are made where something sits in them."""
    if not has_patches(model):
        return StepBound(chemistry, cells.radius)
    made = cells.make()
    return StepBound(chemistry, made.radius, build_patches(model, made))


def cost(model: Model, bound: StepBound) -> Iterator[str]:
    """Stiffness at rest and near open channels, what a step costs, and how many there are at least."""
    yield _of_a_step(model, bound)
    yield from _near_channels(model, bound)
    yield _steps(model, bound)


def crawling(model: Model, system: System) -> list[str]:
    """Of these, what hardly anybody means to wait for."""
    lines = cost(model, system.step_bound)
    return [line.removeprefix(WARNING) for line in lines if line.startswith(WARNING)]


def _of_a_step(model: Model, bound: StepBound) -> str:
    """How many stages a step takes in resting calcium."""
    rest = model.calcium.rest
    radius = bound.at(rest)
    stages = METHODS[model.run.method].stages_for(STEP, radius)
    because = f", above all because of {bound.most(rest)}" if radius else ""
    euler = f"be {time_span(2 / radius)}" if radius else "have any length"
    return (
        f"spectral radius {figures(radius)} per ms in resting calcium{because}; a step of {time_span(STEP)} takes "
        f"{stages} stages, an explicit Euler step could {euler}"
    )


def _near_channels(model: Model, bound: StepBound) -> Iterator[str]:
    """How long a step can be where calcium is high, if it is much stiffer there."""
    high = bound.at(HIGH)
    if high <= RISES * bound.at(model.calcium.rest):
        return
    longest = METHODS[model.run.method].longest_stable_step(high)
    crawls = WARNING if model.run.duration > LONGEST * longest else ""
    yield (
        f"{crawls}where calcium reaches {level(HIGH)} the spectral radius is {figures(high)} per ms, above all "
        f"because of {bound.most(HIGH)}: steps are then {time_span(longest)} long at most, and have {MAX_STAGES} stages"
    )


def _steps(model: Model, bound: StepBound) -> str:
    """The fewest steps of a trial: one ends at each stop, and those after it begin short and grow by GROW at most."""
    times, more = HEADROOM
    calcium, asked = times * model.calcium.rest + more, model.run.max_step or np.inf
    ends, radius = fixed_stops(model, channel_currents(model), bound.patches), bound.at(calcium)
    longest = METHODS[model.run.method].longest_stable_step(radius) if radius else np.inf
    gaps = np.diff(ends, prepend=0.0)
    growing = np.log1p((GROW - 1) * gaps * radius) / np.log(GROW)
    steps = int(np.ceil(np.maximum(growing, gaps / min(longest, asked))).clip(min=1).sum())
    because = f"run.max_step = {time_span(asked)}" if asked < longest else bound.most(calcium)
    many = steps > MANY or model.run.duration > LONGEST * longest
    each = " of each trial" if model.computed_trials > 1 else ""
    stops = f"; a step ends at {counted(len(ends) - 1, 'moment')} at which something begins, jumps, bends or flashes"
    return (
        f"{WARNING * many}at least {counted(steps, 'step')}{each}{f', because of {because}' * many}"
        f"{stops * (len(ends) > 1)}"
    )
