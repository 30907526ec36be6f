"""Where the cytosol is: the shape of the terminal and what stands in it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength, Quantity
from rdcalcium.units import nanometres, nanometres_to, parse

LengthUnit = Literal["nm", "um", "mm", "m"]
Place = tuple[float, float, float]

OBSTACLES = "vesicles"  # the surface of all obstacles together
FITTING = (1 / 3, 300)  # largest coordinate of a file over that of the model's points, unless its unit is wrong


class Sphere(Part):
    """A solid sphere, such as a synaptic vesicle, that calcium has to go around."""

    kind: Literal["sphere"] = "sphere"
    name: str = "vesicle"
    """What messages and pictures call it, and its surface; not what a wall is called. Several may share it."""
    centre: Point
    """Position of the centre: x, y, z."""
    radius: PositiveLength
    """Of the outside, membrane included."""

    def contains(self, point: Place) -> bool:
        """Whether a point (µm) is inside."""
        return sum((a - b) ** 2 for a, b in zip(point, self.centre, strict=True)) < self.radius**2


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
    def mirrors(self) -> dict[int, float]:
        """Mirror planes: the axis that each is normal to, and where it is, µm."""
        return {}

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
    def solids(self) -> tuple[Sphere, ...]:
        """What stands in the cytosol."""
        return ()

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that it is read from; a run keeps copies of them.

        A path under the key `file` is taken from the model file on.
        """
        return ()

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The same shape, with other names for the same files: old -> new."""
        return self

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

    def wrong_unit(self, size: float, reach: float) -> str:
        """What to add to the complaint about a point, if the file was meant in another unit of length.

        size   µm, largest coordinate of the control volumes
        reach  µm, that of the points of the model
        """
        return ""


class Box(Shape):
    """A closed box: x and y are centred on 0, and z runs from the presynaptic membrane at 0 into the cytosol.

    All its walls, and those of the obstacles, reflect calcium and buffers.
    """

    kind: Literal["box"] = "box"
    size: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Extent of the whole box along x, y and z."""
    symmetry: tuple[Literal["x", "y"], ...] = ()
    """Mirror planes x = 0 or y = 0: only the positive half is computed. A channel on the plane keeps its own
    current, of which the computed half receives its share; none: the whole box is computed."""
    obstacles: tuple[Sphere, ...] = ()
    """What calcium has to go around, such as vesicles; none: nothing is in the way."""

    @property
    def bounds(self) -> tuple[Place, Place]:
        """Two corners."""
        x, y, z = self.size
        low_x, low_y = (0.0 if a in self.mirrors else -self.size[a] / 2 for a in range(2))
        return (low_x, low_y, 0.0), (x / 2, y / 2, z)

    @property
    def mirrors(self) -> dict[int, float]:
        """Those of its `symmetry`."""
        return {"xy".index(letter): 0.0 for letter in self.symmetry}

    @property
    def walls(self) -> Mapping[str, tuple[int, int]]:
        """All six, of which the floor is the membrane."""
        x, y = ({f"{letter}_min": (axis, 0), f"{letter}_max": (axis, 1)} for axis, letter in enumerate("xy"))
        return {**x, **y, self.membrane_surface: (2, 0), "z_max": (2, 1)}

    @property
    def mirror_surfaces(self) -> tuple[str, ...]:
        """The lower ends of what is computed."""
        return tuple(f"{letter}_min" for letter in self.symmetry)

    @property
    def membrane_height(self) -> float:
        """Its floor."""
        return 0.0

    @property
    def solids(self) -> tuple[Sphere, ...]:
        """Its obstacles."""
        return self.obstacles

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its three sides."""
        yield from (("a side of the box", side) for side in self.size)

    @property
    def hollow(self) -> frozenset[str]:
        """Its obstacles."""
        return frozenset(sphere.name for sphere in self.obstacles)

    def is_in(self, parts: Collection[str], point: Place) -> bool:
        """In an obstacle of such a name."""
        return any(sphere.name in parts and sphere.contains(point) for sphere in self.obstacles)

    def require_inside(self, name: str, point: Place) -> None:
        """A point is between the walls, and in no obstacle."""
        for letter, x, low, high, side in zip("xyz", point, *self.bounds, self.size, strict=True):
            slack = 1e-9 * side
            if x < -slack and letter in self.symmetry:
                raise ValueError(
                    f'{name} is at {nanometres(point)}, but symmetry = ["{letter}"] computes only {letter} >= 0: '
                    "leave the mirror images out"
                )
            if not low - slack <= x <= high + slack:
                raise ValueError(
                    f"{name} at {nanometres(point)} is outside the terminal, whose {letter} goes from "
                    + nanometres_to(low, high)
                )
        for i, sphere in enumerate(self.obstacles):
            if sphere.contains(point):
                raise ValueError(
                    f"{name} at {nanometres(point)} is inside obstacle {i + 1}, {sphere.name!r} at "
                    f"{nanometres(sphere.centre)} with radius {nanometres(sphere.radius)}"
                )

    def nearest_on_membrane(self, point: Place) -> Place:
        """Straight below, at z = 0."""
        return point[0], point[1], self.membrane_height

    @model_validator(mode="after")
    def _mirrors_once(self) -> Self:
        if len(set(self.symmetry)) < len(self.symmetry):
            raise ValueError(f"symmetry names the plane {self.symmetry[0]} = 0 twice; say it once")
        return self

    @model_validator(mode="after")
    def _surfaces_differ(self) -> Self:
        for i, name in enumerate(sphere.name for sphere in self.obstacles):
            if name in self.walls:
                raise ValueError(f"obstacle {i + 1} is called {name!r}, as a wall of the box is; give it another name")
        if OBSTACLES in self.hollow and len(self.hollow) > 1:
            other = min(self.hollow - {OBSTACLES})
            raise ValueError(
                f"an obstacle is called {OBSTACLES!r}, which stands for all of them, and another one {other!r}; "
                "give the first another name"
            )
        return self

    @model_validator(mode="after")
    def _mirrored_obstacles(self) -> Box:
        if self.symmetry:
            for axis, letter in enumerate("xy"):
                wrong = [s for s in self.obstacles if letter in self.symmetry and s.centre[axis] < 0]
                if wrong:
                    raise ValueError(
                        f"obstacle {wrong[0].name!r} lies at {letter} < 0, outside the computed half; "
                        f"place obstacles at {letter} >= 0, their mirror images follow"
                    )
        return self


class MeshFile(Shape):
    """A tetrahedral mesh made elsewhere; its whole surface reflects calcium and buffers."""

    brings_cells: ClassVar[bool] = True

    kind: Literal["mesh"] = "mesh"
    file: str
    """Path of a Gmsh, VTU, XDMF or Abaqus file, from the model file on."""
    length_unit: LengthUnit = "um"
    """Unit of the coordinates in the file, which holds numbers alone: nothing but this says what they mean."""
    membrane: str = "membrane"
    """Named surface of the file on which channels sit; faces that no name of the file covers are "membrane"."""

    @property
    def membrane_surface(self) -> str:
        """As the model says."""
        return self.membrane

    @property
    def hollow(self) -> None:
        """The file tells."""
        return

    @property
    def files(self) -> tuple[str, ...]:
        """The mesh."""
        return (self.file,)

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The mesh under its other name."""
        return self.model_copy(update={"file": names.get(self.file, self.file)})

    def allow(self, choice: Grid | Tetrahedra) -> None:
        """Its own tetrahedra alone, of whose sizes nothing may be said."""
        if not isinstance(choice, Tetrahedra):
            raise ValueError('a mesh file is solved on its own tetrahedra: set [discretization] kind = "tetrahedra"')
        if sizes := choice.model_fields_set - {"kind"}:
            raise ValueError(
                f"a mesh file has tetrahedra of its own size: leave out {', '.join(sorted(sizes))} of [discretization]"
            )

    def wrong_unit(self, size: float, reach: float) -> str:
        """The unit in which the mesh would fit the points, if it hardly does in its own."""
        if not reach or FITTING[0] < size / reach < FITTING[1]:
            return ""
        written = size / parse(f"1 {self.length_unit}", "length")
        sizes = {unit: written * parse(f"1 {unit}", "length") for unit in get_args(LengthUnit)}
        unit = min(sizes, key=lambda unit: abs(math.log(sizes[unit] / reach)))
        return (
            f". The coordinates of the mesh go to {size:.3g} um, read in {self.length_unit}, and those of the model to "
            f'{reach:.3g} um: should it say length_unit = "{unit}"?'
        )


