"""Surfaces of single obstacles, by their names: parts of the surface of all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.model import Sphere
from rdcalcium.model.obstacles import OBSTACLES


def with_obstacles(made: Discretization, spheres: Sequence[Sphere], names: Collection[str]) -> Discretization:
    """The control volumes with a surface for those obstacles of these names that are not a surface yet.

    What a control volume has of the surface of all belongs to the obstacle whose surface is nearest to its unknown, so
    that the parts of all obstacles add up to the whole.
    """
    asked = {sphere.name for sphere in spheres} & {*names} - {*made.surfaces}
    if not asked or OBSTACLES not in made.surfaces:
        return made
    whole = made.surfaces[OBSTACLES]
    points = made.centres[whole.indices]
    away = [np.abs(np.linalg.norm(points - np.array(s.centre), axis=1) - s.radius) for s in spheres]
    nearest = np.array([sphere.name for sphere in spheres])[np.argmin(away, axis=0)]
    own = {name: np.flatnonzero(nearest == name) for name in sorted(asked)}
    found = {name: SurfaceArea(whole.indices[i], whole.areas[i]) for name, i in own.items() if len(i)}
    return replace(made, surfaces={**made.surfaces, **found})
