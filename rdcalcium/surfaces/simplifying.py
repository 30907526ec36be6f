"""Surfaces of fewer triangles: marching cubes makes hundreds of thousands of them, most where all is nearly plane."""

from __future__ import annotations

import numpy as np

from rdcalcium.surfaces.crossing import crossings
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.edges import edges_of, sheets
from rdcalcium.surfaces.triangles import Triangles, named
from rdcalcium.units import nanometres

FEWEST = 4000  # triangles; so many are fast enough for whatever is done with them
LOOKED_AT = 20_000  # corners whose distance from the simpler surface is taken


def simplified(triangles: Triangles, within: float) -> tuple[Triangles, list[str]]:
    """The surface of as few triangles as leave it within a distance (µm) of its corners; what was done.

    Their number is halved as long as that is so, by the collapse of edges of least quadric error, which keeps volume
    (Garland & Heckbert 1997, SIGGRAPH, 209; Lindstrom & Turk 1998, IEEE Visualization, 279).
    """
    corners = triangles.points[:: max(len(triangles.points) // LOOKED_AT, 1)]
    made, away = triangles, np.zeros(1)
    while len(made.faces) > FEWEST:
        trial = _halved(made)
        off = Distances(trial).nearest(corners).distance
        if off.max() > within or not _is_as_sound(trial, triangles):
            break
        made, away = trial, off
    if made is triangles:
        return triangles, []
    return _with_pieces(made, triangles), [
        f"{len(triangles.faces):,} triangles made {len(made.faces):,}, which are off its corners by "
        f"{nanometres(np.sqrt((away**2).mean()), 2)} (root mean square), {nanometres(away.max(), 2)} at most"
    ]


def _halved(triangles: Triangles) -> Triangles:
    """Half as many triangles, by VTK."""
    import pyvista

    surface = pyvista.PolyData.from_regular_faces(triangles.points, triangles.faces)
    found = surface.decimate(0.5, volume_preservation=True)
    return named(np.asarray(found.points, dtype=float), found.regular_faces)


def _is_as_sound(made: Triangles, old: Triangles) -> bool:
    """Whether every edge has two triangles, no sheet is lost, and none go through each other."""
    edges = edges_of(made.faces)
    if (edges.count != 2).any() or sheets(edges)[0] != sheets(edges_of(old.faces))[0]:
        return False
    return not len(crossings(made))


def _with_pieces(made: Triangles, old: Triangles) -> Triangles:
    """Each triangle belongs to the piece that is nearest to its middle."""
    nearest = Distances(old).nearest(made.corners().mean(axis=1)).triangle
    return Triangles(made.points, made.faces, old.pieces, old.piece[nearest])
