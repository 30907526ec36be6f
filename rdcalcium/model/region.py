"""Parts of the cytosol: what is near a surface, or inside a box, a sphere or an ellipsoid."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength


class Distance(Protocol):
    """How far points are from a surface."""

    def __call__(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """Distance of points (p, 3) from a surface of this name, (p,) µm; beyond `upto` anything above that."""


class Inside(Protocol):
    """What has an inside."""

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep points (p, 3) lie inside, (p,) µm; negative outside, and nowhere steeper than distance itself."""


class Layer(Part):
    """The cytosol near a surface."""

    kind: Literal["layer"] = "layer"
    within: PositiveLength
    """Distance from the surface up to which it reaches."""
    of: str = "membrane"
    """Name of the surface: one of the terminal, `vesicles` for those of all obstacles, the name of some, or of a single
    one such as "vesicle.3", of an active zone, or of all zones of an entry."""

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep points (p, 3) lie inside, (p,) µm; negative outside, and nowhere steeper than distance itself."""
        return self.within - distance(points, self.of, self.within)


class BoxRegion(Part):
    """The cytosol inside a box with sides along x, y and z."""

    kind: Literal["box"] = "box"
    low: Point
    """Its lowest corner: x, y, z."""
    high: Point
    """Its highest corner."""

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep points lie inside, as for a layer."""
        return np.minimum(points - np.array(self.low), np.array(self.high) - points).min(axis=-1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not all(low < high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError("the box of `where` is empty: each coordinate of `low` must be below that of `high`")
        return self


class SphereRegion(Part):
    """The cytosol inside a sphere."""

    kind: Literal["sphere"] = "sphere"
    centre: Point
    """Its centre: x, y, z."""
    radius: PositiveLength
    """Its radius."""

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """How deep points lie inside, as for a layer."""
        return self.radius - np.linalg.norm(points - np.array(self.centre), axis=-1)


class EllipsoidRegion(Part):
    """The cytosol inside an ellipsoid with axes along x, y and z."""

    kind: Literal["ellipsoid"] = "ellipsoid"
    centre: Point
    """Its centre: x, y, z."""
    semi_axes: tuple[PositiveLength, PositiveLength, PositiveLength]
    """Half of its extent along x, y and z."""

    def inside(self, points: np.ndarray, distance: Distance) -> np.ndarray:
        """At most how deep points lie inside; the sign is exact."""
        away = np.linalg.norm((points - np.array(self.centre)) / np.array(self.semi_axes), axis=-1)
        return min(self.semi_axes) * (1 - away)


class MeshRegion(Part):
    """A part of a mesh that its file names."""

    kind: Literal["region"] = "region"
    name: str
    """Its name there, such as that of a physical volume of Gmsh."""


class LumenRegion(Part):
    """The lumen of a store that has control volumes of its own. All other parts are of the cytosol alone."""

    kind: Literal["lumen"] = "lumen"
    of: str
    """Name of the store."""


Region = Annotated[
    Layer | BoxRegion | SphereRegion | EllipsoidRegion | MeshRegion | LumenRegion, Field(discriminator="kind")
]
