"""Surfaces of obstacles by their names, those of single ones, and that of all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.discretization.surface_parts import area_in
from rdcalcium.geometry.body_surface import BodySurface
from rdcalcium.model import Obstacle
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.obstacles.numbered import numbered


def with_obstacles(made: Discretization, obstacles: Sequence[Obstacle], names: Collection[str]) -> Discretization:
    """The control volumes with a surface of all obstacles, and of those that have one of some names.

    Obstacles that share a name are also known one by one, as "vesicle.3". The parts of all add up to the whole.
    """
    known = {obstacle.name for obstacle in obstacles}
    each = {name: surface for name, surface in made.surfaces.items() if name in known}
    others = {name: surface for name, surface in made.surfaces.items() if name not in known}
    asked = {name: surface for name, surface in each.items() if name in names}
    single = {name: one for name, one in numbered(obstacles).items() if name in names and one.name in each}
    asked = {name: _alone(made, one, obstacles) for name, one in single.items()} | asked
    return replace(
        made, surfaces=others | ({OBSTACLES: SurfaceArea.together([*each.values()])} if each else {}) | asked
    )


def _alone(made: Discretization, one: Obstacle, obstacles: Sequence[Obstacle]) -> SurfaceArea:
    """What a single one has of the surface of its name."""
    same = [obstacle for obstacle in obstacles if obstacle.name == one.name]
    number = next(k for k, obstacle in enumerate(same) if obstacle is one)
    piece = BodySurface([obstacle.solid for obstacle in same], number, made.periods)
    return area_in(made, one.name)([piece])
