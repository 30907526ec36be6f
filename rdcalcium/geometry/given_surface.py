"""Terminals and obstacles from files that carry their surface along: a process of its own need not make it again."""

from __future__ import annotations

from typing import Any

from rdcalcium.model.obstacles.base import Obstacle
from rdcalcium.model.obstacles.surface import SurfaceObstacle
from rdcalcium.model.shapes.surface import SurfaceFile
from rdcalcium.surfaces import ClosedSurface


class GivenTerminal(SurfaceFile):
    """What a surface encloses that is known."""

    surface: Any

    @property
    def closed(self) -> ClosedSurface:
        """As it was given."""
        made: ClosedSurface = self.surface
        return made


class GivenObstacle(SurfaceObstacle):
    """The same in the cytosol."""

    surface: Any

    @property
    def closed(self) -> ClosedSurface:
        """As it was given."""
        made: ClosedSurface = self.surface
        return made


def given(shape: SurfaceFile) -> GivenTerminal:
    """A terminal with its surfaces."""
    obstacles = tuple(_given(obstacle) for obstacle in shape.obstacles)
    return GivenTerminal.model_construct(**{**dict(shape), "obstacles": obstacles, "surface": shape.closed})


def _given(obstacle: Obstacle) -> Obstacle:
    if not isinstance(obstacle, SurfaceObstacle):
        return obstacle
    return GivenObstacle.model_construct(**dict(obstacle), surface=obstacle.closed)
