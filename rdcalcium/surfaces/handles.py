"""Handles of a closed surface: arms that come back to it, and tunnels through it, as noise of a segmentation makes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from rdcalcium.surfaces.edges import edges_of, neighbours, sheets
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import counted, nanometres

ROOTS = 4  # from which loops are looked for at a time
ROUNDS = 4  # of looking again from the narrowest loop that was found


def handles(triangles: Triangles) -> list[str]:
    """How many there are, and around which point the narrowest lies, in a sentence; none without any.

    By Euler's formula a closed sheet with g of them has corners - edges + triangles = 2 - 2 g. Corners that parts of a
    sheet share without an edge are counted in each sheet alone.
    """
    count, sheet = sheets(edges_of(triangles.faces))
    parts = [kept(triangles, sheet == number) for number in range(count)] if count > 1 else [triangles]
    found = [(part, number) for part in parts if (number := _count(part)) > 0]
    if not found:
        return []
    length, middle = min((narrowest_loop(part) for part, _ in found), key=lambda loop: loop[0])
    total = sum(number for _, number in found)
    most = "the narrowest, " if total > 1 else ""
    return [
        f"{counted(total, 'handle')} (arms that come back, or tunnels, as noise makes them): {most}"
        f"{nanometres(length, 2)} around, at {nanometres(middle, 4)}; kept"
    ]


def _count(triangles: Triangles) -> int:
    """Of one closed sheet."""
    edges = len(edges_of(triangles.faces).ends)
    return (2 - len(np.unique(triangles.faces)) + edges - len(triangles.faces)) // 2


def narrowest_loop(triangles: Triangles) -> tuple[float, list[float]]:
    """Length (µm) and middle (µm) of a short loop of edges that goes round a handle, of a sheet that has one.

    Edges that are neither in a tree of shortest ways from a root, nor crossed by a tree of triangles, close the loops
    of handles; they are the shortest through the root if the second tree takes the edges of long loops first (Erickson
    & Whittlesey 2005, SODA, 1038). The next root lies on the shortest of them.
    """
    edges = edges_of(triangles.faces)
    ends, pairs = edges.ends, neighbours(edges)[0]  # the edges of two triangles are all of a closed sheet
    lengths = np.linalg.norm(np.diff(triangles.points[ends], axis=1)[:, 0], axis=1)
    graph = coo_array((lengths, ends.T), (len(triangles.points),) * 2).tocsr()
    best, roots = (np.inf, [0.0, 0.0, 0.0]), _some(ends[:, 0])
    for _ in range(ROUNDS):
        loops = [loop for root in roots for loop in _loops(graph, ends, lengths, pairs, root)]
        around = [_length(triangles.points[loop]) for loop in loops]
        k = int(np.argmin(around))
        if around[k] >= best[0]:
            break
        best, roots = (around[k], triangles.points[loops[k]].mean(axis=0).tolist()), _some(np.array(loops[k]))
    return best


def _some(corners: np.ndarray) -> list[int]:
    """A few of them, spread over all."""
    return corners[:: max(len(corners) // ROOTS, 1)][:ROOTS].tolist()


def _loops(graph: csr_array, ends: np.ndarray, lengths: np.ndarray, pairs: np.ndarray, root: int) -> list[list[int]]:
    """Corners of the shortest loops through a root, of each without the way to it."""
    away, before = dijkstra(graph, directed=False, indices=root, return_predecessors=True)
    a, b = ends.T
    free = np.flatnonzero((before[a] != b) & (before[b] != a))
    through = (away[a] + away[b] + lengths)[free]
    weights = coo_array((-through, pairs[free].T), (pairs.max() + 1,) * 2)
    tree = minimum_spanning_tree(weights.tocsr()).tocoo()
    keys = np.sort(np.stack([tree.row, tree.col]).astype(np.int64), axis=0), np.sort(pairs[free], axis=1).T
    crossed, own = (low * (pairs.max() + 1) + high for low, high in keys)
    return [_loop(before, *ends[edge].tolist()) for edge in free[~np.isin(own, crossed)].tolist()]


def _loop(before: np.ndarray, one: int, other: int) -> list[int]:
    """Corners on the ways of a tree to both ends of an edge, from where they part."""
    ways = []
    for corner in (one, other):
        way = [corner]
        while before[way[-1]] >= 0:
            way.append(int(before[way[-1]]))
        ways.append(way[::-1])
    shared = sum(1 for p, q in zip(*ways, strict=False) if p == q)
    return [*ways[0][shared - 1 :], *ways[1][: shared - 1 : -1]]


def _length(points: np.ndarray) -> float:
    """Of the way round and back, µm."""
    return float(np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1).sum())
