"""From a model to its steady state, under the currents of one moment and with a far field at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from rdcalcium.advice import left_out, resolution_warnings, warn_the_caller
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.held import hold
from rdcalcium.errors import InputError
from rdcalcium.geometry.planning import planned_size
from rdcalcium.influx import Influx
from rdcalcium.library import loaded
from rdcalcium.memory import check_memory_for_steady_state
from rdcalcium.model import Model, doubts
from rdcalcium.patches.settled import UnsettledError, moment_of
from rdcalcium.placement import placed
from rdcalcium.resting import Compartment, NoRestError, spreading
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.newton import NoSteadyStateError, find
from rdcalcium.steady_state.observed import observed
from rdcalcium.steady_state.state import SteadyState
from rdcalcium.system import Resting, Sources, System, build_system, resting_at
from rdcalcium.units import milliseconds, nanometres, parse

PEAK = "peak"
NOTHING = 1e-6  # share of the largest current, below which none is meant to flow


def steady(
    model: Model | str | Path,
    at: float | str = PEAK,
    held: str | Iterable[str] = (),
    *,
    warn: Callable[[list[str]], None] = warn_the_caller,
) -> SteadyState:
    """What a model tends to if its currents, and the voltage, stay what they are at one moment.

    Gates that calcium changes, pumps and stores settle then; other gates are as open as they are at that moment.

    model  or the name of one of the library, or the path of a model file
    at     ms, or such as "0.6 ms": where a current jumps, it is the one after that; "peak": when most flows
    held   name of a surface, or several, such as ["x_max", "z_max"]: far away there, all stays at rest and calcium
           leaves. A terminal that no calcium enters needs none
    warn   as of `run`

    It is computed in double precision on the CPU. Raises InputError for a moment or a surface that there is not, and
    NoSteadyStateError where the terminal has no steady state, or none was found.
    """
    given = loaded(model)
    model, held = _steadied(placed(given)), tuple(dict.fromkeys([held] if isinstance(held, str) else held))
    warn([*doubts(model), *left_out(given, model)])
    operations = _operations(model, held)
    warn(resolution_warnings(model, operations.system))
    influx = Influx(model, operations)
    time, before_jump = _moment(model, influx, at)
    warn([*_nothing_enters(model, influx, time, before_jump)])
    currents = influx.currents.at(time, before_jump)
    sources = np.zeros(operations.system.shape)
    sources[CALCIUM, influx.cells] = influx.sources.shares @ currents
    moment = moment_of(operations.system.patches.patches, time, before_jump)
    equations, cells = Equations(operations, sources, moment), operations.system.discretization
    if sources.any() or any(group.follows_calcium for group in model.channels):
        _require_a_way_out(model, cells, influx.sources, equations.free, time)
    try:
        entering = float(equations.volumes @ np.abs(equations.entering))
        flow = max(entering or equations.exchanged, equations.rounding)
        u, convergence = find(equations, flow)
    except UnsettledError as error:
        raise NoSteadyStateError(f"{error}") from None
    return observed(model, held, time, currents, influx, equations, u, convergence)


def _steadied(model: Model) -> Model:
    """The model in which every channel conducts with its probability of being open: what is random has no rest."""
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
    for buffer in spreading(model):
        raise NoSteadyStateError(
            f"buffer {buffer!r} spreads from where it is before the stimulus, so rest is no steady state; "
            "let a long run get there, or leave out its `where`"
        )
    if system.stored and not held and not has_a_way_out(model):
        system = _in_balance(model, system)
    return NumpyOperations(system)


def _in_balance(model: Model, system: System) -> System:
    """A closed terminal with as much calcium as before, and lumens into which as much goes as comes out."""
    try:
        level = Compartment(model, system).rest()
    except NoRestError as error:
        raise NoSteadyStateError(f"{error}") from None
    lumens = {name: level.lumens[name] for name in system.stored}
    return resting_at(model, system, Resting(level.calcium, system.patches.start, lumens=lumens))


def has_a_way_out(model: Model) -> bool:
    """Whether calcium can leave the terminal where nothing is held."""
    return bool(model.pumps or model.calcium.clearance)


def _moment(model: Model, influx: Influx, at: float | str) -> tuple[float, bool]:
    """The moment (ms), and whether it is before what jumps then."""
    duration = model.run.duration
    if at == PEAK:
        return influx.currents.highest(influx.sources.counts)
    time = parse(at, "time")
    if not 0 <= time <= duration:
        raise InputError(f"{milliseconds(time)} is not within the run, which goes from 0 to {milliseconds(duration)}")
    return time, time == duration


def _nothing_enters(model: Model, influx: Influx, time: float, before_jump: bool) -> Iterator[str]:
    """A warning where channels let in nothing at a moment (ms), and others may have been meant."""
    counts = influx.sources.counts
    if not model.channels or any(group.follows_calcium for group in model.channels):
        return
    highest = influx.currents.highest(counts)
    now, most = (float(counts @ influx.currents.at(*moment)) for moment in ((time, before_jump), highest))
    if not most:
        yield "no calcium enters through channels at any time of the run, so that this is the steady state of rest"
    elif now < NOTHING * most:
        yield (
            f"no calcium enters through channels at {milliseconds(time)}, so that this is the steady state of rest: "
            f'give a time at which they are open, or "{PEAK}", which is {milliseconds(highest[0])}, when most enters'
        )


def _require_a_way_out(model: Model, cells: Discretization, sources: Sources, free: np.ndarray, time: float) -> None:
    """What enters can leave.

    free  control volumes from which it can
    time  of the currents, ms
    """
    walls = ", ".join(name for name in cells.surfaces if name not in model.geometry.mirror_surfaces)
    if not len(cells.held):
        if has_a_way_out(model):
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
