"""Terminals whose control volumes were made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.cells import Grid, Tetrahedra
from rdcalcium.model.file_units import FITTING, LengthUnit, fitting_unit
from rdcalcium.model.quantity import PositiveLength
from rdcalcium.model.shapes.mirrored import AXES, Mirrored
from rdcalcium.units import parse


class MeshFile(Mirrored):
    """A tetrahedral mesh made elsewhere; its whole surface reflects calcium and buffers.

    With `symmetry` it is the half of a terminal at x >= 0, and its faces at x = 0 are the mirror plane and no membrane;
    `rdcalcium mesh` writes such meshes of models that have mirror planes.
    """

    brings_cells: ClassVar[bool] = True

    kind: Literal["mesh"] = "mesh"
    file: str
    """Path of the mesh, from the model file on; the suffix says the format. [meshes.md](meshes.md) has the formats."""
    length_unit: LengthUnit | None = None
    """Unit of the coordinates in the file, which holds numbers alone: nothing but this says what they mean; none: it
    must be said, and the error suggests the one that would suit the points of the model."""
    membrane: str = "membrane"
    """Named surface of the file on which channels sit; faces that no name of the file covers are "membrane"."""

    periodic: dict[Literal["x", "y"], PositiveLength] = Field(default_factory=dict)
    """Axes along which the mesh is one tile of many, each with its length there: what leaves at one end enters at the
    other. The faces of both ends have to match, as in meshes that `rdcalcium mesh` writes of such a box; none: it ends
    on all sides."""

    @property
    def periods(self) -> dict[int, float]:
        """The lengths of a tile."""
        return {AXES.index(letter): length for letter, length in sorted(self.periodic.items())}

    @property
    def membrane_surface(self) -> str:
        """As the model says."""
        return self.membrane

    @model_validator(mode="after")
    def _ends_are_no_mirrors(self) -> Self:
        if twice := sorted({*self.periodic} & {*self.symmetry}):
            raise ValueError(f"{twice[0]} is among both symmetry and periodic; leave it out of one of them")
        return self

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
        if sizes := choice.model_fields_set - {"kind", "monotone"}:
            raise ValueError(
                f"a mesh file has tetrahedra of its own size: leave out {', '.join(sorted(sizes))} of [discretization]"
            )

    def wrong_unit(self, size: float, reach: float) -> str:
        """The unit in which the mesh would fit the points, if it hardly does in its own."""
        if not self.length_unit or not reach or FITTING[0] < size / reach < FITTING[1]:
            return ""
        written = size / parse(f"1 {self.length_unit}", "length")
        return (
            f". The coordinates of the mesh go to {size:.3g} um, read in {self.length_unit}, and those of the model to "
            f'{reach:.3g} um: should it say length_unit = "{fitting_unit(written, reach)}"?'
        )
