"""Terminals whose membrane is a closed surface from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.file_units import LengthUnit, fitting_unit
from rdcalcium.model.shapes.base import Place
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.triangulated import Triangulated
from rdcalcium.solids import Corners, Surface
from rdcalcium.solids.base import place
from rdcalcium.surfaces import ClosedSurface, Wish, closed_surface
from rdcalcium.surfaces.curved import are_on
from rdcalcium.surfaces.distance import Distances, Near
from rdcalcium.surfaces.reading import read_triangles
from rdcalcium.units import SAME_PLACE

USUAL = 1.0  # µm, what a presynaptic terminal is wide
BEYOND = 1e-3  # of the extent of a surface, by which a grid goes beyond it


class SurfaceFile(Triangulated, Described):
    """What a closed surface of triangles encloses, as reconstructions from electron micrographs are.

    Small holes are filled and normals turned outwards; what is open, or goes through itself, is refused with the place.
    `rdcalcium check` says what was done.
    """

    kind: Literal["surface"] = "surface"
    file: str
    """Path of an STL, OBJ or PLY file, from the model file on. The solids of an STL, or the materials, else the groups,
    else the objects of an OBJ, are the names of pieces of the surface; one name alone, or none, is "membrane"."""
    length_unit: LengthUnit | None = None
    """Unit of the coordinates in the file, which holds numbers alone; none: refused, with a unit that would suit."""
    membrane: str = "membrane"
    """The piece of the surface on which channels sit."""

    @property
    def closed(self) -> ClosedSurface:
        """The surface, mended, smoothed and simplified."""
        wish = Wish(smoothing=self.smoothing, simplification=self.simplification, mirrors=tuple(self.mirrors))
        return closed_surface(self.file, self.length_unit or "um", wish)

    @property
    def outline(self) -> Surface:
        """What it encloses."""
        return Surface(self.closed)

    @property
    def membrane_surface(self) -> str:
        """As the model says."""
        return self.membrane

    @property
    def files(self) -> tuple[str, ...]:
        """The surface, and those of its obstacles."""
        return (self.file, *super().files)

    def with_files(self, names: Mapping[str, str]) -> Self:
        """The surfaces under their other names."""
        return super().with_files(names).model_copy(update={"file": names.get(self.file, self.file)})

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was wrong with it and with its obstacles, and what was done."""
        return (*self.closed.remarks, *super().remarks)

    def areas_of_file(self) -> dict[str, float]:
        """In the whole terminal; a triangle is where its middle is."""
        triangles = self.closed.triangles
        middles, areas = triangles.corners().mean(axis=1), triangles.areas_of_each()
        areas[(middles[:, list(self.mirrors)] < 0).any(axis=1)] = 0.0
        for obstacle in self.standing:
            low, high = obstacle.solid.bounds
            near = np.flatnonzero(((middles > low) & (middles < high)).all(axis=1))
            areas[near[obstacle.solid.depth(middles[near]) > 0]] = 0.0
        whole = self.copies * np.bincount(triangles.piece, areas, len(triangles.pieces))
        return dict(zip(triangles.pieces, whole.tolist(), strict=True))

    @property
    def corners(self) -> Corners:
        """A little beyond its triangles: a flat piece of membrane is no face of a grid, which has a name of its own."""
        low, high = np.array(self.outline.bounds)
        beyond = BEYOND * (high - low).max()
        return place(low - beyond), place(high + beyond)

    def simplified(self, within: float) -> Self:
        """Its obstacles too."""
        return Described.simplified(super().simplified(within), within)

    def extents(self) -> Iterator[tuple[str, float]]:
        """Its three."""
        for letter, low, high in zip("xyz", *self.outline.bounds, strict=True):
            yield f"the extent of {Path(self.file).name} along {letter}", high - low

    def require_inside(self, name: str, point: Place) -> None:
        """Inside, or as little outside as a curved membrane is off its triangles."""
        if not _meant(self.closed.distances, point) or any(obstacle.contains(point) for obstacle in self.obstacles):
            super().require_inside(name, point)

    def nearest_on_membrane(self, point: Place) -> Place:
        """Of the piece on which channels sit; the point itself, if it is no further off than a curved membrane is."""
        triangles = self.closed.triangles
        if self.membrane not in triangles.pieces:
            raise ValueError(
                f"{Path(self.file).name} has no piece called {self.membrane!r}, where channels sit; "
                f"{suggest(self.membrane, triangles.pieces, intro='it has')}: say membrane = …"
            )
        piece = self.closed.piece(self.membrane)
        return point if _meant(piece, point) else piece.foot(point)

    def put_on(self, points: np.ndarray, from_within: bool = True) -> np.ndarray:
        """The nearest points of the surface, of those that are as near to it as a curved membrane is.

        What is on a mirror plane stays there, and nothing gets beyond one.
        """
        if not len(points):
            return points
        near = self.closed.distances.nearest(points)
        put = _are_meant(self.closed.distances, points, near) & (from_within | (near.side < 0))
        found = np.where(put[:, None], near.foot, points)
        for axis, plane in self.mirrors.items():
            on = np.abs(points[:, axis] - plane) < SAME_PLACE
            found[:, axis] = np.where(on, plane, np.maximum(found[:, axis], plane))
        return found

    @model_validator(mode="after")
    def _unit_is_said(self) -> Self:
        if self.length_unit is None:
            size = float(np.ptp(read_triangles(Path(self.file)).points, axis=0).max())
            unit = fitting_unit(size, USUAL / 10)
            raise ValueError(
                f"geometry.length_unit is missing: {Path(self.file).name} holds numbers alone, which go over "
                f'{size:.4g} of some unit; "{unit}" would make a terminal of about {USUAL:g} um of it: write '
                f'length_unit = "{unit}" if that is so'
            )
        assert self.closed  # what cannot be mended is refused here
        return self

    @model_validator(mode="after")
    def _halves_are_alike(self) -> Self:
        return self  # for one of them is the image of the other; smoothed, to rounding


def _meant(surface: Distances, point: Place) -> bool:
    """Whether a point (µm) lies on a surface, or as near to it as a curved membrane is to its triangles."""
    return bool(_are_meant(surface, np.array([point]), surface.nearest(np.array([point])))[0])


def _are_meant(surface: Distances, points: np.ndarray, near: Near) -> np.ndarray:
    """The same of several points (p, 3) µm by what is nearest to them, (p,)."""
    triangles = surface.triangles
    return are_on(points, near.foot, triangles.points[triangles.faces[near.triangle]])
