"""Conductances between the nodes of a mesh as a symmetric matrix, in which no mode of the concentration can grow."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array, triu

from rdcalcium.discretization.dual import EDGES

ROUNDING = 1e-12  # couplings below this share of the mean are zero (cospherical nodes)


def summed_over_edges(tetrahedra: np.ndarray, shares: np.ndarray, size: int) -> csr_array:
    """Sum of the shares (6, m) of each edge, as a matrix above the diagonal."""
    nodes = np.ascontiguousarray(tetrahedra.T, dtype=np.int32)
    low, high = np.empty((2, *shares.shape), dtype=np.int32)
    for edge, (i, j, *_) in enumerate(EDGES):
        np.minimum(nodes[i], nodes[j], out=low[edge])
        np.maximum(nodes[i], nodes[j], out=high[edge])
    return coo_array((shares.ravel(), (low.ravel(), high.ravel())), shape=(size, size)).tocsr()


def symmetric(upper: csr_array) -> csr_array:
    """The whole matrix from what lies above its diagonal, without entries that are only rounding."""
    least = ROUNDING * np.abs(upper.data).mean()
    matrix = csr_array(upper + upper.T)
    matrix.data[(matrix.data > -least) & (matrix.data < least)] = 0.0
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def stable(conductance: csr_array) -> tuple[csr_array, int]:
    """Cap negative couplings so that no mode of the concentration can grow; also how many edges were changed.

    A coupling -g between i and j does no harm where detours i-k-j conduct at least as much: the triangle with
    conductances (-g, a, b) is positive semidefinite if and only if g ≤ a b / (a + b). Every edge is shared
    evenly among the triangles that claim it, so the whole Laplacian is a sum of semidefinite parts. Uncapped,
    a few slivers between vesicles gave modes that grow by e in 0.01 µs; where nothing is capped linear fields
    stay exact.
    """
    upper = triu(conductance, k=1, format="coo")
    weight, (row, column) = upper.data, upper.coords
    bad = np.flatnonzero(weight < 0)
    if not len(bad):
        return conductance, 0
    good = np.flatnonzero(weight > 0)
    number = coo_array((good + 1, (row[good], column[good])), shape=conductance.shape).tocsr()
    number = csr_array(number + number.T)
    first, second = number[row[bad]], number[column[bad]]  # positive edges of either end of each bad edge
    claim, one = _both(first, second)
    _, other = _both(second, first)
    claims = np.bincount(np.concatenate([one, other]), minlength=len(weight))
    a, b = weight[one] / claims[one], weight[other] / claims[other]
    detour = np.bincount(claim, a * b / (a + b), minlength=len(bad))
    capped = -weight[bad] > detour
    if not capped.any():
        return conductance, 0
    weight[bad] = np.maximum(weight[bad], -detour)
    return symmetric(upper.tocsr()), int(capped.sum())


def without_negative(conductance: csr_array) -> tuple[csr_array, int]:
    """Only what conducts forwards, so that the maximum principle holds; also how many edges were left out."""
    positive = conductance.multiply(conductance > 0).tocsr()
    positive.eliminate_zeros()
    positive.sort_indices()
    return csr_array(positive), (conductance.nnz - positive.nnz) // 2


def _both(numbers: csr_array, others: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Row and edge number of the entries of the first matrix that the second holds too."""
    common = csr_array(numbers.multiply(others.astype(bool)))
    common.sort_indices()
    return np.repeat(np.arange(common.shape[0]), np.diff(common.indptr)), common.data - 1
