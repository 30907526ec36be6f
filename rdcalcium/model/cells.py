"""How large control volumes are, and of which kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveLength, Quantity

STEEPEST = 2.0  # growth, above which a grid says little between one cell and the next
SLOPE = 0.4  # growth up to which tetrahedra are made that are wider


class Grid(Part):
    """A rectilinear grid, fine around the channels and sensors and growing towards the bulk.

    A probe is resolved like them if it is within 100 nm of one, or if there is none; calcium at any other is
    interpolated between the wider cells around it, whose size `rdcalcium check` says.

    There is no key for fine cells at a surface by its name: far from channels and sensors they are as wide as
    `size_in_bulk`.

    Curved membranes, those of vesicles too, go through cells, of which the parts in the cytosol count; the membrane of
    a lumen of a store follows the faces of cells.
    """

    kind: Literal["grid"] = "grid"
    size_at_active_zone: Annotated[
        tuple[PositiveLength, PositiveLength, PositiveLength],
        BeforeValidator(lambda size: size if isinstance(size, list | tuple) else (size,) * 3),
    ]
    """Cell width near channels and sensors along x, y and z; one number stands for all three."""
    size_in_bulk: PositiveLength | None = None
    """Largest cell width; none: the grid is uniform."""
    growth: Annotated[float, Quantity("number", gt=1, le=STEEPEST)] = 1.2
    """Ratio of neighbouring cell widths outside the fine part."""
    margin: Annotated[float, Quantity("length", ge=0)] = 0.02
    """How far the fine part reaches beyond the channels and sensors, and the probes near them."""

    def scaled(self, factor: float) -> Grid:
        """The same grid with every cell width multiplied by a factor."""
        s = tuple(factor * x for x in self.size_at_active_zone)
        bulk = None if self.size_in_bulk is None else factor * self.size_in_bulk
        growth = self.growth if self.size_in_bulk is None else min(self.growth**factor, STEEPEST)
        return self.model_copy(update={"size_at_active_zone": s, "size_in_bulk": bulk, "growth": growth})

    def as_tetrahedra(self) -> Tetrahedra:
        """Tetrahedra whose edges are as long as these cells are wide, near the channels where they are widest."""
        widest = max(self.size_at_active_zone)
        return Tetrahedra(size_at_active_zone=widest, size_in_bulk=self.size_in_bulk or widest)


class Tetrahedra(Part):
    """Tetrahedra that follow curved surfaces, fine around the channels and sensors.

    They are fine all over active zones, those of the model, with channels or without, and what lies between channels
    within 100 nm of each other. At a round surface edges are at most three tenths of its radius. Across a thin lobe or
    axon, and across a gap between obstacles, or between one and a wall, there are three control volumes or more, but no
    edge is shorter than `size_at_active_zone` for it, unless the gap itself is narrower: then one edge goes across, if
    that is more than 5 nm.

    Those of a mesh file are taken as they are: there nothing may be said of sizes.
    """

    kind: Literal["tetrahedra"] = "tetrahedra"
    size_at_active_zone: PositiveLength = 0.005
    """Typical edge length near channels, sensors and probes."""
    size_in_bulk: PositiveLength = 0.06
    """Typical edge length far from them: edges of Delaunay tetrahedra are 1.3 times as long on average, and the longest
    about twice, as `rdcalcium mesh` says."""
    growth: Annotated[float, Quantity("number", gt=0, le=1)] = 0.1
    """By how much edges are longer at a distance from where they are short, as a share of that distance."""
    size_at: dict[str, PositiveLength] = Field(default_factory=dict)
    """Typical edge length at surfaces by their names, of the membrane or of obstacles, such as
    `{ er = "15 nm", "docked.1" = "4 nm" }`; none: they are as fine as channels, sensors, curvature and gaps ask for."""
    monotone: bool = False
    """Whether negative couplings are left out. Then no concentration that diffuses leaves the range in which it began,
    as in nature; but beside the tetrahedra concerned fluxes are a little off, also in a straight slope."""

    def scaled(self, factor: float) -> Tetrahedra:
        """The same mesh with every edge length multiplied by a factor, but for those of round surfaces and gaps."""
        sizes = {name: factor * getattr(self, name) for name in ("size_at_active_zone", "size_in_bulk")}
        growth = min(factor * self.growth, max(self.growth, SLOPE))
        at = {name: factor * size for name, size in self.size_at.items()}
        return self.model_copy(update={**sizes, "size_at": at, "growth": growth})

    def as_tetrahedra(self) -> Tetrahedra:
        """These."""
        return self


DiscretizationChoice = Annotated[Grid | Tetrahedra, Field(discriminator="kind")]