Geometry = Annotated[Box | MeshFile, Field(discriminator="kind")]


class Grid(Part):
    """A rectilinear grid, fine around the channels and sensors and growing towards the bulk.

    A probe is resolved like them if it is within 100 nm of one, or if there is none; calcium at any other is
    interpolated between the wider cells around it, whose size `rdcalcium check` says.
    """

    kind: Literal["grid"] = "grid"
    size_at_active_zone: Annotated[
        tuple[PositiveLength, PositiveLength, PositiveLength],
        BeforeValidator(lambda size: size if isinstance(size, list | tuple) else (size,) * 3),
    ]
    """Cell width near channels and sensors along x, y and z; one number stands for all three."""
    size_in_bulk: PositiveLength | None = None
    """Largest cell width; none: the grid is uniform."""
    growth: Annotated[float, Quantity("number", gt=1, le=2)] = 1.2
    """Ratio of neighbouring cell widths outside the fine part."""
    margin: Annotated[float, Quantity("length", ge=0)] = 0.02
    """How far the fine part reaches beyond the channels and sensors, and the probes near them."""

    def scaled(self, factor: float) -> Grid:
        """The same grid with every cell width multiplied by a factor."""
        s = tuple(factor * x for x in self.size_at_active_zone)
        bulk = None if self.size_in_bulk is None else factor * self.size_in_bulk
        growth = self.growth if self.size_in_bulk is None else self.growth**factor
        return self.model_copy(update={"size_at_active_zone": s, "size_in_bulk": bulk, "growth": growth})


class Tetrahedra(Part):
    """Tetrahedra that follow curved surfaces, fine around the channels and sensors.

    Those of a mesh file are taken as they are: there the kind is all that may be said.
    """

    kind: Literal["tetrahedra"] = "tetrahedra"
    size_at_active_zone: PositiveLength = 0.005
    """Edge length near channels, sensors and probes."""
    size_in_bulk: PositiveLength = 0.06
    """Largest edge length."""

    def scaled(self, factor: float) -> Tetrahedra:
        """The same mesh with every edge length multiplied by a factor."""
        return Tetrahedra(
            size_at_active_zone=factor * self.size_at_active_zone, size_in_bulk=factor * self.size_in_bulk
        )


DiscretizationChoice = Annotated[Grid | Tetrahedra, Field(discriminator="kind")]
