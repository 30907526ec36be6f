"""Surfaces of bodies of any form in triangles, as pictures in perspective show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.solids import Common, Corners, Joined, Solid, Surface, Without, onto_surface, slopes

if TYPE_CHECKING:
    import pyvista

SAMPLES = 200_000  # points at which the depth of a body is taken
DEPTH, NORMALS = "depth", "Normals"


def surface_of(body: Solid, within: Corners | None = None) -> pyvista.PolyData:
    """Its surface, smooth, with sharp edges where its parts meet; triangles and normals face outwards.

    Each part of a body that is made of others has a raster of its own, so that a long thin one is as round as a short
    one.

    within  corners of a box, µm, beyond which nothing has to be shown; none: all of it is
    """
    if isinstance(body, Joined):
        return _together(_kept(surface_of(p, within), Joined(_but(body.parts, p)), inside=False) for p in body.parts)
    if isinstance(body, Common):
        within = within or body.bounds
        return _together(_kept(surface_of(p, within), Common(_but(body.parts, p)), inside=True) for p in body.parts)
    if isinstance(body, Without):
        outer = _kept(surface_of(body.body, within), Joined(body.cut), inside=False)
        holes = (_kept(surface_of(c, within), Without(body.body, _but(body.cut, c)), inside=True) for c in body.cut)
        return _together([outer, *map(_inside_out, holes)])
    if isinstance(body, Surface):
        return _triangles(body)
    return _contour(body, within or body.bounds)


def part_of(surface: pyvista.PolyData, chosen: np.ndarray) -> pyvista.PolyData:
    """Some of its triangles, (m,), with the normals of their corners."""
    import pyvista

    if not chosen.any():
        return pyvista.PolyData()
    corners, faces = np.unique(surface.regular_faces[chosen], return_inverse=True)
    part = pyvista.PolyData.from_regular_faces(surface.points[corners], faces.reshape(-1, 3).astype(int))
    part.point_data[NORMALS] = surface.point_data[NORMALS][corners]
    return part


def _but(parts: tuple[Solid, ...], part: Solid) -> tuple[Solid, ...]:
    """All but one."""
    return tuple(other for other in parts if other is not part)


def _kept(surface: pyvista.PolyData, body: Joined | Common | Without, inside: bool) -> pyvista.PolyData:
    """What of a surface is in a body, or not in it; all of it where the body has no parts."""
    if not surface.n_points or not (isinstance(body, Without) or body.parts):
        return surface
    surface.point_data[DEPTH] = body.depth(np.asarray(surface.points, dtype=float))
    return surface.clip_scalar(scalars=DEPTH, value=0.0, invert=not inside)


def _inside_out(surface: pyvista.PolyData) -> pyvista.PolyData:
    if not surface.n_points:
        return surface
    turned = surface.flip_faces()
    turned.point_data[NORMALS] = -surface.point_data[NORMALS]
    return turned


def _together(pieces: Iterable[pyvista.PolyData]) -> pyvista.PolyData:
    first, *more = pieces
    return first.append_polydata(*more) if more else first


def _triangles(body: Surface) -> pyvista.PolyData:
    import pyvista

    triangles = body.surface.triangles
    return pyvista.PolyData.from_regular_faces(triangles.points, triangles.faces).compute_normals(
        cell_normals=False, split_vertices=False, consistent_normals=False
    )


def _contour(body: Solid, within: Corners) -> pyvista.PolyData:
    """The contour of its depth, whose points are moved onto the surface."""
    import pyvista

    axes = _raster(body, within)
    image = pyvista.ImageData(
        dimensions=[len(axis) for axis in axes],
        spacing=[axis[1] - axis[0] for axis in axes],
        origin=[axis[0] for axis in axes],
    )
    image.point_data[DEPTH] = body.depth(image.points)
    surface = image.contour([0.0], scalars=DEPTH)
    surface.clear_data()
    if surface.n_points:
        surface.points = onto_surface(body, surface.points.astype(float), rounds=3)
        surface.point_data[NORMALS] = -slopes(body, surface.points)
        surface.point_data.active_normals_name = NORMALS
    return surface


def _raster(body: Solid, within: Corners) -> list[np.ndarray]:
    """Coordinates along x, y and z, evenly spaced, to a point beyond the body, or a box, on all sides."""
    low, high = np.maximum(body.bounds[0], within[0]), np.minimum(body.bounds[1], within[1])
    size = np.maximum(high - low, 1e-3 * np.subtract(high, low).max())
    spacing = np.cbrt(size.prod() / SAMPLES)
    counts = np.ceil(size / spacing).astype(int) + 1
    return [np.linspace(a - spacing, b + spacing, n + 2) for a, b, n in zip(low, high, counts, strict=True)]
