"""Holes of a surface: small ones are filled, and a surface with a large one is open, which is no terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.edges import edges_of, sheets
from rdcalcium.surfaces.joining import FILE_ROUNDING, kept, told
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import nanometres, places

SMALL = 0.01  # of the area of a sheet: a hole is filled if a disc of its perimeter is smaller, or if it is a slit
ALL = 0.05  # of the area of a sheet, that all its holes together may have
DEBRIS = 0.01  # of the area of the surface, below which an open sheet beside it is left out


def without_debris(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface without small open sheets beside it, such as a triangle left somewhere by itself; what was done."""
    edges = edges_of(triangles.faces)
    count, sheet = sheets(edges)
    which, side = np.nonzero(edges.count[edges.sides] == 1)
    rim = triangles.points[triangles.faces[which, (side + 1) % 3]] - triangles.points[triangles.faces[which, side]]
    perimeter = np.bincount(sheet[which], np.linalg.norm(rim, axis=1), count)
    area = np.bincount(sheet, triangles.areas_of_each(), count)
    left = (perimeter**2 / (4 * np.pi) > SMALL * area) & (area < DEBRIS * area.sum())
    if not left.any():
        return triangles, []
    said = f"triangles of open sheets by themselves, each below {100 * DEBRIS:g} % of the area"
    return kept(triangles, ~left[sheet]), [*told(said, triangles, left[sheet], "left out")]


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
    count, sheet = sheets(edges)
    of = sheet[_one_of(triangles, np.array([loop[0] for loop, _ in loops]))]
    sizes = [_size(triangles.points[loop], FILE_ROUNDING * triangles.extent()) for loop, _ in loops]
    shares = np.array(sizes) / np.bincount(sheet, triangles.areas_of_each(), count)[of]
    middles = np.array([triangles.points[loop].mean(axis=0) for loop, _ in loops])
    largest = np.argsort(shares)[::-1]
    said = f"{len(loops)}, of perimeter {_listed([around[k] for k in largest])}, at {places(middles[largest])}"
    if shares.max() > SMALL or np.bincount(of, shares).max() > ALL:
        raise InputError(
            f"the surface is open, and only holes below {100 * SMALL:g} % of its area, {100 * ALL:g} % together, are "
            f"filled; holes: {said}; close it in the program that it comes from"
        )
    for (loop, piece), size in zip(loops, sizes, strict=True):
        triangles = _closed(triangles, loop, piece, slit=size == 0)
    return triangles, [f"holes: {said}; filled"]


def _loops(triangles: Triangles, start: np.ndarray, end: np.ndarray, piece: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Corners round each hole, against the sides of the triangles there, and the piece that most of these are.

    Holes that meet in a corner are told apart, for no corner comes twice round one of them.
    """
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for a, b, of in zip(start.tolist(), end.tolist(), piece.tolist(), strict=True):
        neighbours.setdefault(a, []).append((b, of))
        neighbours.setdefault(b, []).append((a, of))
    found, sides = [], {*zip(start.tolist(), end.tolist(), strict=True)}
    while neighbours:
        way, pieces = [next(iter(neighbours))], list[int]()
        place = {way[0]: 0}
        while way[-1] in neighbours:
            now = way[-1]
            other, of = neighbours[now].pop()
            neighbours[other].remove((now, of))
            for corner in (now, other):
                if not neighbours[corner]:
                    del neighbours[corner]
            pieces.append(of)
            if other not in place:
                place[other] = len(way)
                way.append(other)
                continue
            first = place[other]  # the way has come round a hole, which may meet others in this corner
            loop = way[first:]
            if (loop[0], loop[1]) in sides:  # a new triangle goes along the rim the other way
                loop.reverse()
            found.append((np.array(loop), int(np.bincount(pieces[first:]).argmax())))
            for corner in way[first + 1 :]:
                del place[corner]
            del way[first + 1 :], pieces[first:]
    return found


def _closed(triangles: Triangles, loop: np.ndarray, piece: int, slit: bool) -> Triangles:
    """A fan of triangles from the middle of a rim; from its first corner where it is a slit or a triangle."""
    if len(loop) == 3 or slit:
        points = triangles.points
        more = np.stack([np.full(len(loop) - 2, loop[0]), loop[1:-1], loop[2:]], axis=1)
    else:
        points = np.vstack([triangles.points, triangles.points[loop].mean(axis=0)])
        more = np.stack([loop, np.roll(loop, -1), np.full(len(loop), len(triangles.points))], axis=1)
    return replace(
        triangles,
        points=points,
        faces=np.vstack([triangles.faces, more]),
        piece=np.append(triangles.piece, np.full(len(more), piece)),
    )


def _size(rim: np.ndarray, nothing: float) -> float:
    """Area of a disc of the perimeter of a rim (k, 3) µm; none if its corners lie on a line, in a slit of no width."""
    spokes, perimeter = rim - rim.mean(axis=0), _perimeter(rim)
    area = np.linalg.norm(np.cross(spokes, np.roll(spokes, -1, axis=0)), axis=1).sum() / 2
    return 0.0 if area <= nothing * perimeter else perimeter**2 / (4 * np.pi)


def _one_of(triangles: Triangles, corners: np.ndarray) -> np.ndarray:
    """A triangle at each of some corners."""
    found = np.zeros(len(triangles.points), dtype=np.int64)
    found[triangles.faces] = np.arange(len(triangles.faces))[:, None]
    return found[corners]


def _perimeter(points: np.ndarray) -> float:
    return float(np.linalg.norm(points - np.roll(points, -1, axis=0), axis=1).sum())


def _listed(lengths: list[float]) -> str:
    return ", ".join(nanometres(length, 3) for length in lengths[:3]) + (" …" if len(lengths) > 3 else "")
