"""What a microscope looks at: regions seen whole, and points, lines and planes on which it focuses."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Point, PositiveLength
from rdcalcium.model.region import Region
from rdcalcium.model.shapes import Place

Count = Annotated[int, Field(ge=1, le=4096, strict=True)]


class View(Part):
    """What every view says of itself.

    focused  whether it is seen through optics, else it is a region whose mean is taken
    scanned  whether its points are seen one after the other, for an equal share of the period each
    """

    focused: ClassVar[bool]
    scanned: ClassVar[bool] = False

    kind: str

    @property
    def corners(self) -> tuple[Place, Place] | None:
        """Lowest and highest corner of where it focuses, µm; None for a region."""
        return None

    @property
    def points(self) -> tuple[Place, ...]:
        """Where it focuses, one point after the other, µm; none for a region."""
        return ()

    @property
    def coordinates(self) -> dict[str, tuple[float, ...]]:
        """Dimensions of its image and the places along each, µm; the last one runs fastest over the points."""
        return {}


class Terminal(View):
    """The whole cytosol, whose mean is taken."""

    focused: ClassVar[bool] = False

    kind: Literal["terminal"] = "terminal"


class RegionView(View):
    """A part of the cytosol, whose mean is taken."""

    focused: ClassVar[bool] = False

    kind: Literal["region"] = "region"
    where: Region
    """Which part: near a surface, or inside a box, a sphere or an ellipsoid."""


class Focused(View):
    """Points on which a microscope focuses."""

    focused: ClassVar[bool] = True

    @property
    def corners(self) -> tuple[Place, Place]:
        """Of the box around its points."""
        x, y, z = zip(*self.points, strict=True)
        return (min(x), min(y), min(z)), (max(x), max(y), max(z))


class Spot(Focused):
    """One point."""

    kind: Literal["spot"] = "spot"
    position: Point
    """Of the focus: x, y, z."""

    @property
    def points(self) -> tuple[Place, ...]:
        """Its position."""
        return (self.position,)


class Line(Focused):
    """Points along a line, seen one after the other, over and over: a line scan.

    Each point has an equal share of the period `every`.
    """

    scanned: ClassVar[bool] = True

    kind: Literal["line"] = "line"
    start: Point
    """Position of the first point: x, y, z."""
    end: Point
    """Position of the last point."""
    points_along: Annotated[int, Field(ge=2, le=4096, strict=True)]
    """How many points there are, both ends included."""

    @property
    def points(self) -> tuple[Place, ...]:
        """Evenly from start to end."""
        shares = [i / (self.points_along - 1) for i in range(self.points_along)]
        return tuple(_between(self.start, self.end, share) for share in shares)

    @property
    def coordinates(self) -> dict[str, tuple[float, ...]]:
        """Distance of each point from the start."""
        return {"distance": tuple(math.dist(self.start, point) for point in self.points)}

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.start == self.end:
            raise ValueError(f'a line from {self.start} um to the same point has no length; a spot is kind = "spot"')
        return self


class Frame(Focused):
    """Pixels in a plane, all seen at once: the frames of a camera.

    Each pixel sees what the point spread function around its centre does.
    """

    kind: Literal["frame"] = "frame"
    centre: Point
    """Of the frame: x, y, z."""
    pixels: tuple[Count, Count]
    """How many there are along the first and the second axis of the plane."""
    pixel_size: PositiveLength
    """Distance of neighbouring pixels, in the terminal."""
    plane: Literal["xy", "xz", "yz"] = "xy"
    """Axes along which the pixels lie; the optical axis is always z."""

    @property
    def corners(self) -> tuple[Place, Place]:
        """Its first and its last pixel."""
        first, second = self._along
        return self._placed(first[0], second[0]), self._placed(first[-1], second[-1])

    @property
    def coordinates(self) -> dict[str, tuple[float, ...]]:
        """Places along the second axis, which are the rows of a picture, then along the first."""
        first, second = self._along
        return {self.plane[1]: second, self.plane[0]: first}

    @property
    def points(self) -> tuple[Place, ...]:
        """Row by row."""
        first, second = self._along
        return tuple(self._placed(a, b) for b in second for a in first)

    @property
    def _along(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Places along the first and the second axis."""
        axes = zip(self.plane, self.pixels, strict=True)
        first, second = (
            tuple(self.centre["xyz".index(axis)] + (i - (count - 1) / 2) * self.pixel_size for i in range(count))
            for axis, count in axes
        )
        return first, second

    def _placed(self, first: float, second: float) -> Place:
        place = dict(zip("xyz", self.centre, strict=True)) | {self.plane[0]: first, self.plane[1]: second}
        return place["x"], place["y"], place["z"]


AnyView = Annotated[Terminal | RegionView | Spot | Line | Frame, Field(discriminator="kind")]


def _between(start: Place, end: Place, share: float) -> Place:
    x, y, z = (a + share * (b - a) for a, b in zip(start, end, strict=True))
    return x, y, z
