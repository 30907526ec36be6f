"""How much of each control volume lies in a part of a model, and how fast species move there."""

from __future__ import annotations

from functools import cache

import numpy as np

from rdcalcium.discretization.from_zones import from_zones
from rdcalcium.discretization.space import Space
from rdcalcium.errors import InputError, suggest
from rdcalcium.model import Model
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.obstacles.numbered import numbered, surface_names
from rdcalcium.model.region import Distance, Inside, LumenRegion, MeshRegion
from rdcalcium.solids.periodic import depth_in_tiles, shifts


def share(model: Model, space: Space, region: Inside | MeshRegion | LumenRegion) -> np.ndarray:
    """Share of each control volume that lies in a region of the model, (n,): a part of the cytosol, or a lumen."""
    if isinstance(region, LumenRegion):
        return space.part([*model.lumens].index(region.of) + 1)
    return space.part(0) * _share(model, space, region) if model.lumens else _share(model, space, region)


def _share(model: Model, space: Space, region: Inside | MeshRegion) -> np.ndarray:
    """The same, wherever it is."""
    if isinstance(region, MeshRegion):
        return space.region(region.name)
    return space.share(lambda points: _inside(model, space, region, points))


def _inside(model: Model, space: Space, region: Inside, points: np.ndarray) -> np.ndarray:
    """How deep points (p, 3) lie in a region, or in its image in a neighbouring tile; (p,) µm."""
    distance = _distance(model, space)
    depths: np.ndarray = np.max([region.inside(points + by, distance) for by in shifts(model.geometry.periods)], axis=0)
    return depths


def any_inside(model: Model, space: Space, region: Inside | MeshRegion | LumenRegion, points: np.ndarray) -> bool:
    """Whether one of some points (p, 3) µm of the cytosol lies in a region, or may do so: a mesh is not asked."""
    if isinstance(region, LumenRegion):
        return False
    if isinstance(region, MeshRegion) or not len(points):
        return True
    return bool((_inside(model, space, region, points) >= 0).any())


def _distance(model: Model, space: Space) -> Distance:
    """From surfaces, those of obstacles and zones included; the lumens of stores are none, but by their own names."""
    lumens = [lumen.region for lumen in model.lumens.values()]
    obstacles = model.geometry.solids
    zones = cache(lambda surface, upto: from_zones(model, space, surface, upto))
    single = numbered(obstacles)

    def distance(points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        bodies = [o.solid for o in obstacles if o.name == surface]
        if surface == OBSTACLES:
            bodies += [o.solid for o in obstacles if o.name not in (OBSTACLES, *lumens)]
        elif not bodies and surface in single:
            bodies = [single[surface].solid]
        if not bodies and surface not in space.surfaces:
            if zone := zones(surface, upto):
                return zone(points, upto)
            known = (name for entry in model.active_zones for name in (entry.name, *entry.names))
            names = {*space.surfaces, *surface_names(obstacles), *known}
            raise InputError(f"the terminal has no surface {surface!r}; {suggest(surface, names, intro='it has')}")
        if not bodies:
            return space.distance(points, surface, upto)
        depths = [depth_in_tiles(body, points, model.geometry.periods) for body in bodies]
        return -np.max(depths, axis=0)

    return distance


def mobility(model: Model, space: Space, size: int) -> np.ndarray:
    """Share of its diffusivity with which a species moves in each control volume, (n,).

    The resistance λ² of the part of a control volume that is tortuous is in series with that of the rest, 1. In the
    lumen of a store all move as much faster or slower as calcium does there.
    """
    resistance = np.ones(size)
    for part in model.tortuosity:
        there = 1.0 if part.where is None else share(model, space, part.where)
        resistance *= 1 + there * (part.factor**2 - 1)
    mobile: np.ndarray = 1 / resistance
    for number, lumen in enumerate(model.lumens.values(), start=1):
        inside = space.part(number) > 0
        mobile[inside] = (lumen.diffusivity or model.calcium.diffusivity) / model.calcium.diffusivity
    return mobile
