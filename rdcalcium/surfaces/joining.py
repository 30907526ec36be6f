"""Corners at one place made one, and triangles that are no sheet left out: what every file needs first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rdcalcium.surfaces.places import one_each
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import places

FILE_ROUNDING = 1e-6  # of the extent, by which coordinates may be off that a file keeps with seven digits


def joined(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """One corner for all at one place, each triangle once, none without area by its corners; what was done."""
    triangles = _one_corner_each(triangles)
    faces = np.sort(triangles.faces, axis=1)
    edge = (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2])
    remarks = [*told("triangles that are only an edge", triangles, edge, "left out")]
    triangles = kept(triangles, ~edge)
    first, _ = _distinct(np.sort(triangles.faces, axis=1))
    again = np.ones(len(triangles.faces), dtype=bool)
    again[first] = False
    remarks += told("triangles that are there twice", triangles, again, "left out")
    return kept(triangles, ~again), remarks


def _one_corner_each(triangles: Triangles) -> Triangles:
    points = triangles.points
    at, place = _distinct(points)
    known = points[at]
    first, new = one_each(known, FILE_ROUNDING)
    return kept(replace(triangles, points=known[first], faces=new[place][triangles.faces]))


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, c) that differ from each other, in their order: number of the first of each, and which one each is."""
    order = np.lexsort(rows.T[::-1])  # some times as fast as np.unique of rows
    new = np.append(True, (rows[order[1:]] != rows[order[:-1]]).any(axis=1))
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return order[new], place


def kept(triangles: Triangles, which: np.ndarray | None = None) -> Triangles:
    """Some of the triangles, and their corners."""
    rows = slice(None) if which is None else which
    used, faces = np.unique(triangles.faces[rows], return_inverse=True)
    return replace(triangles, points=triangles.points[used], faces=faces.reshape(-1, 3), piece=triangles.piece[rows])


def told(what: str, triangles: Triangles, which: np.ndarray, done: str) -> Iterator[str]:
    """A sentence on some triangles, if there are any: how many, where, and what was done."""
    if which.any():
        yield f"{what}: {which.sum()}, at {places(triangles.corners()[which].mean(axis=1))}; {done}"
