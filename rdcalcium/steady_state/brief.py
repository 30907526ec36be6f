"""Calcium at about its peak, without a run: one implicit step from rest under the currents of when most flows.

All fields u over rest obey u / T = F(u), where in T the charge of the whole run would enter at those currents.
A closed terminal has such a state too, and far from the channels calcium stays at rest, as in a run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Locator
from rdcalcium.discretization.build import discretize
from rdcalcium.geometry.planning import planned_size
from rdcalcium.influx import Influx
from rdcalcium.memory import check_memory_for_steady_state
from rdcalcium.model import Model
from rdcalcium.patches.settled import UnsettledError, moment_of
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.newton import NoSteadyStateError, find
from rdcalcium.steady_state.observed import open_shares, seen
from rdcalcium.system import build_system

TOLERANCE = 1e-6  # share of what flows that may be unbalanced: cells leave more


class NothingEntersError(NoSteadyStateError):
    """A model whose channels let nothing in."""


@dataclass(frozen=True)
class Brief:
    """What comes of it.

    time     of the currents, ms
    length   T, ms
    calcium  at every sensor and probe, (points,) µM, as a run shows it
    count    control volumes
    volume   of them, µm³
    locator  finds points among them
    """

    time: float
    length: float
    calcium: np.ndarray
    count: int
    volume: float
    locator: Locator


def brief(model: Model) -> Brief:
    """That of a model whose channels conduct with their probability of being open, and all that open as prescribed.

    Raises NothingEntersError where nothing enters through channels, and NoSteadyStateError where none is found.
    """
    model = model.averaged()
    check_memory_for_steady_state(model, planned_size(model))
    cells = discretize(model)
    check_memory_for_steady_state(model, cells.size)
    operations = NumpyOperations(build_system(model, cells))
    influx, system = Influx(model, operations), operations.system
    counts = influx.sources.counts
    time, before_jump = influx.currents.highest(counts)
    currents = influx.currents.at(time, before_jump)
    length = _length(model, influx, currents)
    sources = np.zeros(system.shape)
    sources[CALCIUM, influx.cells] = influx.sources.shares @ currents
    moment = moment_of(system.patches.patches, time, before_jump)
    equations = Equations(operations, sources, moment, within=length)
    try:
        entering = float(equations.volumes @ np.abs(equations.entering))
        u, _ = find(equations, entering or equations.rounding, TOLERANCE)
        sites = equations.patches.sites(equations.calcium(u))
        currents = currents * open_shares(model, influx, sites, time)
    except UnsettledError as error:
        raise NoSteadyStateError(f"{error}") from None
    values = seen(model, influx, currents, equations.whole(u))
    return Brief(time, length, values[CALCIUM], cells.size, cells.total_volume, cells.locator)


def _length(model: Model, influx: Influx, currents: np.ndarray) -> float:
    """How long the charge of the run takes to enter at these currents (groups,) pA, ms."""
    counts, groups = influx.sources.counts, influx.currents.groups
    flowing = float(counts @ currents)
    charge = float(counts @ [group.influx.integral(0.0, model.run.duration) for group in groups])
    if flowing <= 0 or charge <= 0:
        raise NothingEntersError("no calcium enters through channels")
    return min(charge / flowing, model.run.duration)
