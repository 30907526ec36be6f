"""The fastest mode of the discrete Laplacian, whose rate sets the number of stages of a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

FOUND = 1e-2  # of the radius, to which Lanczos finds it
LANCZOS_MARGIN = 1 + 2 * FOUND  # the estimate comes from below


def of_axes(coefficients: Sequence[np.ndarray], periodic: Sequence[bool] = (False,) * 3) -> float:
    """Spectral radius of the discrete Laplacian of a grid, µm⁻²: the sum of those of its axes.

    Exact where all faces are open, for the Laplacian is then a Kronecker sum. Where the membranes of lumens close faces
    it is a bound: through fewer faces nothing decays more quickly.

    coefficients  of each axis towards the lower neighbours, then the upper ones, (2 n,) µm⁻²
    periodic      axes whose last cell is a neighbour of the first
    """
    halves = (np.split(both, 2) for both in coefficients)
    return sum(_of_axis(lower, upper, around) for (lower, upper), around in zip(halves, periodic, strict=True))


def _of_axis(lower: np.ndarray, upper: np.ndarray, periodic: bool) -> float:
    """Largest eigenvalue of -L along one axis, made symmetric by the widths of the cells.

    The coupling -g of both ends of a periodic axis is no more than g in the diagonal of both: that is a bound, and
    exact for equal cells of an even number, whose fastest mode alternates.
    """
    last = len(lower) - 1
    if last < 1:
        return 0.0
    own, between = lower + upper, -np.sqrt(upper[:-1] * lower[1:])
    if periodic:
        own[[0, -1]] += np.sqrt(lower[0] * upper[-1])
    return float(eigvalsh_tridiagonal(own, between, select="i", select_range=(last, last))[0])


def gershgorin(conductance: csr_array, volumes: np.ndarray) -> float:
    """Bound on the largest eigenvalue of -L by the sums of its rows, µm⁻²; both as for `of_matrix`."""
    return float(gershgorin_terms(conductance, volumes).max())


def gershgorin_terms(conductance: csr_array, volumes: np.ndarray) -> np.ndarray:
    """The sums of the rows, (n,) µm⁻², of which the largest is the bound."""
    absolute = csr_array(abs(conductance)).sum(axis=1)
    terms: np.ndarray = (absolute + np.abs(conductance.sum(axis=1))) / volumes
    return terms


def of_matrix(conductance: csr_array, volumes: np.ndarray, bound: float) -> float:
    """Largest eigenvalue of -L to about 1 %, by Lanczos on the symmetric V^-1/2 (D - G) V^-1/2, µm⁻².

    conductance  (n, n) µm, zero diagonal
    volumes      (n,) µm³
    bound        what is returned where the iteration does not converge, µm⁻²
    """
    scale, own = 1 / np.sqrt(volumes), conductance.sum(axis=1) / volumes
    matrix = LinearOperator(
        conductance.shape, lambda field: own * field - scale * (conductance @ (scale * field)), dtype=float
    )
    start = np.cos(np.arange(len(volumes)) ** 2)  # rough, so that it holds the fastest mode, and reproducible
    try:
        return float(eigsh(matrix, k=1, which="LA", v0=start, tol=FOUND, return_eigenvectors=False)[0])
    except ArpackNoConvergence:
        return bound
