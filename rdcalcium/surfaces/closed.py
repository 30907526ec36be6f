"""A closed surface from a file: its unit said, its flaws told, mended where that can be done, refused where not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.crossing import crossings
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.edges import edges_of, sheets
from rdcalcium.surfaces.flat import without_lines, without_loose_lines
from rdcalcium.surfaces.handles import handles
from rdcalcium.surfaces.holes import filled, without_debris
from rdcalcium.surfaces.joining import joined, kept
from rdcalcium.surfaces.mirroring import mirrored
from rdcalcium.surfaces.nesting import without_inner
from rdcalcium.surfaces.orienting import oriented
from rdcalcium.surfaces.reading import read_triangles
from rdcalcium.surfaces.simplifying import simplified
from rdcalcium.surfaces.smoothing import smoothed
from rdcalcium.surfaces.triangles import Triangles
from rdcalcium.units import figures, nanometres, parse, places, times

MANY, EACH = 100_000, 25e-6  # triangles, from which on it is told what is done with them, and s that each of them takes

OTHERS = (4 / 3, 2.0, 2 / 3)  # of a smoothing by which a surface comes to go through itself, which are looked at

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ClosedSurface:
    """Triangles whose normals point out of what they enclose.

    remarks  sentences on the file: what was wrong in it, and what was done
    """

    triangles: Triangles
    remarks: tuple[str, ...] = ()

    @cached_property
    def distances(self) -> Distances:
        """Of points from it."""
        return Distances(self.triangles)

    def piece(self, name: str) -> Distances:
        """Of points from one of its pieces."""
        if self.triangles.pieces == (name,):
            return self.distances
        if name not in self._pieces:
            number = self.triangles.pieces.index(name)
            self._pieces[name] = Distances(kept(self.triangles, self.triangles.piece == number))
        return self._pieces[name]

    @cached_property
    def _pieces(self) -> dict[str, Distances]:
        return {}


@dataclass(frozen=True)
class Wish:
    """How a surface is wanted that is read from a file, lengths in µm.

    offset          by which it is moved
    smoothing       bumps that are shorter are taken from it
    simplification  how far corners may be from a surface of fewer triangles
    mirrors         axes of the planes through the origin at which the file is cut, and its images follow
    whole           whether it has no cavities: closed sheets within others are left out
    """

    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    smoothing: float | None = None
    simplification: float | None = None
    mirrors: tuple[int, ...] = ()
    whole: bool = False


def closed_surface(path: str | Path, unit: str, wish: Wish | None = None) -> ClosedSurface:
    """Read a surface (STL, OBJ, PLY), join, orient and close it; a file is read again only when it has changed.

    unit  of length, in which the coordinates of the file are

    InputError for one that is open, has edges of more than two triangles, one side only, or goes through itself.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no surface file {path}")
    found = path.stat()
    return _wanted(path, unit, (found.st_mtime_ns, found.st_size), wish or Wish())


@lru_cache(maxsize=64)
def _wanted(path: Path, unit: str, version: tuple[int, int], wish: Wish) -> ClosedSurface:
    """As it is in the file, then changed in one way after the other, each kept for whoever wants only that."""
    if any(wish.offset):
        here = _wanted(path, unit, version, replace(wish, offset=Wish.offset))
        return replace(here, triangles=replace(here.triangles, points=here.triangles.points + np.array(wish.offset)))
    if wish.simplification:
        before = _wanted(path, unit, version, replace(wish, simplification=None))
        _tell(path, before.triangles, f"joined as far as corners stay within {nanometres(wish.simplification)}", 3)
        made, remarks = simplified(before.triangles, wish.simplification)
    elif wish.smoothing:
        before = _wanted(path, unit, version, replace(wish, smoothing=None))
        _tell(path, before.triangles, f"smoothed over {nanometres(wish.smoothing)}", 1)
        made, remarks = _smoothed(path, before.triangles, wish.smoothing)
    elif wish.whole:
        before = _wanted(path, unit, version, replace(wish, whole=False))
        made, remarks = without_inner(before.triangles)
    else:
        return _read(path, unit, version, wish.mirrors)
    return ClosedSurface(made, (*before.remarks, *(f"{path.name}: {remark}" for remark in remarks)))


