"""A Model on a Discretization: its chemistry in every control volume, and the sources; numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.chemistry import Chemistry, Field, build_chemistry
from rdcalcium.discretization import Discretization, PointWeights
from rdcalcium.model import Model
from rdcalcium.units import AMOUNT_PER_CHARGE


@dataclass(frozen=True)
class Sources:
    """Which control volumes receive the current of each channel group.

    cells   (k,)         distinct control volumes
    shares  (k, groups)  µM ms⁻¹ in the cell per pA of inward current of one channel of the group
    counts  (groups,)    channels of the computed part; one on a mirror plane counts by its share
    """

    cells: np.ndarray
    shares: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class System:
    """Everything that a backend needs to know, as arrays and numbers."""

    chemistry: Chemistry
    discretization: Discretization

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is computed in every control volume."""
        return self.chemistry.fields

    @property
    def shape(self) -> tuple[int, int]:
        """Fields and control volumes: the shape of the state."""
        return len(self.fields), self.discretization.size

    def stiffness(self, calcium: float) -> float:
        """Bound on the spectral radius of the Jacobian, ms⁻¹, while [Ca] stays below `calcium` (µM)."""
        return self.chemistry.stiffness(calcium, self.discretization.radius)


def build_system(model: Model, discretization: Discretization) -> System:
    """The fields and reactions of a model, on control volumes."""
    return System(build_chemistry(model), discretization)


def place_sources(
    groups: Sequence[np.ndarray], planes: Sequence[tuple[int, float]], discretization: Discretization
) -> Sources:
    """Share the currents of channel groups among control volumes, whole and centred on each pore.

    groups  positions of the channels of each group, (channels, 3) µm
    planes  mirror planes (axis, coordinate); of a channel on one, half the current enters the computed part
    """
    amounts = csr_array((discretization.size, len(groups)))
    counts = np.zeros(len(groups))
    for g, points in enumerate(groups):
        share = computed_share(points, planes)
        counts[g] = share.sum()
        found: PointWeights = discretization.locator.source_weights(points)
        amount = found.weights * share[:, None] * AMOUNT_PER_CHARGE
        place = (found.indices.ravel(), np.full(found.indices.size, g))
        amounts = amounts + csr_array((amount.ravel(), place), shape=amounts.shape)
    cells = np.flatnonzero(abs(amounts).sum(axis=1))
    return Sources(cells, amounts[cells].toarray() / discretization.volumes[cells, None], counts)


def computed_share(points: np.ndarray, planes: Sequence[tuple[int, float]]) -> np.ndarray:
    """Share of the current of each channel that enters the computed part: half of it for one on a mirror plane."""
    on_plane = sum(np.abs(points[:, axis] - at) < 1e-9 for axis, at in planes)
    return 0.5 ** np.broadcast_to(on_plane, len(points))
