"""Control volumes that have neighbours and no place: enough for arithmetic, to measure it or to test it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.discretization.base import CellComplex, Discretization, Layout, PointWeights
from rdcalcium.discretization.quality import Quality


def network(
    kind: str, volumes: np.ndarray, assemble: Callable[[], csr_array], layout: Layout, radius: float
) -> Discretization:
    """A discretization without surfaces, points or picture.

    kind      "grid" or "tetrahedra"
    volumes   (n,) µm³
    assemble  makes the conductance matrix, (n, n) µm
    layout    what the kernels read
    radius    bound on the spectral radius of the discrete Laplacian, µm⁻²
    """
    n = len(volumes)
    nowhere = np.broadcast_to(np.nan, (n, 3))  # takes no memory
    picture = CellComplex(np.empty((0, 3)), np.empty((0, 4), dtype=np.int64), "point", np.empty(0, dtype=np.int64))
    return Discretization(
        kind=kind,
        volumes=volumes,
        assemble=assemble,
        centres=nowhere,
        surfaces={},
        locator=_Nowhere(),
        layout=layout,
        picture=picture,
        radius=radius,
        quality=Quality(),
    )


class _Nowhere:
    """Finds nothing."""

    def weights(self, points: np.ndarray) -> PointWeights:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def source_weights(self, points: np.ndarray) -> PointWeights:
        """Refuse."""
        return self.weights(points)

    def near_fields(self, points: np.ndarray, pores: np.ndarray, kappas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def knows_near(self, points: np.ndarray, pores: np.ndarray) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def widths(self, points: np.ndarray) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")
