"""Vesicles, mitochondria and tubules of the ER as closed surfaces from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from rdcalcium.model.file_units import LengthUnit
from rdcalcium.model.obstacles.base import Obstacle, Place, further
from rdcalcium.model.quantity import Point
from rdcalcium.model.triangulated import Triangulated
from rdcalcium.solids import Surface
from rdcalcium.surfaces import ClosedSurface, Wish, closed_surface


class SurfaceObstacle(Triangulated, Obstacle):
    """What a closed surface of triangles encloses, as a mitochondrion; closed sheets within others are left out."""

    kind: Literal["surface"] = "surface"
    name: str
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    file: str
    """Path of an STL, OBJ or PLY file, from the model file on."""
    length_unit: LengthUnit
    """Unit of the coordinates in the file."""
    offset: Point = (0.0, 0.0, 0.0)
    """How far along x, y and z it is moved from where the file has it; none: it stays there."""

    @property
    def closed(self) -> ClosedSurface:
        """The surface, mended, smoothed and simplified."""
        wish = Wish(self.offset, self.smoothing, self.simplification, whole=True)
        return closed_surface(self.file, self.length_unit, wish)

    @property
    def solid(self) -> Surface:
        """What it encloses."""
        return Surface(self.closed, self.name)

    @property
    def place(self) -> str:
        """The file."""
        return f"of {Path(self.file).name}"

    @property
    def numbers_in(self) -> str:
        """As the model says."""
        return self.length_unit

    def moved(self, by: Place) -> Self:
        """With another offset."""
        return self.model_copy(update={"offset": further(self.offset, by)})

    @property
    def files(self) -> tuple[str, ...]:
        """The surface."""
        return (self.file,)

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The surface under its other name."""
        return self.model_copy(update={"file": names.get(self.file, self.file)})

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was wrong with it, and what was done."""
        return self.closed.remarks
