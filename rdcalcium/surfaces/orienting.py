"""Normals that all point out of what a surface encloses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.errors import InputError
from rdcalcium.surfaces.edges import edges_of, neighbours, sheets
from rdcalcium.surfaces.nesting import surrounding
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import places


def oriented(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """Each closed sheet turned so that its normals point out of the terminal; a sheet within another is a cavity.

    InputError for a sheet with one side only, such as Klein's bottle.
    """
    edges = edges_of(triangles.faces)
    count, sheet = sheets(edges)
    turned = _alike(triangles, *neighbours(edges))
    agreed = _turned(triangles, turned)
    inwards = np.bincount(sheet, agreed.signed_volumes(), count) < 0
    cavity = surrounding(agreed, sheet, count).sum(axis=1) % 2 == 1
    turned ^= (inwards != cavity)[sheet]
    if not turned.any():
        return triangles, []
    at = f", at {places(triangles.corners()[turned].mean(axis=1))}" if not turned.all() else ""
    return _turned(triangles, turned), [f"inverted normals: {turned.sum()} of {len(turned)}{at}; turned"]


def _turned(triangles: Triangles, which: np.ndarray) -> Triangles:
    """Some of them as seen from the other side."""
    return replace(triangles, faces=np.where(which[:, None], triangles.faces[:, [0, 2, 1]], triangles.faces))


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
