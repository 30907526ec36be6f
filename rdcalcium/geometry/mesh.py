"""Tetrahedra with named regions and surfaces, checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.vectors import blocks, by_axis, corners, cross, dot
from rdcalcium.units import nanometres

# Corners of the face opposite to each corner; outward for a tetrahedron of positive orientation.
FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])

# A tetrahedron is flat when 6 volume / (longest edge)³ is below this: above rounding, below any sliver.
FLATNESS = 1e-12


@dataclass(frozen=True, eq=False)
class Tiling:
    """How a mesh goes on at its other end.

    periods  axis -> after how many µm all is the same again
    same     (n,) of each node the one at the lower ends that it is an image of; itself where it is none
    ends     names of the surfaces at the ends, which are no walls
    """

    periods: Mapping[int, float]
    same: np.ndarray
    ends: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class TetrahedralMesh:
    """The cytosol as tetrahedra, its parts and its surfaces by name.

    On construction inverted tetrahedra are reoriented, unused nodes are dropped, and every boundary face that
    no surface names is the surface "membrane", or joins "unnamed" if the caller names a "membrane" already.
    Surfaces may overlap and may lie inside; each of their triangles is a face of a tetrahedron.

    points      (n, 3)  µm
    tetrahedra  (m, 4)  nodes, positively oriented
    regions     name -> (k,) tetrahedra
    surfaces    name -> (k, 3) nodes of triangles
    remarks     sentences on the file that it was read from: what is wrong in it, and what was done
    tiling      how it goes on at its other end; none: it ends on all sides
    """

    points: np.ndarray
    tetrahedra: np.ndarray
    regions: Mapping[str, np.ndarray] = field(default_factory=dict)
    surfaces: Mapping[str, np.ndarray] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    tiling: Tiling | None = None
    _boundary: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        tetrahedra = np.array(self.tetrahedra, dtype=np.int64)
        require_arrays(points, tetrahedra)
        surfaces = {name: _triangles(name, faces, len(points)) for name, faces in self.surfaces.items()}
        tetrahedra = _oriented(points, tetrahedra)
        used = np.zeros(len(points), dtype=bool)
        used[tetrahedra] = True
        for name, faces in surfaces.items():
            if not used[faces].all():
                raise InputError(f"surface {name!r} has nodes that belong to no tetrahedron; remove its loose faces")
        new = np.cumsum(used) - 1
        self._set("points", points[used])
        if self.tiling:
            self._set("tiling", replace(self.tiling, same=new[self.tiling.same[used]]))
        self._set("tetrahedra", new[tetrahedra])
        self._set("regions", {name: _members(name, ids, len(tetrahedra)) for name, ids in self.regions.items()})
        self._set("surfaces", self._covered({name: new[faces] for name, faces in surfaces.items() if len(faces)}))

    def with_remarks(self, more: Iterable[str]) -> TetrahedralMesh:
        """The same mesh with more remarks."""
        made = copy(self)
        made._set("remarks", (*self.remarks, *more))
        return made

    def moved(self, by: np.ndarray) -> TetrahedralMesh:
        """The same mesh elsewhere, (3,) µm further."""
        made = copy(self)
        made._set("points", self.points + by)
        return made

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        size = " × ".join(f"{length:.4g}" for length in high - low)
        parts = [f"{len(self.points)} nodes", f"{len(self.tetrahedra)} tetrahedra", f"{size} µm"]
        parts += [f"{kind}: {', '.join(names)}" for kind, names in self._names() if names]
        return f"TetrahedralMesh({'; '.join(parts)})"

    def _names(self) -> tuple[tuple[str, list[str]], ...]:
        return ("regions", list(self.regions)), ("surfaces", list(self.surfaces))

    def volumes(self) -> np.ndarray:
        """Volume of each tetrahedron, (m,) µm³, V = (p₁−p₀)·[(p₂−p₀)×(p₃−p₀)] / 6."""
        return six_volumes(self.points, self.tetrahedra) / 6

    def areas(self) -> dict[str, float]:
        """Area of each surface by its name, µm²."""
        corners = {name: self.points[faces] for name, faces in self.surfaces.items()}
        return {
            name: float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
            for name, (a, b, c) in ((name, np.moveaxis(of, 1, 0)) for name, of in corners.items())
        }

    def boundary(self) -> np.ndarray:
        """Faces that belong to exactly one tetrahedron, (k, 3) nodes, oriented outward."""
        return self._boundary

    def _covered(self, surfaces: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Check that surfaces consist of faces of the mesh, and name the rest of the boundary."""
        faces = self.tetrahedra[:, FACES].reshape(-1, 3)
        keys = row_keys(np.vstack([faces, *surfaces.values()]))
        keys, *named = np.split(keys, np.cumsum([len(faces), *map(len, surfaces.values())])[:-1])
        known, counts = np.unique(keys, return_counts=True)
        if counts.max() > 2:
            crowded = among(keys, known[counts > 2]).argmax()
            raise InputError(
                f"{(counts > 2).sum()} faces belong to more than two tetrahedra, one of them at "
                f"{nanometres(self.points[faces[crowded]].mean(axis=0), 4)}: some overlap or repeat; mesh it again"
            )
        for name, own in zip(surfaces, named, strict=True):
            if not among(own, known).all():
                raise InputError(f"surface {name!r} has triangles that are no face of a tetrahedron")
        outer = among(keys, known[counts == 1])
        self._set("_boundary", faces[outer])
        free = ~np.isin(keys[outer], np.concatenate([*named, []]))
        if free.any():
            rest = "unnamed" if "membrane" in surfaces else "membrane"
            surfaces[rest] = np.concatenate([surfaces.get(rest, np.empty((0, 3), np.int64)), self._boundary[free]])
        return surfaces


