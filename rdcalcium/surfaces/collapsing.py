"""Edges of a surface that are too short, drawn together into one of their ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.triangles import Triangles, unit_rows

TURN = 0.7  # cosine of the angle by which a triangle may turn


def collapsed(triangles: Triangles, shortest: np.ndarray, held: np.ndarray) -> Triangles:
    """The surface without edges that are shorter than wanted at both ends, the shortest first.

    An edge stays whose collapse would pinch the surface, that is whose ends have more than two neighbours in common,
    and one that would turn a triangle.

    shortest  (n,) µm, at each corner
    held      (n,) corners that stay
    """
    points, ends = triangles.points, edges_of(triangles.faces).ends
    length = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1)
    short = np.flatnonzero(length < shortest[ends].min(axis=1))
    around: dict[int, set[int]] = {}
    near = np.isin(triangles.faces, ends[short]).any(axis=1)
    for number in np.flatnonzero(near).tolist():
        for corner in triangles.faces[number].tolist():
            around.setdefault(corner, set()).add(number)
    faces = triangles.faces.copy()
    gone: set[int] = set()
    for a, b in ends[short[np.argsort(length[short])]].tolist():
        lost, left = (b, a) if held[a] else (a, b)
        if not held[lost] and a in around and b in around:
            gone |= _drawn(points, faces, around, lost, left)
    return kept(replace(triangles, faces=faces), ~np.isin(np.arange(len(faces)), [*gone]))


def _drawn(points: np.ndarray, faces: np.ndarray, around: dict[int, set[int]], lost: int, left: int) -> set[int]:
    """Draw one corner into another, if that can be; triangles that are gone."""
    own, both = around[lost], around[lost] & around[left]
    beside = [set(faces[list(around[corner])].ravel().tolist()) for corner in (lost, left)]
    if len(both) != 2 or len(beside[0] & beside[1]) != 4:  # themselves, and a corner on either side
        return set()
    turned = list(own - both)
    before = faces[turned]
    after = np.where(before == lost, left, before)
    old, new = (_normals(points[rows]) for rows in (before, after))
    if ((old * new).sum(axis=1) < TURN).any():
        return set()
    faces[turned] = after
    for number in both:
        for corner in faces[number].tolist():
            around.get(corner, set()).discard(number)
    around[left] |= set(turned)
    del around[lost]
    return both


def _normals(corners: np.ndarray) -> np.ndarray:
    a, b, c = (corners[:, k] for k in range(3))
    return unit_rows(np.cross(b - a, c - a))
