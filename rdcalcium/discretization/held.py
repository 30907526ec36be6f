"""A far field: control volumes at some surfaces stay at rest, and all others see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.discretization.base import Discretization
from rdcalcium.errors import InputError, suggest


def hold(discretization: Discretization, surfaces: Iterable[str]) -> Discretization:
    """The same control volumes, where nothing flows into those that touch the surfaces of these names.

    They begin at rest, where reactions are in equilibrium, and so stay there; what their neighbours give them is gone.
    The concentration is held where the unknown sits: at the nodes of a mesh, half a cell inside the wall of a grid.
    InputError for an unknown surface.
    """
    held = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(_touching(discretization, s) for s in surfaces)]))
    exchange = np.ones(discretization.size)
    exchange[held] = 0.0

    def assemble() -> csr_array:
        rows = csr_array(diags_array(exchange) @ discretization.conductance)
        rows.eliminate_zeros()
        rows.sort_indices()
        return rows

    layout = discretization.layout.without_exchange(held)
    return replace(discretization, assemble=assemble, layout=layout, held=held)


def _touching(discretization: Discretization, surface: str) -> np.ndarray:
    if surface not in discretization.surfaces:
        raise InputError(
            f"the terminal has no surface {surface!r}; {suggest(surface, discretization.surfaces, intro='it has')}"
        )
    return discretization.surfaces[surface].indices


def reached(discretization: Discretization) -> np.ndarray:
    """Control volumes from which a way leads to one that is held, these not among them; (k,) ascending.

    A way may lead across the membrane of a lumen.
    """
    ways = discretization.conductance
    for at in discretization.membranes.values():
        ways = ways + csr_array((at.areas, (at.outside, at.inside)), shape=ways.shape)
    _, part = connected_components(ways, directed=False)
    free = np.isin(part, part[discretization.held])
    free[discretization.held] = False
    return np.flatnonzero(free)
