"""Volumes and couplings of the control volumes of a mesh, in the order in which a run keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from rdcalcium.discretization.couplings import summed_over_edges
from rdcalcium.discretization.dual import edge_shares, guarded_sums
from rdcalcium.discretization.sliced_ell import with_full_slices


@dataclass(frozen=True, eq=False)
class Assembled:
    """What the tetrahedra say of n control volumes.

    new      (n,) place of each in the order of a run
    upper    (n, n) µm, signed couplings above the diagonal, in that order; one that vanishes is kept, as an edge
    volumes  (n,) µm³, in that order
    blended  control volumes whose Voronoi cell was too small, see dual.guarded_sums
    """

    new: np.ndarray
    upper: csr_array
    volumes: np.ndarray
    blended: int


def assembled(points: np.ndarray, tetrahedra: np.ndarray, own: np.ndarray | None = None) -> Assembled:
    """Sums over the tetrahedra, once; the sums are put in order afterwards, which takes less than a second one.

    points      (p, 3) µm
    tetrahedra  (m, 4) points
    own         (p,) control volume of each point, before they are put in order; none: each has one of its own
    """
    nodes = tetrahedra if own is None else own[tetrahedra]
    shares, dual, measure = edge_shares(points, tetrahedra)
    graph = summed_over_edges(nodes, shares, int(nodes.max()) + 1)
    volumes, blended = guarded_sums(nodes, dual, measure)
    order = _order(graph)
    new = np.empty_like(order)
    new[order] = np.arange(len(order), dtype=order.dtype)
    return Assembled(new, _reordered(graph, new), volumes[order], blended)


def _order(upper: csr_array) -> np.ndarray:
    """Reverse Cuthill–McKee, changed a little by how many neighbours rows have; (n,) rows, the first one first."""
    pattern = csr_array((np.ones(upper.nnz, dtype=np.int8), upper.indices, upper.indptr), shape=upper.shape)
    neighbours = csr_array(pattern + pattern.T)
    order = reverse_cuthill_mckee(neighbours, symmetric_mode=True)
    return with_full_slices(order, np.diff(neighbours.indptr))


def _reordered(upper: csr_array, new: np.ndarray) -> csr_array:
    """What lies above the diagonal when each row, and the column of its number, moves to a new place."""
    one, other = np.repeat(new, np.diff(upper.indptr)), new[upper.indices]
    coords = np.minimum(one, other), np.maximum(one, other)
    return coo_array((upper.data, coords), shape=upper.shape).tocsr()
