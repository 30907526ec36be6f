"""The spaces between closed sheets, and which of them are meshed: a terminal may be several, and have cavities."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.surfaces import Triangles
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.edges import edges_of, sheets
from rdcalcium.surfaces.joining import kept
from rdcalcium.surfaces.nesting import surrounding
from rdcalcium.surfaces.triangles import named


@dataclass(frozen=True, eq=False)
class Space:
    """What lies between one closed sheet and those within it.

    outer   number of the sheet around it
    inner   of those directly within
    volume  µm³
    """

    outer: int
    inner: tuple[int, ...]
    volume: float

    @property
    def sheets(self) -> tuple[int, ...]:
        """All around it."""
        return (self.outer, *self.inner)


def spaces(bodies: Sequence[Triangles], hollow: Collection[int]) -> tuple[list[Triangles], list[Space]]:
    """Closed sheets of the terminal and its obstacles, and the spaces of cytosol and of lumens between them.

    bodies  the terminal, then the obstacles in it; they do not touch
    hollow  numbers of the obstacles that are meshed inside
    """
    first = np.cumsum([0, *(len(body.points) for body in bodies)])
    faces = np.vstack([body.faces + start for body, start in zip(bodies, first.tolist(), strict=False)])
    every = named(np.vstack([body.points for body in bodies]), faces)
    count, sheet = sheets(edges_of(faces))
    around = surrounding(every, sheet, count)
    depth = around.sum(axis=1)
    crossed = np.zeros((count, len(bodies)), dtype=np.int64)  # sheets of each body, from outside to within one
    of = np.zeros(count, dtype=np.int64)
    of[sheet] = np.repeat(np.arange(len(bodies)), [len(body.faces) for body in bodies])
    np.add.at(crossed.T, of, (around | np.eye(count, dtype=bool)).T)
    inside = crossed % 2 == 1
    meshed = inside[:, [*hollow]].any(axis=1) | (inside[:, 0] & ~inside[:, 1:].any(axis=1))
    volumes = np.abs(np.bincount(sheet, every.signed_volumes(), count))
    directly = around & (depth[:, None] == depth + 1)
    found = []
    for outer in np.flatnonzero(meshed).tolist():
        inner = np.flatnonzero(directly[:, outer])
        found.append(Space(outer, (*inner.tolist(),), float(volumes[outer] - volumes[inner].sum())))
    return [kept(every, sheet == number) for number in range(count)], found


def space_of(points: np.ndarray, parts: Sequence[Triangles], found: Sequence[Space]) -> np.ndarray:
    """Number of the space in which each of some points (p, 3) µm lies, (p,): of those that go round it the last."""
    if len(found) == 1 or not len(points):
        return np.zeros(len(points), dtype=np.int64)
    depths = np.array([_depth(parts[space.outer], points) for space in found])
    size = np.array([float(np.ptp(parts[space.outer].points, axis=0).prod()) for space in found])
    # Triangles cut the corners of a membrane: a point beyond all sheets belongs to the nearest one.
    within = np.where(depths > 0, size[:, None], np.where((depths > 0).any(axis=0), np.inf, -depths))
    return within.argmin(axis=0)


def _depth(sheet: Triangles, points: np.ndarray) -> np.ndarray:
    """How deep points (p, 3) µm lie within a closed sheet, (p,) µm, whichever way its normals point."""
    depth: np.ndarray = Distances(sheet).depth(points) * np.sign(sheet.volume())
    return depth
