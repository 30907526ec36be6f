"""Whether bodies share space."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from rdcalcium.solids.ball import Ball
from rdcalcium.solids.base import Solid
from rdcalcium.solids.combined import Joined

TOUCHING = 1e-9  # of the size of bodies; those that touch do not overlap for the last digit
LATTICE = 7  # points along each side of the box in which a common one is sought


def share_space(one: Solid, other: Solid) -> bool:
    """Whether some point lies in both, deeper than rounding.

    Exact for spheres. For others a point is sought, and bodies that share very little may seem to share none.
    """
    if isinstance(one, Joined):
        return any(share_space(part, other) for part in one.parts)
    if isinstance(other, Joined):
        return share_space(other, one)
    if isinstance(one, Ball) and isinstance(other, Ball) and one.is_sphere and other.is_sphere:
        reach = one.semi_axes[0] + other.semi_axes[0]
        return float(np.linalg.norm(np.subtract(one.centre, other.centre))) < (1 - TOUCHING) * reach
    return _common_point(one, other)


def _common_point(one: Solid, other: Solid) -> bool:
    """Seek the point x where the lesser of both depths, t, is largest: most t with depth(x) >= t in both bodies."""
    low = np.maximum(one.bounds[0], other.bounds[0])
    high = np.minimum(one.bounds[1], other.bounds[1])
    if (low >= high).any():
        return False
    start, most = _deepest(one, other, low, high)
    if most < 0:
        return False
    size = float((high - low).max())

    def spare(unknowns: np.ndarray) -> np.ndarray:
        point = start + size * unknowns[None, :3]
        return np.array([body.depth(point)[0] / size - unknowns[3] for body in (one, other)])

    first = np.array([0.0, 0.0, 0.0, spare(np.zeros(4)).min()])
    found = minimize(
        lambda unknowns: -unknowns[3], first, jac=lambda _: np.array([0.0, 0.0, 0.0, -1.0]), method="SLSQP",
        constraints={"type": "ineq", "fun": spare}, options={"ftol": TOUCHING},
    )  # fmt: skip
    return bool(spare(np.append(found.x[:3], 0.0)).min() > TOUCHING)


def _deepest(one: Solid, other: Solid, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, float]:
    """The point (1, 3) of a lattice in a box at which the lesser of both depths is largest, and how large it can be.

    Depths change by no more than the distance, so that between the points of the lattice they are little larger.
    """
    ticks = np.linspace(0, 1, LATTICE)
    lattice = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 3)
    points = low + (high - low) * lattice
    depths = np.minimum(one.depth(points), other.depth(points))
    between = float(np.linalg.norm(high - low)) / (LATTICE - 1) / 2
    return points[[depths.argmax()]], float(depths.max()) + between
