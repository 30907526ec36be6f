"""What every shape of the cytosol says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import ClassVar, Self

import numpy as np

from rdcalcium.model.base import Part
from rdcalcium.model.cells import Grid, Tetrahedra
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.solids import Place, Solid


class Shape(Part):
    """What every shape of the cytosol says of itself.

    Where it does not say it, a shape is whole, empty, and unknown before its control volumes are made.

    brings_cells  whether it comes with control volumes of its own, whose sizes are not for a model to say
    """

    brings_cells: ClassVar[bool] = False

    kind: str

    @property
    def bounds(self) -> tuple[Place, Place] | None:
        """Lowest and highest corner of the computed part, µm; None where only its control volumes tell."""
        return None

    @property
    def outline(self) -> Solid | None:
        """The whole terminal, its mirror images included, without what stands in it; None where only cells tell."""
        return None

    @property
    def parts(self) -> Mapping[str, Solid]:
        """Bodies with names that the terminal is made of, on each of which active zones may be placed."""
        return {}

    @property
    def mirrors(self) -> dict[int, float]:
        """Mirror planes: the axis that each is normal to, and where it is, µm."""
        return {}

    @property
    def periods(self) -> dict[int, float]:
        """Axes along which what leaves at one end enters at the other, and after how many µm all is the same again."""
        return {}

    @property
    def ends(self) -> Mapping[str, tuple[int, int]]:
        """Names of the two ends along each of these axes, as of `walls`; no surface is there."""
        low_and_high = (("min", 0), ("max", 1))
        return {f"{'xyz'[axis]}_{name}": (axis, end) for axis in self.periods for name, end in low_and_high}

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """Plane walls by their names: the axis that each is normal to, and in which of the `bounds` it is, 0 or 1."""
        return {}

    @property
    def mirror_surfaces(self) -> tuple[str, ...]:
        """Names of the surfaces that are mirror planes: no wall of the terminal is there."""
        return ()

    @property
    def membrane_height(self) -> float | None:
        """Height z of the membrane on which channels sit, µm; None where it is no plane, or not known yet."""
        return None

    @property
    def membrane_surface(self) -> str:
        """Name of the surface on which channels sit."""
        return "membrane"

    @property
    def copies(self) -> int:
        """How many computed parts make up the whole terminal."""
        return 2 ** len(self.mirrors)

    @property
    def may_overlap(self) -> bool:
        """Whether its obstacles share space on purpose."""
        return False

    @property
    def solids(self) -> tuple[Obstacle, ...]:
        """What stands in the cytosol."""
        return ()

    def simplified(self, within: float) -> Self:
        """The same with fewer triangles where surfaces come from files, which may be so far from these, µm."""
        return self

    def reaching(self, low: Place, high: Place) -> Iterator[tuple[int, Obstacle]]:
        """Its solids with their numbers; of a tile those, and those images, that reach in between two corners (µm)."""
        x, y, z = ((0.0, -self.periods[a], self.periods[a]) if a in self.periods else (0.0,) for a in range(3))
        for by in product(x, y, z):
            for number, solid in enumerate(self.solids):
                image = solid.moved(by) if any(by) else solid
                lowest, highest = image.solid.bounds
                if all(lowest[axis] < high[axis] and highest[axis] > low[axis] for axis in self.periods):
                    yield number, image

    @property
    def images(self) -> tuple[tuple[int, Obstacle], ...]:
        """Those images of its solids in neighbouring tiles that reach into the computed part, each with its number."""
        if not (self.periods and self.bounds):
            return ()
        return tuple((number, one) for number, one in self.reaching(*self.bounds) if one is not self.solids[number])

    @property
    def standing(self) -> tuple[Obstacle, ...]:
        """Its solids, and their images."""
        return (*self.solids, *(image for _, image in self.images))

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that it is read from; a run keeps copies of them.

        A path under the key `file` is taken from the model file on.
        """
        return ()

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same shape, with other names for the same files: old -> new."""
        return self

    def areas_of_file(self) -> Mapping[str, float]:
        """Of the pieces of a membrane that a file has as triangles, without what obstacles cover, µm²."""
        return {}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on these files: what was wrong in them, and what was done; those of a mesh its cells have."""
        return ()

    def extents(self) -> Iterator[tuple[str, float]]:
        """What each of its lengths is called, and the length (µm): whether it is plausible is asked."""
        yield from ()

    def allow(self, choice: Grid | Tetrahedra) -> None:
        """ValueError for a discretization that it cannot have; which ones can be made the builders say."""

    @property
    def hollow(self) -> frozenset[str] | None:
        """Names of the parts that can be the lumen of a store; None where only its control volumes tell."""
        return frozenset()

    def is_in(self, parts: Collection[str], point: Place) -> bool:
        """Whether a point (µm) is known to lie in one of some `hollow` parts."""
        return False

    def require_inside(self, name: str, point: Place) -> None:
        """ValueError for a point (µm) that is known not to lie in the computed cytosol.

        name  what the point is called
        """

    def nearest_on_membrane(self, point: Place) -> Place | None:
        """The point of the membrane on which channels sit that is nearest to another, µm; None if not known yet."""
        return None

    def put_on(self, points: np.ndarray, from_within: bool = True) -> np.ndarray:
        """Points (p, 3) µm, those on its surface that are meant to be there; as they are where a surface has no facets.

        from_within  whether a point a little inside is meant to be on it, as one a little outside is
        """
        return points

    def wrong_unit(self, size: float, reach: float) -> str:
        """What to add to the complaint about a point, if the file was meant in another unit of length.

        size   µm, largest coordinate of the control volumes
        reach  µm, that of the points of the model
        """
        return ""
