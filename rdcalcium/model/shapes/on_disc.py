"""Shapes that stand on a round, plane membrane."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.described import Described


class OnDisc(Described):
    """A shape on a disc around 0, at z = 0."""

    radius: PositiveLength
    """Of the membrane at z = 0."""

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """The membrane, and mirrors."""
        return {**super().walls, self.membrane_surface: (2, 0)}

    @property
    def membrane_height(self) -> float:
        """The disc."""
        return 0.0

    def nearest_on_membrane(self, point: Place) -> Place:
        """Straight below, or on the rim."""
        x, y, _ = point
        inwards = min(1.0, self.radius / (math.hypot(x, y) or 1.0))
        return inwards * x, inwards * y, 0.0
