"""What every body in the cytosol says of itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

import numpy as np

from rdcalcium.model.base import Part
from rdcalcium.solids import Place, Solid
from rdcalcium.units import SAME_PLACE

OBSTACLES = "vesicles"  # the surface of all obstacles together


def further(place: Place, by: Place) -> Place:
    """A place that is so much further along x, y and z, µm."""
    x, y, z = (a + b for a, b in zip(place, by, strict=True))
    return x, y, z


class Obstacle(Part):
    """A body that calcium has to go around, or that is the lumen of a store."""

    kind: str
    name: str
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""

    @property
    @abstractmethod
    def solid(self) -> Solid:
        """Where it is; its surface has its name."""

    @property
    def row_kind(self) -> str:
        """What it is in the table of what is placed."""
        return self.kind

    @property
    def called(self) -> str:
        """What a sentence calls it: what it is, and its name."""
        return f"{self.kind.replace('_', '-')} {self.name!r}"

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, in the words of a message: "at (0, 0, 50) nm with radius 20 nm"."""

    @abstractmethod
    def moved(self, by: Place) -> Self:
        """The same one elsewhere, µm: its image in the next tile of a terminal that is one of many."""

    @property
    def numbers_in(self) -> str:
        """The unit in which a file of it is read that does not say it; empty where each length has its own."""
        return ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the library's references for those of its sizes that are as the library has them."""
        return ()

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that it is read from, under the key `file`; a run keeps copies of them."""
        return ()

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same body, with other names for the same files: old -> new."""
        return self

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on these files: what was wrong in them, and what was done."""
        return ()

    def simplified(self, within: float) -> Self:
        """The same body of fewer triangles, if it has any, which may be so far from these, µm."""
        return self

    def contains(self, point: Place) -> bool:
        """Whether a point (µm) is inside; one on the surface is not, whatever rounding says."""
        return bool(self.solid.depth(np.array([point]))[0] > SAME_PLACE)
