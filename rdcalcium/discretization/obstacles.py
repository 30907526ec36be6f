"""Surfaces of single obstacles, by their names: parts of the surface of all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.geometry.periodic import depth_in_tiles
from rdcalcium.model import Obstacle
from rdcalcium.model.obstacles import OBSTACLES


def with_obstacles(made: Discretization, obstacles: Sequence[Obstacle], names: Collection[str]) -> Discretization:
    """The control volumes with a surface for those obstacles of these names that are not a surface yet.

    What a control volume has of the surface of all belongs to the obstacle whose surface is nearest to its unknown, so
    that the parts of all obstacles add up to the whole.
    """
    asked = {obstacle.name for obstacle in obstacles} & {*names} - {*made.surfaces}
    if not asked or OBSTACLES not in made.surfaces:
        return made
    whole = made.surfaces[OBSTACLES]
    points = made.centres[whole.indices]
    away = [np.abs(depth_in_tiles(obstacle.solid, points, made.periods)) for obstacle in obstacles]
    nearest = np.array([obstacle.name for obstacle in obstacles])[np.argmin(away, axis=0)]
    own = {name: np.flatnonzero(nearest == name) for name in sorted(asked)}
    found = {name: SurfaceArea(whole.indices[i], whole.areas[i]) for name, i in own.items() if len(i)}
    return replace(made, surfaces={**made.surfaces, **found})
