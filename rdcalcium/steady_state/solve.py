"""From a model to its steady state, under the currents of one moment and with a far field at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from rdcalcium.advice import resolution_warnings, warn_the_caller
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize, planned_size
from rdcalcium.discretization.held import hold
from rdcalcium.errors import InputError
from rdcalcium.influx import Influx
from rdcalcium.library import loaded
from rdcalcium.memory import check_memory_for_steady_state
from rdcalcium.model import Model, doubts
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.newton import NoSteadyStateError, find
from rdcalcium.steady_state.observed import observed
from rdcalcium.steady_state.state import SteadyState
from rdcalcium.system import Sources, build_system
from rdcalcium.units import milliseconds, nanometres, parse

PEAK = "peak"


def steady(
    model: Model | str | Path,
    at: float | str = PEAK,
    held: str | Iterable[str] = (),
    *,
    warn: Callable[[list[str]], None] = warn_the_caller,
) -> SteadyState:
    """What a model tends to if its currents stay what they are at one moment.

    model  or the name of one of the library, or the path of a model file
    at     ms, or such as "0.6 ms": where a current jumps, it is the one after that; "peak": when most flows
    held   name of a surface, or several, such as ["x_max", "z_max"]: far away there, all stays at rest and calcium
           leaves. A terminal that no calcium enters needs none
    warn   as of `run`

    It is computed in double precision on the CPU. Raises InputError for a moment or a surface that there is not, and
    NoSteadyStateError where the terminal has no steady state, or none was found.
    """
    model, held = _steadied(loaded(model)), tuple(dict.fromkeys([held] if isinstance(held, str) else held))
    warn(doubts(model))
    operations = _operations(model, held)
    warn(resolution_warnings(model, operations.system))
    influx = Influx(model, operations)
    time, currents = _currents(model, influx, at)
    sources = np.zeros(operations.system.shape)
    sources[CALCIUM, influx.cells] = influx.sources.shares @ currents
    equations, cells = Equations(operations, sources), operations.system.discretization
    entering = float(cells.volumes @ np.abs(sources[CALCIUM]))
    if entering:
        _require_a_way_out(model, cells, influx.sources, equations.free, time)
    flow = max(entering, equations.rounding) if entering else equations.exchanged
    u, convergence = find(equations, flow)
    return observed(model, held, time, currents, influx, equations, u, convergence)


def _steadied(model: Model) -> Model:
    """The model in which every channel conducts with its probability of being open: what is random has no rest."""
    for store in model.lumens:
        raise InputError(
            f"store {store!r} has a lumen of control volumes, with which a steady state is not found; run the model to "
            "its end, or give the store the volume of a well-mixed lumen"
        )
    for group in model.channels:
        if group.openings:
            raise InputError(
                f"channels {group.name!r} open at prescribed times, and a steady state knows no times; leave out their "
                "openings, and give them a gate or a current without one"
            )
    return model.averaged()


def _operations(model: Model, held: tuple[str, ...]) -> NumpyOperations:
    """Arithmetic on the control volumes of a model, of which some are held."""
    for name in set(held) & set(model.geometry.mirror_surfaces):
        raise InputError(f"{name} is a mirror plane, on whose other side the terminal goes on; hold a wall")
    check_memory_for_steady_state(model, planned_size(model))
    cells = discretize(model)
    check_memory_for_steady_state(model, cells.size)
    system = build_system(model, hold(cells, held))
    for field in system.fields:
        if field.diffusivity and not field.everywhere:
            raise NoSteadyStateError(
                f"buffer {field.buffer!r} spreads from where it is before the stimulus, so rest is no steady state; "
                "let a long run get there, or leave out its `where`"
            )
    for patch in system.patches.patches:
        if not patch.only_takes:
            raise InputError(
                f"{patch.mechanism.name!r} has states, gates or a store of its own, with which a steady state is not "
                "found yet; run the model to its end"
            )
    return NumpyOperations(system)


def _currents(model: Model, influx: Influx, at: float | str) -> tuple[float, np.ndarray]:
    """The moment (ms), and the current of one channel of each group then, (groups,) pA."""
    currents, duration = influx.currents, model.run.duration
    if at == PEAK:
        time, before_jump = currents.highest(influx.sources.counts)
        return time, currents.at(time, before_jump)
    time = parse(at, "time")
    if not 0 <= time <= duration:
        raise InputError(f"{milliseconds(time)} is not within the run, which goes from 0 to {milliseconds(duration)}")
    return time, currents.at(time, before_jump=time == duration)


def _require_a_way_out(model: Model, cells: Discretization, sources: Sources, free: np.ndarray, time: float) -> None:
    """What enters can leave.

    free  control volumes from which it can
    time  of the currents, ms
    """
    walls = ", ".join(name for name in cells.surfaces if name not in model.geometry.mirror_surfaces)
    if not len(cells.held):
        if model.pumps or model.calcium.clearance:
            return
        raise NoSteadyStateError(
            f"calcium enters at {milliseconds(time)} and none leaves a closed terminal, so it has no steady state; "
            f"hold what is far from the channels at rest, of: {walls}",
            "hold",
        )
    if not model.calcium.diffusivity:
        raise NoSteadyStateError("calcium that does not move (diffusivity = 0) piles up: it has no steady state")
    for place in np.flatnonzero(~np.isin(sources.cells, free)):
        group = model.channels[int(np.argmax(sources.shares[place]))]
        at = nanometres(cells.centres[sources.cells[place]], 4)
        raise NoSteadyStateError(
            f"channels {group.name!r} open at {at} into what is held at rest, or has no way to it; "
            f"hold other surfaces, of: {walls}",
            "hold",
        )
