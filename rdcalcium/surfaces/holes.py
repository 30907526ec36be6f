"""Holes of a surface: small ones are filled, and a surface with a large one is open, which is no terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import nanometres, places

SMALL = 0.01  # of the area of the surface: a disc of the perimeter of a hole that is smaller is filled
ALL = 0.05  # of the area, that all holes together may have


def filled(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface without its small holes, each closed by triangles round the middle of its rim.

    InputError for holes too large to guess what was there.
    """
    edges = edges_of(triangles.faces)
    rim = edges.count[edges.sides] == 1  # (m, 3)
    if not rim.any():
        return triangles, []
    which, side = np.nonzero(rim)
    start, end = triangles.faces[which, side], triangles.faces[which, (side + 1) % 3]
    loops = _loops(triangles, start, end, triangles.piece[which])
    around = [_perimeter(triangles.points[loop]) for loop, _ in loops]
    area = float(np.linalg.norm(triangles.doubled_areas(), axis=1).sum() / 2)
    shares = np.array(around) ** 2 / (4 * np.pi) / area
    middles = np.array([triangles.points[loop].mean(axis=0) for loop, _ in loops])
    largest = np.argsort(shares)[::-1]
    told = f"{len(loops)}, of perimeter {_listed([around[k] for k in largest])}, at {places(middles[largest])}"
    if shares.max() > SMALL or shares.sum() > ALL:
        raise InputError(
            f"the surface is open, and only holes below {100 * SMALL:g} % of its area are filled; holes: {told}; close "
            "it in the program that it comes from"
        )
    for (loop, piece), middle in zip(loops, middles, strict=True):
        triangles = _closed(triangles, loop, middle, piece)
    return triangles, [f"holes: {told}; filled"]


def _loops(triangles: Triangles, start: np.ndarray, end: np.ndarray, piece: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Corners round each hole, against the sides of the triangles there, and the piece that most of these are."""
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for a, b, of in zip(start.tolist(), end.tolist(), piece.tolist(), strict=True):
        neighbours.setdefault(a, []).append((b, of))
        neighbours.setdefault(b, []).append((a, of))
    crowded = [corner for corner, others in neighbours.items() if len(others) != 2]
    if crowded:
        raise InputError(f"holes meet in a corner, at {places(triangles.points[crowded])}: close them by hand")
    found, sides = [], {*zip(start.tolist(), end.tolist(), strict=True)}
    while neighbours:
        now = next(iter(neighbours))
        loop, pieces = [], []
        while now in neighbours:
            (one, of), (other, _) = neighbours.pop(now)
            loop.append(now)
            pieces.append(of)
            now = one if one in neighbours else other
        if (loop[0], loop[1]) in sides:  # a new triangle goes along the rim the other way
            loop.reverse()
        found.append((np.array(loop), int(np.bincount(pieces).argmax())))
    return found


def _closed(triangles: Triangles, loop: np.ndarray, middle: np.ndarray, piece: int) -> Triangles:
    """A fan of triangles from the middle of a rim; one alone where the rim has three corners."""
    if len(loop) == 3:
        points, more = triangles.points, loop[None]
    else:
        points = np.vstack([triangles.points, middle])
        more = np.stack([loop, np.roll(loop, -1), np.full(len(loop), len(triangles.points))], axis=1)
    return replace(
        triangles,
        points=points,
        faces=np.vstack([triangles.faces, more]),
        piece=np.append(triangles.piece, np.full(len(more), piece)),
    )


def _perimeter(points: np.ndarray) -> float:
    return float(np.linalg.norm(points - np.roll(points, -1, axis=0), axis=1).sum())


def _listed(lengths: list[float]) -> str:
    return ", ".join(nanometres(length, 3) for length in lengths[:3]) + (" …" if len(lengths) > 3 else "")
