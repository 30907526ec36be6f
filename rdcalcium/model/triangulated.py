"""What is given by the triangles of a file, and how far they may be changed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.surfaces import ClosedSurface


class Triangulated(Part):
    """A closed surface from a file."""

    smoothing: PositiveLength | None = None
    """Bumps of the surface that are shorter are smoothed away, and its volume is kept: some ten times the longest side
    of a voxel for a segmentation whose surface has stairs; none: triangles stay as they are in the file."""
    simplification: PositiveLength | None = None
    """How far corners of the file may be from a surface of fewer triangles, which takes its place if there are
    thousands; none: on a grid all triangles stay, for tetrahedra it is three tenths of `size_at_active_zone`."""

    @property
    @abstractmethod
    def closed(self) -> ClosedSurface:
        """The surface, mended, smoothed and simplified."""

    def simplified(self, within: float) -> Self:
        """The same with so much simplification, µm, unless it says another one."""
        return self if self.simplification else self.model_copy(update={"simplification": within})
