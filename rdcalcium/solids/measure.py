"""Volume and surface of bodies, from straight lines through them, however thin they are."""

from __future__ import annotations

import numpy as np

from rdcalcium.solids.base import Place, Solid
from rdcalcium.solids.nearest import normals
from rdcalcium.solids.thickness import thickness

FINE = 3  # lines across the thinnest part of a body, at least
FEW, MANY = 8, 80  # lines along each side of the box, at least and at most, whatever FINE asks for
ROUNDING = 1e-3  # of the thickness of a body: nearer to the surface than this a line is on it
STEPS = 4000  # along a line


def volume_and_area(solid: Solid, low: Place, high: Place) -> tuple[float, float]:
    """Volume (µm³) and area (µm²) of the part of a body that lies in a box, to some per cent; its own surface alone.

    Lines along each axis meet the surface with a density |n·e|, so that Σ_e Σ |n·e| over the points where they do,
    times the area for which a line stands, tends to Σ_e ∫ |n·e|² dA, which is its area.
    """
    sides = np.subtract(high, low)
    if not (sides > 0).all():
        return 0.0, 0.0
    thin = min(thickness(solid), float(sides.max()))
    random = np.random.default_rng(1)
    volume = area = 0.0
    for axis in range(3):
        first, second = (a for a in range(3) if a != axis)
        counts = [int(np.clip(np.ceil(FINE * sides[a] / thin), FEW, MANY)) for a in (first, second)]
        shares = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1).reshape(-1, 2)
        starts = np.tile(np.array(low, dtype=float), (len(shares), 1))
        starts[:, [first, second]] += (shares + random.uniform(size=shares.shape)) / counts * sides[[first, second]]
        inside, cosines = _along(solid, starts, axis, float(sides[axis]), ROUNDING * thin)
        for_each = sides[first] * sides[second] / len(starts)
        volume, area = volume + inside * for_each / 3, area + cosines * for_each
    return float(volume), float(area)


def _along(solid: Solid, starts: np.ndarray, axis: int, length: float, rounding: float) -> tuple[float, float]:
    """Of lines from points (n, 3) µm along an axis: how much of them is inside, µm, and Σ |n·e| where they cross."""
    along, within = np.zeros(len(starts)), np.zeros(len(starts), dtype=bool)
    left, inside, cosines = np.arange(len(starts)), 0.0, 0.0
    for step in range(STEPS):
        points = starts[left].copy()
        points[:, axis] += along[left]
        depth = solid.depth(points)
        crossed = (depth > 0) != within[left] if step else np.zeros(len(left), dtype=bool)
        if crossed.any():
            cosines += float(np.abs(normals(solid, points[crossed])[:, axis]).sum())
        within[left] = depth > 0
        way = np.minimum(np.maximum(np.abs(depth), rounding), length - along[left])
        inside += float(way[depth > 0].sum())
        along[left] += way
        left = left[along[left] < length]
        if not len(left):
            break
    return inside, cosines
