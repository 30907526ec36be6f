"""Bodies that stand on the membrane."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.orientation import Direction, frame
from rdcalcium.model.quantity import Point
from rdcalcium.solids import Solid, Turned, turn_of
from rdcalcium.solids.base import place
from rdcalcium.units import nanometres

SUNK = 0.005  # µm, how far a body reaches into the membrane: nothing is left between them where that is curved


class Standing(Obstacle):
    """A body that has a foot on the membrane."""

    foot: Point = (0.0, 0.0, 0.0)
    """Where it stands on the membrane."""
    upwards: Direction = (0.0, 0.0, 1.0)
    """Direction away from the membrane, into the cytosol; any length, no unit."""
    lengthwise: Direction = (1.0, 0.0, 0.0)
    """Direction of its longer side along the membrane, as far as it is normal to `upwards`."""

    @abstractmethod
    def upright(self, foot: np.ndarray) -> Solid:
        """The body on a membrane that is normal to z, long along x, with its foot at a point (3,) µm."""

    @property
    def solid(self) -> Solid:
        """Upright, then turned."""
        body = self.upright(np.array(self.foot))
        up, along, _ = frame(self.upwards, self.lengthwise).T
        axes = np.column_stack([along, np.cross(up, along), up])
        return body if np.array_equal(axes, np.eye(3)) else Turned(body, turn_of(axes), self.foot)

    @property
    def place(self) -> str:
        """Its foot."""
        return f"that stands at {nanometres(self.foot)}"

    def moved(self, by: Place) -> Self:
        """Its foot."""
        return self.model_copy(update={"foot": further(self.foot, by)})

    @model_validator(mode="after")
    def _two_directions(self) -> Self:
        frame(self.upwards, self.lengthwise)
        return self


def above(foot: np.ndarray, x: float, y: float, z: float) -> tuple[float, float, float]:
    """A point by its coordinates from the foot on, µm."""
    return place(foot + np.array([x, y, z]))
