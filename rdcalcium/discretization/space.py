"""The space that control volumes fill: how much of each lies in a part of it, and how far points are from surfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import numpy as np

from rdcalcium.errors import InputError, suggest
from rdcalcium.geometry.cut_surface import surface_triangles
from rdcalcium.geometry.grid import RectilinearGrid, flat
from rdcalcium.solids import only_name, pieces, slopes
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose

Inside = Callable[[np.ndarray], np.ndarray]

SAMPLES = 5  # points along each side of a cell on the border of a part
ORDER = 7  # of the lattice of points in a tetrahedron there
ON = 1e-3  # of the distance that is asked for: a point so near to a surface is on it
ROUNDING = 1e-12  # of a share that is all
NO_SLOPE = 1e-12  # µm; where the depth changes by less from side to side, all is on one side
CHUNK = 1 << 16  # cells or tetrahedra at a time


class Space(Protocol):
    """Where the control volumes of one discretization are."""

    @property
    def surfaces(self) -> Mapping[str, Any]:
        """Those whose distance it knows, by their names."""

    def share(self, inside: Inside) -> np.ndarray:
        """Share of each control volume that lies in a part of space, (n,).

        inside  how deep points (p, 3) lie inside that part, (p,) µm; negative outside, nowhere steeper than distance
        """

    def region(self, name: str) -> np.ndarray:
        """Share of each control volume that lies in a part of this name, (n,)."""

    def part(self, number: int) -> np.ndarray:
        """Whether each control volume is in the cytosol, 0, or in a lumen, 1 and so on; (n,)."""

    def distance(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """Distance of points (p, 3) from a surface, (p,) µm; beyond `upto` anything above that."""


class Nowhere:
    """Control volumes that have no place."""

    surfaces: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def share(self, inside: Inside) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def region(self, name: str) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def part(self, number: int) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")

    def distance(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """Refuse."""
        raise LookupError("these control volumes have no place")


@dataclass(frozen=True)
class GridSpace:
    """That of a grid, whose surfaces are its walls and the membranes that cross its cells.

    walls  the axis that each is normal to, and at which end of it, 0 or 1
    """

    grid: RectilinearGrid
    walls: Mapping[str, tuple[int, int]]

    @property
    def surfaces(self) -> Mapping[str, Any]:
        """Walls, and pieces of membranes."""
        return {**self.walls, **(self.grid.cut.walls if self.grid.cut else {})}

    @cached_property
    def _membranes(self) -> Mapping[str, Locator]:
        """Triangles of the pieces of membranes that cross cells."""
        if self.grid.cut is None:
            return {}
        x, y, z = (axis.edges for axis in self.grid.axes)
        found = surface_triangles((x, y, z), self.grid.cut, self.walls)
        return {name: Locator(loose(corners)) for name, corners in found.items()}

    def share(self, inside: Inside) -> np.ndarray:
        """By points inside the cells on the border, each of which stands for the part of its cell around it.

        In a cell that a membrane cuts only points in the cytosol count, and those in neighbours that were joined to it.
        """
        low, high = (self._corners(side) for side in (slice(None, -1), slice(1, None)))
        middle, half = (low + high) / 2, np.linalg.norm(high - low, axis=1) / 2
        depth = inside(middle)
        share = (depth > 0).astype(float)
        border = np.flatnonzero(np.abs(depth) <= half)
        if self.grid.cut is None:
            share[border] = _sampled(inside, low[border], high[border])
            return share
        given, to = self.grid.given
        border = np.union1d(border, np.concatenate([given[np.isin(to, border)], to[np.isin(given, border)]]))
        body, sizes = self.grid.cut.body, (high - low)[border].prod(axis=1)
        inner, whole = np.zeros(len(share)), np.zeros(len(share))
        cytosol = _sampled(body.depth, low[border], high[border])
        whole[border] = sizes * cytosol
        inner[border] = sizes * _sampled(inside, low[border], high[border], body.depth)
        for amount in (inner, whole):
            np.add.at(amount, to, amount[given])
        filled = border[whole[border] > 0]
        share[filled] = inner[filled] / whole[filled]
        return share

    def region(self, name: str) -> np.ndarray:
        """None has a name here."""
        raise InputError(
            f"a grid has no region {name!r}: regions with names are those of a mesh file; "
            "say a layer, a box, a sphere or an ellipsoid"
        )

    def part(self, number: int) -> np.ndarray:
        """As the grid says."""
        parts = self.grid.parts
        return np.full(self.grid.solid.size, float(number == 0)) if parts is None else (parts == number).astype(float)

    def _corners(self, side: slice) -> np.ndarray:
        mesh = np.meshgrid(*(axis.edges[side] for axis in self.grid.axes), indexing="ij")
        return np.stack([flat(m) for m in mesh], axis=-1)

    def distance(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """From the plane of a wall, and from the nearest triangle of a membrane."""
        away = []
        if surface in self.walls:
            axis, end = self.walls[surface]
            away.append(np.abs(points[:, axis] - self.grid.axes[axis].edges[-end]))
        if surface in self._membranes:
            away.append(self._from_membrane(points, surface, upto))
        if not away:
            raise InputError(f"the cells are too wide to find the surface {surface!r}: choose smaller ones there")
        distance: np.ndarray = np.min(away, axis=0)
        return distance

    def _from_membrane(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """As a body that has this surface says, if the nearest point of that is on the membrane; else from triangles.

        Triangles across the cells lie on the inner side of a curved membrane.
        """
        body = self.grid.cut.body  # type: ignore[union-attr]
        distance, left = np.full(len(points), np.inf), np.ones(len(points), dtype=bool)
        for piece in pieces(body):
            if only_name(piece) == surface:
                depth = piece.depth(points)
                nearer = np.flatnonzero(np.abs(depth) < distance)
                distance[nearer] = np.abs(depth[nearer])
                left[nearer] = distance[nearer] <= upto
                near = nearer[left[nearer]]
                feet = points[near] - depth[near, None] * slopes(piece, points[near])
                left[near] = np.abs(body.depth(feet)) > ON * upto
        if left.any():
            distance[left] = self._membranes[surface].distances(points[left], upto)
        return distance


@dataclass(frozen=True)
class MeshSpace:
    """That of tetrahedra, each point of which belongs to the nearest corner.

    points      (n, 3) µm
    volumes     (n,) µm³, of the control volumes around them
    tetrahedra  (m, 4) nodes
    surfaces    triangles of nodes of each
    regions     tetrahedra of each, likewise
    parts       (n,) 0 in the cytosol, 1 in the first lumen, …; none: all is cytosol
    own         control volume of each point; none: each has one of its own
    """

    points: np.ndarray
    volumes: np.ndarray
    tetrahedra: np.ndarray
    surfaces: Mapping[str, np.ndarray]
    regions: Mapping[str, np.ndarray]
    parts: np.ndarray | None = None
    own: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Control volumes."""
        return len(self.volumes)

    def _owners(self, tetrahedra: np.ndarray) -> np.ndarray:
        """Control volumes of the corners of tetrahedra (m, 4)."""
        return tetrahedra if self.own is None else self.own[tetrahedra]

    def part(self, number: int) -> np.ndarray:
        """As the nodes are."""
        if self.parts is None:
            return np.full(self.size, float(number == 0))
        return (self.parts == number).astype(float)

    def region(self, name: str) -> np.ndarray:
        """By the volumes of the tetrahedra around each node, scaled at its border as for `share`."""
        inside, whole = self._around(self._region(name)), self._around(self.tetrahedra)
        share = inside / np.where(whole > 0, whole, 1.0)
        mixed = (share > 0) & (share < 1 - ROUNDING)
        left = inside.sum() - float(self.volumes @ (share * ~mixed))
        share[mixed] = _scaled(share[mixed], self.volumes[mixed], left)
        return share

    def _region(self, name: str) -> np.ndarray:
        """Its tetrahedra, if there is one of this name."""
        if name not in self.regions:
            raise InputError(f"the terminal has no region {name!r}; {suggest(name, self.regions, intro='it has')}")
        return self.regions[name]

    def _around(self, tetrahedra: np.ndarray) -> np.ndarray:
        """A quarter of the volume of each tetrahedron for each of its nodes, (n,) µm³."""
        quarter = _volumes(self.points[tetrahedra]) / 4
        return np.bincount(self._owners(tetrahedra).ravel(), np.repeat(quarter, 4), self.size)

    def share(self, inside: Inside) -> np.ndarray:
        """By points in the tetrahedra around nodes whose tetrahedra are not all inside, or all outside.

        Control volumes have corners outside the tetrahedra of their node too, so what such nodes have is scaled until
        all have together what is inside.
        """
        corners = self.points[self.tetrahedra]
        middle = corners.mean(axis=1)
        depth, reach = inside(middle), np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
        least, most = np.full(self.size, np.inf), np.full(self.size, -np.inf)
        owners = self._owners(self.tetrahedra)
        for corner in owners.T:
            np.minimum.at(least, corner, depth - reach)
            np.maximum.at(most, corner, depth + reach)
        share = (least > 0).astype(float)
        mixed = (least <= 0) & (most >= 0)
        border = mixed[owners].any(axis=1)
        parts, volumes = np.zeros(self.size), np.zeros(self.size)
        for some in _chunks(np.flatnonzero(border), len(_lattice())):
            inner, whole = _volumes_of_corners(self.points[self.tetrahedra[some]], inside)
            np.add.at(parts, owners[some], inner)
            np.add.at(volumes, owners[some], whole)
        whole_ones = _volumes(corners[~border & (depth > 0)]).sum()
        left = whole_ones + parts.sum() - self.volumes @ share
        share[mixed] = _scaled((parts / np.where(volumes > 0, volumes, 1.0))[mixed], self.volumes[mixed], left)
        return share

    def distance(self, points: np.ndarray, surface: str, upto: float) -> np.ndarray:
        """From the nearest triangle."""
        if surface not in self._located:
            self._located[surface] = Locator(loose(self.points[self.surfaces[surface]]))
        return self._located[surface].distances(points, upto)

    @cached_property
    def _located(self) -> dict[str, Locator]:
        """Those surfaces from which somebody asked for distances."""
        return {}


