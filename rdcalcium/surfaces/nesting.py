"""Which closed sheets of a surface go round which others."""

from __future__ import annotations

import numpy as np

from rdcalcium.surfaces.edges import edges_of, sheets
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import figures, places


def surrounding(triangles: Triangles, sheet: np.ndarray, count: int) -> np.ndarray:
    """Whether a sheet (row) is within another one (column), (s, s): by the solid angle under which it sees that.

    sheet  (m,) to which each triangle belongs; those of one agree on their sides, whichever these are
    count  of sheets, none of which go through each other
    """
    around = np.zeros((count, count), dtype=bool)
    if count == 1:
        return around
    order, corners = np.argsort(sheet, kind="stable"), triangles.corners()
    own = np.split(order, np.cumsum(np.bincount(sheet, minlength=count))[:-1])
    low, high = (np.array([of(corners[rows], axis=(0, 1)) for rows in own]) for of in (np.min, np.max))
    at = [_corner(triangles, rows, sheet) for rows in own]
    for number in range(count):
        within = (low <= low[number]).all(axis=1) & (high >= high[number]).all(axis=1)
        within[number] = False
        for other in np.flatnonzero(within).tolist():
            around[number, other] = abs(solid_angles(corners[own[other]] - at[number]).sum()) > 2 * np.pi
    return around


def _corner(triangles: Triangles, rows: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """One of a sheet, (3,) µm, that is on no other sheet if there is such a one: sheets may touch at corners."""
    corners = np.unique(triangles.faces[rows])
    others = triangles.faces[sheet != sheet[rows[0]]]
    alone = corners[~np.isin(corners, others)]
    found: np.ndarray = triangles.points[alone[0] if len(alone) else corners[0]]
    return found


def without_inner(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface without sheets that are within others; what was done."""
    count, sheet = sheets(edges_of(triangles.faces))
    inner: np.ndarray = np.any(surrounding(triangles, sheet, count), axis=1)
    if not inner.any():
        return triangles, []
    made = kept(triangles, ~inner[sheet])
    middles = np.array([kept(triangles, sheet == k).points.mean(axis=0) for k in np.flatnonzero(inner)])
    return made, [
        f"closed sheets within others: {len(middles)}, around {places(middles)}; left out, for what is within an "
        f"obstacle is no cytosol: it takes {figures(made.volume())} um^3"
    ]


def solid_angles(corners: np.ndarray) -> np.ndarray:
    """Of triangles (m, 3, 3) as seen from the origin, (m,): van Oosterom & Strackee 1983, IEEE Trans Biomed Eng 30:125.

    tan(Ω / 2) = a·(b × c) / (abc + (a·b) c + (b·c) a + (c·a) b)
    """
    a, b, c = (corners[:, k] for k in range(3))
    u, v, w = (np.linalg.norm(corner, axis=1) for corner in (a, b, c))
    above = (a * np.cross(b, c)).sum(axis=1)
    below = u * v * w + (a * b).sum(axis=1) * w + (b * c).sum(axis=1) * u + (c * a).sum(axis=1) * v
    angles: np.ndarray = 2 * np.arctan2(above, below)
    return angles