def _smoothed(path: Path, triangles: Triangles, length: float) -> tuple[Triangles, list[str]]:
    made, remarks = smoothed(triangles, length)
    pairs = crossings(made)
    if len(pairs):
        others = [f'"{nanometres(other, 2)}"' for k in OTHERS if _stays_simple(triangles, other := k * length)]
        raise InputError(
            f"{path.name} goes through itself only when it is smoothed over {nanometres(length)}: "
            f"{_crossed(made, pairs)}; try "
            + (f"smoothing = {' or '.join(others)}, which it stands" if others else "a much shorter smoothing, or none")
        )
    return made, remarks


def _stays_simple(triangles: Triangles, length: float) -> bool:
    """Whether it does not go through itself when it is smoothed over a length, µm."""
    return not len(crossings(smoothed(triangles, length)[0]))


@lru_cache(maxsize=16)
def _read(path: Path, unit: str, version: tuple[int, int], mirrors: tuple[int, ...]) -> ClosedSurface:
    raw = read_triangles(path)
    triangles = replace(raw, points=raw.points * parse(f"1 {unit}", "length"))
    _tell(path, triangles, "put together, and searched for holes and crossings", 1)
    try:
        whole, images = mirrored(triangles, mirrors)
        made, remarks = mended(whole)
    except InputError as error:
        raise InputError(f"{path.name}, read in {unit}: {error}") from None
    return ClosedSurface(made, (f"{path.name}, read in {unit}: {described(made)}", *images, *remarks))


def _tell(path: Path, triangles: Triangles, what: str, times: int) -> None:
    """Tell what is done with many triangles, and about how long that takes: so many times EACH."""
    if len(triangles.faces) >= MANY:
        seconds = times * EACH * len(triangles.faces)
        log.info(f"{path.name}: {len(triangles.faces):,} triangles are {what}, which takes about {seconds:.0f} s")


def mended(triangles: Triangles) -> tuple[Triangles, list[str]]:
    """The surface, closed and with its normals outwards; what was done."""
    remarks: list[str] = []
    steps: list[Callable[[Triangles], tuple[Triangles, list[str]]]] = [
        joined,
        without_debris,
        without_loose_lines,
        _manifold,
        filled,
        without_lines,
        oriented,
        _simple,
        _with_handles,
    ]
    for step in steps:
        triangles, more = step(triangles)
        remarks += more
    return triangles, remarks


def described(triangles: Triangles) -> str:
    """Size, volume and area, in words."""
    sides = times(np.ptp(triangles.points, axis=0))
    areas = triangles.areas()
    pieces = f" ({', '.join(f'{name} {figures(area)}' for name, area in areas.items())})" if len(areas) > 1 else ""
    count, _ = sheets(edges_of(triangles.faces))
    several = f", {count} sheets" if count > 1 else ""
    return (
        f"{len(triangles.faces):,} triangles{several}, {sides} um, it encloses {figures(triangles.volume())} um^3, and "
        f"its area is {figures(sum(areas.values()))} um^2{pieces}"
    )


def _manifold(triangles: Triangles) -> tuple[Triangles, list[str]]:
    edges = edges_of(triangles.faces)
    crowded = edges.ends[edges.count > 2]
    if len(crowded):
        raise InputError(
            f"edges of more than two triangles: {len(crowded)}, at {places(triangles.points[crowded].mean(axis=1))}; "
            "what lies on either side of the surface is not told there: separate the parts"
        )
    return triangles, []


def _simple(triangles: Triangles) -> tuple[Triangles, list[str]]:
    pairs = crossings(triangles)
    if len(pairs):
        raise InputError(
            f"it goes through itself: {_crossed(triangles, pairs)}; mend that in the program that it comes from, by a "
            "union of its parts for example"
        )
    return triangles, []


def _crossed(triangles: Triangles, pairs: np.ndarray) -> str:
    at = places(triangles.corners()[pairs[:, 0]].mean(axis=1))
    return f"{len(pairs)} pairs of triangles cross, or lie on each other in one plane, at {at}"


def _with_handles(triangles: Triangles) -> tuple[Triangles, list[str]]:
    return triangles, handles(triangles)
