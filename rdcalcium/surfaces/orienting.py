"""Normals that all point out of what a surface encloses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.errors import InputError
from rdcalcium.surfaces.edges import edges_of, neighbours, sheets
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import places


def oriented(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """Each closed sheet turned so that its normals point out of the terminal; a sheet within another is a cavity.

    InputError for a sheet with one side only, such as Klein's bottle.
    """
    edges = edges_of(triangles.faces)
    count, sheet = sheets(edges)
    turned = _alike(triangles, *neighbours(edges))
    volumes = triangles.signed_volumes() * np.where(turned, -1, 1)
    for number in range(count):
        own = sheet == number
        inwards, cavity = volumes[own].sum() < 0, _around(triangles, own, sheet, count) % 2 == 1
        if inwards != cavity:
            turned[own] ^= True
    if not turned.any():
        return triangles, []
    faces = np.where(turned[:, None], triangles.faces[:, [0, 2, 1]], triangles.faces)
    at = f", at {places(triangles.corners()[turned].mean(axis=1))}" if not turned.all() else ""
    return replace(triangles, faces=faces), [f"inverted normals: {turned.sum()} of {len(turned)}{at}; turned"]


def _alike(triangles: Triangles, pairs: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Which triangles have to be turned so that all of a sheet agree, (m,).

    Each triangle is taken twice, as it is and turned; neighbours that agree are joined in both copies, others
    crosswise. Then a sheet with two sides is two parts, of which one is chosen.

    pairs  (k, 2) neighbours
    same   (k,) whether both go along their common edge the same way, and so do not agree
    """
    size = len(triangles.faces)
    one, other = pairs.T
    rows = np.concatenate([one, one + size])
    columns = np.concatenate([other + size * same, other + size * ~same])
    graph = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(2 * size, 2 * size))
    _, part = connected_components(graph, directed=False)
    if (part[:size] == part[size:]).any():
        at = triangles.corners()[part[:size] == part[size:]].mean(axis=1)
        raise InputError(f"it has one side only, as Moebius's strip has, around {places(at[:1])}: it encloses nothing")
    _, sheet = connected_components(coo_array((same + 1, (one, other)), shape=(size, size)), directed=False)
    first = np.unique(sheet, return_index=True)[1]
    turned: np.ndarray = part[:size] != part[first][sheet]
    return turned


def _around(triangles: Triangles, own: np.ndarray, sheet: np.ndarray, count: int) -> int:
    """How many other sheets go round one, by the solid angles under which its first corner sees them."""
    if count == 1:
        return 0
    point = triangles.points[triangles.faces[np.argmax(own), 0]]
    angles = np.bincount(sheet, solid_angles(triangles.corners() - point), count)
    angles[sheet[np.argmax(own)]] = 0.0
    return int((np.abs(angles) > 2 * np.pi).sum())


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