def row_keys(rows: np.ndarray) -> np.ndarray:
    """One integer per row of nodes, equal where rows hold the same nodes in any order; (k, c) -> (k,)."""
    rows = np.sort(rows, axis=1)
    base = int(rows.max(initial=0)) + 1
    keys = rows[:, 0]
    for column in rows.T[1:]:
        if keys.max(initial=0) >= 2**62 // base:  # would overflow: renumber first
            keys = np.unique(keys, return_inverse=True)[1]
        keys = keys * base + column
    return keys


def among(keys: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Whether each key is in an ascending list."""
    place = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return ordered[place] == keys


def six_volumes(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """6 volume of each tetrahedron, (m,) µm³; negative where it is inverted."""
    found, axes = np.empty(len(tetrahedra)), by_axis(points)
    for block in blocks(len(tetrahedra)):
        a, b, c, d = corners(axes, tetrahedra[block])
        found[block] = dot(b - a, cross(c - a, d - a))
    return found


def require_arrays(points: np.ndarray, tetrahedra: np.ndarray) -> None:
    """InputError where these cannot be points (n, 3) and tetrahedra (m, 4) of a mesh."""
    if points.ndim != 2 or points.shape[1] != 3:
        raise InputError(f"points have shape {points.shape}; expected (n, 3) coordinates in µm")
    if tetrahedra.ndim != 2 or tetrahedra.shape[1] != 4 or not len(tetrahedra):
        raise InputError(f"tetrahedra have shape {tetrahedra.shape}; expected (m, 4) nodes, m > 0")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise InputError(f"{len(bad)} points are not finite, the first is point {bad[0]}: {points[bad[0]]}")
    if tetrahedra.min() < 0 or tetrahedra.max() >= len(points):
        raise InputError(f"tetrahedra name nodes {tetrahedra.min()} to {tetrahedra.max()} of {len(points)} points")


def flatness(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """|6 volume| / (longest extent)³ of each tetrahedron, (m,): 0.5 when regular, 0 when flat."""
    longest = np.ptp(points[tetrahedra], axis=1).max(axis=1)
    return np.abs(six_volumes(points, tetrahedra)) / np.where(longest > 0, longest, 1.0) ** 3


def _oriented(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """Swap two corners of inverted tetrahedra; refuse flat ones."""
    flat = np.flatnonzero(flatness(points, tetrahedra) <= FLATNESS)
    if len(flat):
        raise InputError(
            f"{len(flat)} tetrahedra have no volume, the first is {flat[0]} with nodes {tetrahedra[flat[0]].tolist()} "
            f"at {nanometres(points[tetrahedra[flat[0]]].mean(axis=0), 4)}; "
            "remesh or repair the surface that they came from"
        )
    inverted = six_volumes(points, tetrahedra) < 0
    tetrahedra[inverted] = tetrahedra[inverted][:, [0, 1, 3, 2]]
    return tetrahedra


def _triangles(name: str, faces: np.ndarray, nodes: int) -> np.ndarray:
    faces = np.array(faces, dtype=np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min(initial=0) < 0 or faces.max(initial=0) >= nodes:
        raise InputError(f"surface {name!r} is not a (k, 3) table of nodes 0 to {nodes - 1}")
    return faces


def _members(name: str, ids: np.ndarray, count: int) -> np.ndarray:
    ids = np.unique(np.asarray(ids, dtype=np.int64))
    if len(ids) and (ids[0] < 0 or ids[-1] >= count):
        raise InputError(f"region {name!r} names tetrahedra {ids[0]} to {ids[-1]} of {count}")
    return ids
