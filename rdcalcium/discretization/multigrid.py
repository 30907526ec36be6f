"""Ever coarser versions of the discrete Laplacian, for solvers that let far places talk to each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

FEWEST = 40  # unknowns of the coarsest level, at most, if coarsening gets there; they are solved directly
STALLED = 0.8  # a level with more of the unknowns of the one before is not worth having
SMOOTHING = 2 / 3  # of the prolongation: 4/3 over the bound 2 of the spectral radius of D⁻¹ K (Vaněk et al. 1996)


@dataclass(frozen=True)
class Level:
    """One level, finest first.

    laplacian  (n, n)  weights conductance / volume towards the neighbours, zero diagonal, µm⁻²
    diagonal   (n,)    their sums, with that towards what is held, µm⁻²
    bound      of the spectral radius of D⁻¹ L, D its diagonal
    restrict   (m, n)  averages on the next level; None on the coarsest one
    prolong    (n, m)  interpolation from the next level
    """

    laplacian: csr_array
    diagonal: np.ndarray
    bound: float
    restrict: csr_array | None = None
    prolong: csr_array | None = None

    @property
    def size(self) -> int:
        """Unknowns."""
        return len(self.diagonal)


def build_levels(
    conductance: csr_array, volumes: np.ndarray, outward: np.ndarray | None = None, strength: float = 0.0
) -> Iterator[Level]:
    """Smoothed aggregation (Vaněk, Mandel & Brezina 1996, Computing 56:179) of a symmetric conductance matrix.

    One after the other, so that a large level can be taken to a device and forgotten before the next one is made.

    conductance  (n, n) µm, zero diagonal
    volumes      (n,)   µm³; zero in solid cells, which no level has
    outward      (n,)   µm, conductance to where a correction is zero because the concentration is held; none: nowhere
    strength     of a coupling K_ij / √(K_ii K_jj), below which two volumes are not joined for its sake: cells that
                 are wide and flat are then joined across their wide faces
    """
    outward = np.zeros(len(volumes)) if outward is None else outward
    while True:
        rows = np.asarray(conductance.sum(axis=1)).ravel() + outward
        prolong = _prolongation(conductance, rows, strength) if len(volumes) > FEWEST else None
        if prolong is None or prolong.shape[1] > STALLED * prolong.shape[0]:
            yield _level(conductance, volumes, outward)
            return
        coarse = prolong.T @ volumes
        restrict = csr_array(diags_array(1 / coarse) @ prolong.T @ diags_array(volumes))
        stiffness = csr_array(prolong.T @ (diags_array(rows) - conductance) @ prolong)
        stiffness.setdiag(0.0)
        stiffness.eliminate_zeros()
        stiffness.sort_indices()
        level = _level(conductance, volumes, outward, restrict, prolong)
        # Constants stay constant from level to level, so the row sums of the stiffness go by the same way.
        conductance, volumes, outward = -stiffness, coarse, prolong.T @ outward
        yield level


def _level(
    conductance: csr_array,
    volumes: np.ndarray,
    outward: np.ndarray,
    restrict: csr_array | None = None,
    prolong: csr_array | None = None,
) -> Level:
    weights = csr_array(diags_array(_inverse(volumes)) @ conductance)
    diagonal = np.asarray(weights.sum(axis=1)).ravel() + outward * _inverse(volumes)
    size = np.asarray(abs(weights).sum(axis=1)).ravel()
    return Level(weights, diagonal, float((1 + size * _inverse(diagonal)).max()), restrict, prolong)


def _prolongation(conductance: csr_array, rows: np.ndarray, strength: float) -> csr_array | None:
    """Interpolation from aggregates, smoothed once; constants stay constant. None where nothing can be joined."""
    # Here, for runs without a quiet stretch start faster without it.
    from pyamg.aggregation import standard_aggregation
    from pyamg.strength import symmetric_strength_of_connection

    stiffness = csr_array(diags_array(rows) - conductance)
    groups, _ = standard_aggregation(symmetric_strength_of_connection(stiffness, strength))
    if groups.shape[1] == 0:
        return None
    plain = csr_array(groups.astype(float))
    smooth = csr_array(plain - SMOOTHING * diags_array(_inverse(rows)) @ (stiffness @ plain))
    sums = np.asarray(smooth.sum(axis=1)).ravel()
    prolong = csr_array(diags_array(_inverse(sums)) @ smooth)
    prolong.sort_indices()
    return prolong


def _inverse(values: np.ndarray) -> np.ndarray:
    """1 / values, and 0 where they are 0."""
    return np.divide(1.0, values, out=np.zeros_like(values), where=values != 0)