def _sampled(inside: Inside, low: np.ndarray, high: np.ndarray, also: Inside | None = None) -> np.ndarray:
    """Share of cells with corners (n, 3) µm that is inside, and inside of something else too, (n,)."""
    ticks = (np.arange(SAMPLES) + 0.5) / SAMPLES
    places = np.array([*product(ticks, repeat=3)])
    share = np.zeros(len(low))
    for some in _chunks(np.arange(len(low)), len(places)):
        points = (low[some, None] + places * (high - low)[some, None]).reshape(-1, 3)
        parts = np.ones((len(some), SAMPLES, SAMPLES, SAMPLES))
        for of in (inside, also) if also else (inside,):
            depths = of(points).reshape(parts.shape)
            # How far the depth goes from one side of such a part to the other: a plane cuts off this share of it.
            across = sum(np.abs(np.gradient(depths, axis=a)) for a in (1, 2, 3))
            parts *= _cut(depths, across)
        share[some] = parts.mean(axis=(1, 2, 3))
    return share


def _volumes_of_corners(corners: np.ndarray, inside: Inside) -> tuple[np.ndarray, np.ndarray]:
    """Volume that is nearest to each corner of tetrahedra (m, 4, 3), inside and all of it: (m, 4) µm³."""
    points = np.einsum("pc,mci->mpi", _lattice(), corners)
    away = ((points[:, :, None] - corners[:, None]) ** 2).sum(axis=3)
    mine = away == away.min(axis=2, keepdims=True)
    volume = _volumes(corners) / len(_lattice())
    depth = inside(points.reshape(-1, 3)).reshape(mine.shape[:2])
    cut = _cut(depth, np.cbrt(volume)[:, None])
    return np.einsum("mp,mpc->mc", cut, mine) * volume[:, None], mine.sum(axis=1) * volume[:, None]


