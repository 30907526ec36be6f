"""What a reader sees of a steady state, as a run would show it."""

from __future__ import annotations

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization
from rdcalcium.influx import Influx
from rdcalcium.model import Model
from rdcalcium.recorders.ledger import Ledger
from rdcalcium.recorders.near_pores import NearPores
from rdcalcium.recorders.pores import Pores
from rdcalcium.recorders.watched import beyond_membranes
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.newton import Convergence
from rdcalcium.steady_state.state import SteadyState
from rdcalcium.units import AMOUNT_PER_CHARGE


def observed(
    model: Model,
    held: tuple[str, ...],
    time: float,
    currents: np.ndarray,
    influx: Influx,
    equations: Equations,
    u: np.ndarray,
    convergence: Convergence,
) -> SteadyState:
    """The steady state in which the excess over rest is u (fields, k) µM, in the control volumes that are free.

    held      names of surfaces
    time      of the currents, ms
    currents  of one channel of each group, (groups,) pA; of those whose gate calcium changes as if it were at rest
    """
    do, cells, y, sites = (
        influx.do,
        influx.discretization,
        equations.whole(u),
        equations.patches.sites(equations.calcium(u)),
    )
    state = do.from_host(y, sites)
    balance = Ledger(do, model.copies, state, do.new()).balance(state, do.new())
    taken = [(one, model.copies * amount / AMOUNT_PER_CHARGE) for one, amount in equations.patches.taken(y[CALCIUM])]
    sources = model.copies * float(equations.volumes @ equations.sources[CALCIUM]) / AMOUNT_PER_CHARGE
    return SteadyState(
        title=model.title,
        time=time,
        fields=tuple(field.name for field in do.system.fields),
        positions=model.watched,
        values=seen(model, influx, currents * open_shares(model, influx, sites, time), y),
        centres=cells.centres[cells.volumes > 0],
        y=y[:, cells.volumes > 0],
        parts=None if cells.parts is None else cells.parts[cells.volumes > 0],
        free=balance.free,
        bound=balance.bound,
        stored=balance.stored,
        entering=sources - sum(current for one, current in taken if not one.pumps),
        leaving=_leaving(cells, held, model.copies * equations.leaving(u))
        | {one.patch.mechanism.name: current for one, current in taken if one.pumps},
        copies=model.copies,
        convergence=convergence,
    )


def open_shares(model: Model, influx: Influx, sites: np.ndarray, time: float) -> np.ndarray:
    """What flows through channels whose gate calcium changes over what would flow at rest; 1 for others, (groups,)."""
    pores = Pores(model, influx.do.system, influx.currents, influx.sources.counts)
    return pores.left(sites, time) if pores else np.ones(len(influx.groups))


def seen(model: Model, influx: Influx, currents: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Every field at every sensor and probe, (fields, points) µM, as a run shows it.

    currents  of one channel of each group, pA
    """
    points, system = np.array([*model.watched.values()]).reshape(-1, 3), influx.do.system
    if not len(points):
        return np.empty((len(y), 0))
    found = system.discretization.locator.weights(points)
    values = influx.do.gather(y, influx.do.points(found))
    near_pores = NearPores(system, influx.groups, influx.planes, points)
    near = near_pores.calcium(values, *near_pores.fields(np.tile(currents, (len(points), 1))))
    values[CALCIUM] = np.where(beyond_membranes(system.discretization, found), values[CALCIUM], near)
    return values


def _leaving(cells: Discretization, held: tuple[str, ...], amounts: np.ndarray) -> dict[str, float]:
    """Current through each held surface, pA; a control volume at two of them gives to each by its area there.

    amounts  that flow into each held control volume, (held,) µM µm³ ms⁻¹
    """
    areas = np.zeros((len(held), len(cells.held)))
    for row, name in zip(areas, held, strict=True):
        surface = cells.surfaces[name]
        row[np.searchsorted(cells.held, surface.indices)] = surface.areas
    flows = areas / areas.sum(axis=0) @ amounts / AMOUNT_PER_CHARGE
    return dict(zip(held, flows.tolist(), strict=True))
