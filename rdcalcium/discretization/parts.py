"""How much of each control volume lies in a part of a model, and how fast species move there."""

from __future__ import annotations

import numpy as np

from rdcalcium.discretization.space import Space
from rdcalcium.model import Model
from rdcalcium.model.region import Distance, Inside, MeshRegion


def share(model: Model, space: Space, region: Inside | MeshRegion) -> np.ndarray:
    """Share of each control volume that lies in a region of the model, (n,)."""
    if isinstance(region, MeshRegion):
        return space.region(region.name)
    distance = _distance(model, space)
    return space.share(lambda points: region.inside(points, distance))


def any_inside(model: Model, space: Space, region: Inside | MeshRegion, points: np.ndarray) -> bool:
    """Whether one of some points (p, 3) µm lies in a region, or may do so: what a mesh names is not asked."""
    if isinstance(region, MeshRegion) or not len(points):
        return True
    return bool((region.inside(points, _distance(model, space)) >= 0).any())


def _distance(model: Model, space: Space) -> Distance:
    """From surfaces, those of obstacles included."""

    def distance(points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        spheres = [s for s in model.geometry.solids if surface in ("vesicles", s.name)]
        if not spheres:
            return space.distance(points, surface, upto)
        away = [np.linalg.norm(points - np.array(s.centre), axis=1) - s.radius for s in spheres]
        return np.min(away, axis=0)

    return distance


def mobility(model: Model, space: Space, size: int) -> np.ndarray:
    """Share of its diffusivity with which a species moves in each control volume, (n,).

    The resistance λ² of the part of a control volume that is tortuous is in series with that of the rest, 1.
    """
    resistance = np.ones(size)
    for part in model.tortuosity:
        there = 1.0 if part.where is None else share(model, space, part.where)
        resistance *= 1 + there * (part.factor**2 - 1)
    slower: np.ndarray = 1 / resistance
    return slower
