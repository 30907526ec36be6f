"""From the state that a model says to the one in which it rests, before time zero."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.errors import MemoryShortageError
from rdcalcium.memory import check_memory_for_steady_state
from rdcalcium.model import Model
from rdcalcium.patches.settled import UnsettledError
from rdcalcium.resting import Compartment, Drift, Level, NoRestError, drift_of, resting_sources, typed_drift
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.newton import TOLERANCE, search_from
from rdcalcium.system import Resting, System, chemistry_at, resting_at

ROUNDING = 1e-14  # share of what is exchanged at rest that rounding unbalances


@dataclass(frozen=True)
class Rested:
    """Where a run begins.

    system   the same, or one that rests elsewhere
    typed    where the model says that it rests
    level    where it does: calcium on average, and each store
    range    of calcium over the control volumes, µM
    drift    that is left
    why      no rest was found; nothing where one was, or was not looked for
    solved   whether it begins elsewhere than the model says
    asked    whether it begins with a drift because the model asks for that
    """

    system: System
    typed: Level
    level: Level
    range: tuple[float, float]
    drift: Drift
    why: str = ""
    solved: bool = False
    asked: bool = False


def at_rest(model: Model, system: System) -> Rested:
    """A system in its true rest, if it has one and the model does not ask for its own words.

    Where the state of the model is at rest already, it is that, to the last digit. The whole terminal is brought to
    the level at which as much leaves as enters, and then every control volume by Newton's method.
    """
    compartment = Compartment(model, system)
    cells, rates = resting_sources(model, system.discretization)
    typed, drift = compartment.typed, typed_drift(compartment, cells, rates)
    as_typed = Rested(system, typed, typed, (typed.calcium, typed.calcium), drift)
    if not drift.matters(typed.calcium):
        return as_typed
    if model.run.rest == "as typed":
        return replace(as_typed, asked=True)
    try:
        level = compartment.rest()
        check_memory_for_steady_state(model, system.discretization.size)
        return _everywhere(compartment, level, as_typed, (cells, rates))
    except (NoRestError, UnsettledError, MemoryShortageError) as error:
        return replace(as_typed, why=f"{error}")


def _everywhere(
    compartment: Compartment, level: Level, before: Rested, sources: tuple[np.ndarray, np.ndarray]
) -> Rested:
    """The rest of every control volume, from that of the whole as one compartment."""
    model, resolved = compartment.model, [*before.system.stored]
    even = replace(
        compartment.system,
        chemistry=chemistry_at(model, level.calcium, level.lumens),
        stored={name: level.lumens[name] for name in resolved},
    )
    entering = np.zeros(even.shape)
    entering[CALCIUM, sources[0]] = sources[1]
    equations = Equations(NumpyOperations(even), entering, lumens=level.lumens)
    u = _solved(equations)
    uneven, lumens = equations.whole(u) if u.any() else None, equations.patches.stored(equations.calcium(u))
    sites = equations.patches.sites(equations.calcium(u))[: before.system.patches.size]
    resting = Resting(level.calcium, sites, uneven, {name: lumens[name] for name in resolved})
    cytosol = equations.parts == 0
    calcium, volumes = equations.whole(u)[CALCIUM][equations.free][cytosol], equations.volumes[cytosol]
    mean = float(volumes @ calcium / volumes.sum())
    return replace(
        before,
        system=resting_at(model, before.system, resting),
        level=Level(mean, {name: lumens[name] for name in level.lumens}),
        range=(float(calcium.min()), float(calcium.max())),
        drift=_left(compartment, mean, equations, u),
        solved=True,
    )


def _solved(equations: Equations) -> np.ndarray:
    """The excess over an even rest, (fields, k) µM; zero where that is balanced everywhere."""
    u = np.zeros_like(equations.sources)
    passing = sum(abs(amount) for _, amount in equations.patches.taken(equations.calcium(u)))
    flow = passing + float(equations.volumes @ np.abs(equations.sources[CALCIUM]))
    exact = ROUNDING * equations.exchanged
    if equations.unbalanced(equations.rates(u)) <= TOLERANCE * flow + exact:
        return u
    if not equations.chemistry.diffusivity[CALCIUM]:
        raise NoRestError("calcium that does not move (diffusivity = 0) has no rest that all places share")
    found = search_from(equations, u, flow + exact / TOLERANCE)
    if found is None:
        raise NoRestError("no rest was found from that of the whole as one compartment")
    return found


def _left(compartment: Compartment, calcium: float, equations: Equations, u: np.ndarray) -> Drift:
    """What still drifts in the state that was found, in which calcium is so much on average, µM."""
    rates = equations.rates(u)
    change, gained = np.zeros((2, compartment.system.discretization.size))
    change[equations.free] = rates[CALCIUM]
    gained[equations.free] = equations.chemistry.calcium_content @ rates
    return drift_of(compartment, calcium, change, gained, float(equations.volumes @ np.abs(rates[CALCIUM])))
