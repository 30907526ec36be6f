"""Where the cytosol is: the shape of the terminal and what stands in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength, Quantity

LengthUnit = Literal["nm", "um", "mm", "m"]


class Sphere(Part):
    """A solid sphere, such as a synaptic vesicle, that calcium has to go around."""

    kind: Literal["sphere"] = "sphere"
    name: str = "vesicle"
    """What messages and pictures call it."""
    centre: Point
    """Position of the centre: x, y, z."""
    radius: PositiveLength
    """Of the outside, membrane included."""

    def contains(self, point: tuple[float, float, float]) -> bool:
        """Whether a point (µm) is inside."""
        return sum((a - b) ** 2 for a, b in zip(point, self.centre, strict=True)) < self.radius**2


class Box(Part):
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
    def lower(self) -> tuple[float, float, float]:
        """Lowest corner of the computed part, µm."""
        return (
            0.0 if "x" in self.symmetry else -self.size[0] / 2,
            0.0 if "y" in self.symmetry else -self.size[1] / 2,
            0.0,
        )

    @property
    def upper(self) -> tuple[float, float, float]:
        """Highest corner of the computed part, µm."""
        return self.size[0] / 2, self.size[1] / 2, self.size[2]

    @property
    def copies(self) -> int:
        """How many computed parts make up the whole box."""
        return 2 ** len(set(self.symmetry))

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


class MeshFile(Part):
    """A tetrahedral mesh made elsewhere; its whole surface reflects calcium and buffers."""

    kind: Literal["mesh"] = "mesh"
    file: str
    """Path of a Gmsh, VTU, XDMF or Abaqus file, from the model file on."""
    length_unit: LengthUnit = "um"
    """Unit of the coordinates in the file, which holds numbers alone: nothing but this says what they mean."""
    membrane: str = "membrane"
    """Named surface of the file on which channels sit; faces that no name of the file covers are "membrane"."""


Geometry = Annotated[Box | MeshFile, Field(discriminator="kind")]


class Grid(Part):
    """A rectilinear grid, fine around the channels, sensors and probes and growing towards the bulk."""

    kind: Literal["grid"] = "grid"
    size_at_active_zone: Annotated[
        tuple[PositiveLength, PositiveLength, PositiveLength],
        BeforeValidator(lambda size: size if isinstance(size, list | tuple) else (size,) * 3),
    ]
    """Cell width near channels, sensors and probes along x, y and z; one number stands for all three."""
    size_in_bulk: PositiveLength | None = None
    """Largest cell width; none: the grid is uniform."""
    growth: Annotated[float, Quantity("number", gt=1, le=2)] = 1.2
    """Ratio of neighbouring cell widths outside the fine part."""
    margin: Annotated[float, Quantity("length", ge=0)] = 0.02
    """How far the fine part reaches beyond the channels, sensors and probes."""

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
