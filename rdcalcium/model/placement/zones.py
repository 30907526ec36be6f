"""Active zones: discs of the membrane, listed or placed at random."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Name, Part
from rdcalcium.model.placement.base import Distance, Seed
from rdcalcium.model.quantity import Factor, Length, PositiveLength, Quantity
from rdcalcium.model.shapes import Shape
from rdcalcium.solids import Place, normals
from rdcalcium.solids.base import place

PositiveArea = Annotated[float, Quantity("area", gt=0)]


class Zone(NamedTuple):
    """One active zone of a model whose places are known.

    name    such as "az0"
    centre  on the membrane, µm
    normal  of the membrane there, one long, into the cytosol; none: only its triangles tell
    radius  µm
    """

    name: str
    centre: Place
    normal: Place | None
    radius: float


class ActiveZones(Part):
    """Active zones of one kind: discs of the membrane, in which rules place channels, sensors and vesicles."""

    name: Name = "az"
    """They are called after it: az0, az1, …"""
    count: Annotated[int, Field(ge=1, strict=True)] | None = None
    """How many, at random on the computed part of the membrane, each in it as a whole; none: as many as `positions`."""
    positions: tuple[Annotated[tuple[Length, ...], Field(min_length=2, max_length=3)], ...] = ()
    """Of the centre of each: x and y, or x, y and z where the membrane is not the plane z = 0; none: at random."""
    on: str | None = None
    """Part of the terminal on whose membrane they are placed at random: "bouton", or an axon of it by its name; none:
    anywhere on the membrane."""
    spacing: Distance | None = None
    """Smallest distance between two centres, also to those of other entries; with 0 they may overlap; none: zones do
    not overlap."""
    radius: PositiveLength | None = None
    """Of each; none: it follows from the area."""
    area: PositiveArea | None = None
    """Of each; none: it follows from the radius."""
    cv: Factor | None = None
    """Standard deviation of radius, or area, over its mean: each is drawn from a log-normal distribution; none: all are
    alike."""
    radii: tuple[PositiveLength, ...] = ()
    """Of each at its position, where they differ; none: that of all is said."""
    seed: Seed | None = None
    """Of what is drawn; none: that of the run."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (self.count is None) == (not self.positions):
            raise ValueError(f"active zones {self.name!r}: say their count, or the positions of their centres")
        if self.on and self.positions:
            raise ValueError(f"active zones {self.name!r}: their positions say where they are; leave out on")
        sizes = [key for key in ("radius", "area", "radii") if getattr(self, key)]
        if len(sizes) != 1:
            raise ValueError(f"active zones {self.name!r}: say one of radius, area and radii")
        if self.radii and (len(self.radii) != len(self.positions) or self.cv):
            raise ValueError(
                f"active zones {self.name!r}: radii are of {len(self.radii)} zones at {len(self.positions)} positions; "
                "say one for each, and no cv"
            )
        return self

    @property
    def total(self) -> int:
        """How many there are."""
        return self.count or len(self.positions)

    @property
    def names(self) -> tuple[str, ...]:
        """Of each of them."""
        return tuple(f"{self.name}{i}" for i in range(self.total))

    @property
    def sizes(self) -> tuple[float, ...]:
        """Radius of each (µm), or the mean of those that are drawn."""
        alike = math.sqrt(self.area / math.pi) if self.area else self.radius or 0.0
        return self.radii or (alike,) * self.total

    @property
    def is_placed(self) -> bool:
        """Whether the centre and radius of each are known."""
        return bool(self.positions and (self.radii or not self.cv))

    def found_in(self, geometry: Shape) -> tuple[Zone, ...]:
        """Each zone, where the centre and radius of all are known."""
        centres = ((p[0], p[1], p[2] if len(p) == 3 else 0.0) for p in self.positions)
        rows = zip(self.names, centres, self.sizes, strict=True)
        return tuple(Zone(name, centre, inward(geometry, centre), radius) for name, centre, radius in rows)


def inward(geometry: Shape, point: Place) -> Place | None:
    """Normal of the membrane at a point of it, into the cytosol; None where only the triangles of a mesh tell."""
    if geometry.outline is None:
        return None
    if geometry.membrane_height is not None:
        return 0.0, 0.0, 1.0
    return place(normals(geometry.outline, np.array([point]))[0])
