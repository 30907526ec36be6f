"""Bodies of any form as pictures show them: their surface in triangles, and their silhouette from above."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.solids import Joined, Solid, onto_surface, slopes

if TYPE_CHECKING:
    import pyvista

SAMPLES = 200_000  # points at which the depth of a body is taken
DEPTH = "depth"


def surface_of(body: Solid) -> pyvista.PolyData:
    """Its surface, smooth: the points of the contour of its depth are moved onto it, and its normals are those there.

    Of bodies that are joined each has its own raster, so that a long thin one is as round as a short one.
    """
    if not isinstance(body, Joined):
        return _contour(body)
    pieces = []
    for part in body.parts:
        piece = surface_of(part)
        others = Joined(tuple(other for other in body.parts if other is not part))
        piece.point_data[DEPTH] = others.depth(piece.points)
        pieces.append(piece.clip_scalar(scalars=DEPTH, value=0.0))
    first, *more = pieces
    return first.append_polydata(*more) if more else first


def _contour(body: Solid) -> pyvista.PolyData:
    import pyvista

    axes = _raster(body)
    image = pyvista.ImageData(
        dimensions=[len(axis) for axis in axes],
        spacing=[axis[1] - axis[0] for axis in axes],
        origin=[axis[0] for axis in axes],
    )
    image.point_data[DEPTH] = body.depth(image.points)
    surface = image.contour([0.0], scalars=DEPTH)
    surface.clear_data()
    surface.points = onto_surface(body, surface.points.astype(float), rounds=3)
    surface.point_data.active_normals = -slopes(body, surface.points)
    return surface


def silhouette(body: Solid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates x and y (µm) of a raster, and how deep a body is over each point of it at most, (ny, nx) µm.

    Where that is 0 is the outline of the body from above.
    """
    x, y, z = _raster(body)
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1)
    return x, y, body.depth(points.reshape(-1, 3)).reshape(points.shape[:3]).max(axis=2).T


def _raster(body: Solid) -> list[np.ndarray]:
    """Coordinates along x, y and z, evenly spaced, to a point beyond the body on all sides."""
    low, high = np.array(body.bounds)
    spacing = np.cbrt((high - low).prod() / SAMPLES)
    counts = np.ceil((high - low) / spacing).astype(int) + 1
    return [np.linspace(a - spacing, b + spacing, n + 2) for a, b, n in zip(low, high, counts, strict=True)]
