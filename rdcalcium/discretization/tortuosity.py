"""Control volumes in some of which all species move more slowly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array, csr_array

from rdcalcium.discretization.base import Discretization
from rdcalcium.discretization.couplings import stable
from rdcalcium.discretization.grid import GridLayout, grid_conductance
from rdcalcium.discretization.sliced_ell import sliced_ell
from rdcalcium.discretization.space import GridSpace
from rdcalcium.discretization.spectral_radius import LANCZOS_MARGIN, gershgorin, of_matrix
from rdcalcium.geometry.grid import RectilinearGrid, flat


def slowed(made: Discretization, mobility: np.ndarray) -> Discretization:
    """The same control volumes, whose couplings are those of a diffusivity that is smaller in some.

    Between two of them the resistances of both parts of the way are in series, so that a flux through a face is exact.

    mobility  (n,) share of the diffusivity
    """
    if isinstance(made.space, GridSpace) and isinstance(made.layout, GridLayout):
        return _slowed_grid(made, made.layout, made.space.grid, mobility)
    return _slowed_mesh(made, mobility)


def _slowed_grid(
    made: Discretization, layout: GridLayout, grid: RectilinearGrid, mobility: np.ndarray
) -> Discretization:
    weighted = layout.weighted(face_weights(grid, mobility))
    return replace(
        made,
        layout=weighted,
        assemble=lambda: grid_conductance(weighted, grid.whole_volumes),
        radius=float(mobility[made.volumes > 0].max(initial=0.0)) * made.radius,
        mobility=mobility,
    )


def face_weights(grid: RectilinearGrid, mobility: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the face of each cell towards its lower neighbour conducts, along x, y and z, (n,) each.

    (a + b) / (a / m + b / m') with a and b from the face to the two centres. At the lower end of an axis the other cell
    is the last, which counts if the axis is periodic.
    """
    cells = mobility.reshape(grid.shape[::-1]).transpose(2, 1, 0)
    weights = []
    for along, axis in enumerate(grid.axes):
        m = np.moveaxis(cells, along, -1)
        below, above = np.roll(axis.edges[1:] - axis.centres, 1), axis.centres - axis.edges[:-1]
        face = (below + above) / (below / np.roll(m, 1, axis=-1) + above / m)
        weights.append(flat(np.moveaxis(face, -1, along)))
    return weights[0], weights[1], weights[2]


def _slowed_mesh(made: Discretization, mobility: np.ndarray) -> Discretization:
    """The face between two nodes lies in the middle of the way, so both halves count alike."""
    entries = coo_array(made.conductance)
    row, column = entries.coords
    both = 2 * mobility[row] * mobility[column] / (mobility[row] + mobility[column])
    scaled = csr_array((entries.data * both, (row, column)), shape=entries.shape)
    scaled.sort_indices()
    conductance, _ = stable(scaled)
    bound = gershgorin(conductance, made.volumes)
    return replace(
        made,
        layout=sliced_ell(conductance, made.volumes),
        assemble=lambda: conductance,
        radius=min(bound, LANCZOS_MARGIN * of_matrix(conductance, made.volumes, bound)),
        mobility=mobility,
    )
