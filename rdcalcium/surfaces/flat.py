"""Triangles whose corners lie on a line: they have no normal that would tell the inside from the outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.joining import FILE_ROUNDING, kept, told
from rdcalcium.surfaces.triangles import Triangles


def without_loose_lines(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface without flat triangles that hang on it by their longest side alone; what was done."""
    flat = np.flatnonzero(_is_flat(triangles))
    edges = edges_of(triangles.faces)
    count = edges.count[edges.sides[flat]]
    longest = _longest(triangles, flat)
    hanging = (np.delete(count.ravel(), longest + 3 * np.arange(len(flat))).reshape(-1, 2) == 1).all(axis=1)
    loose = np.zeros(len(triangles.faces), dtype=bool)
    loose[flat[hanging]] = True
    return kept(triangles, ~loose), [*told("triangles whose corners lie on a line", triangles, loose, "left out")]


def without_lines(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface with no flat triangle between others; what was done.

    The one at its longest side is divided at the corner in between, whose two parts then take its place.
    """
    first, flat = triangles, _is_flat(triangles)
    before = flat
    while flat.any():
        made = _divided(triangles, np.flatnonzero(flat))
        if made is triangles:
            break
        triangles, flat = made, _is_flat(made)
    return triangles, [*told("triangles whose corners lie on a line", first, before, "the one beside divided there")]


def _divided(triangles: Triangles, flat: np.ndarray) -> Triangles:
    """Those beside flat ones divided, each once; the same object where none can be."""
    faces, edges = triangles.faces.copy(), edges_of(triangles.faces)
    known = {*map(tuple, edges.ends.tolist())}
    order = np.argsort(edges.sides.ravel(), kind="stable")
    start = np.cumsum(edges.count) - edges.count
    touched: set[int] = set()
    for one, side in zip(flat.tolist(), _longest(triangles, flat).tolist(), strict=True):
        edge = edges.sides[one, side]
        both = order[start[edge] : start[edge] + edges.count[edge]]
        if len(both) != 2:
            continue
        other, place = divmod(int(both[both // 3 != one][0]), 3)
        a, b, far = np.roll(triangles.faces[other], -place).tolist()
        between = int(triangles.faces[one, (side + 2) % 3])
        across = (min(between, far), max(between, far))
        if touched & {one, other} or across in known:
            continue
        faces[other], faces[one] = (a, between, far), (between, b, far)
        touched |= {one, other}
        known.add(across)
    return replace(triangles, faces=faces) if touched else triangles


def _sides(triangles: Triangles) -> np.ndarray:
    """Length of each side, from the first corner to the second and so on, (m, 3) µm."""
    corners = triangles.corners()
    sides: np.ndarray = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
    return sides


def _is_flat(triangles: Triangles) -> np.ndarray:
    """Whether the height over the longest side is none, (m,)."""
    doubled = np.linalg.norm(triangles.doubled_areas(), axis=1)
    flat: np.ndarray = doubled <= FILE_ROUNDING * triangles.extent() * _sides(triangles).max(axis=1)
    return flat


def _longest(triangles: Triangles, which: np.ndarray) -> np.ndarray:
    """Number of the longest side of some triangles."""
    longest: np.ndarray = _sides(triangles)[which].argmax(axis=1)
    return longest