def _volumes(corners: np.ndarray) -> np.ndarray:
    """Of tetrahedra (m, 4, 3), (m,) µm³."""
    return np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6


def _scaled(share: np.ndarray, volumes: np.ndarray, amount: float) -> np.ndarray:
    """The shares of some volumes times a factor, and at most 1, so that they make up an amount, as far as they can."""
    for _ in range(20):  # each time those that are full leave less to the others
        open = share < 1
        room = float(volumes @ (share * open))
        if room <= 0:
            break
        factor = max(amount - float(volumes @ (share * ~open)), 0.0) / room
        share = np.where(open, np.minimum(factor * share, 1.0), share)
    return share


def _cut(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Share inside of what is around points, where the depth goes so far from one side to the other."""
    return np.clip(depth / np.maximum(across, NO_SLOPE) + 0.5, 0.0, 1.0)


def _chunks(numbers: np.ndarray, points: int) -> Iterator[np.ndarray]:
    """So many at a time that their points are no more than CHUNK, about."""
    size = CHUNK // points + 1
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


@lru_cache(maxsize=1)
def _lattice() -> np.ndarray:
    """Points spread evenly in a tetrahedron, barycentric (p, 4)."""
    parts = [c for c in product(range(ORDER + 1), repeat=4) if sum(c) == ORDER]
    return (np.array(parts) + 0.25) / (ORDER + 1)
