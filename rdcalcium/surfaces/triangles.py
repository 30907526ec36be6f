"""Triangles with names, before anything is known of the surface that they make."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

MEMBRANE = "membrane"  # what has no name


@dataclass(frozen=True, eq=False)
class Triangles:
    """Triangles that may share corners.

    points  (n, 3)  µm, or numbers of a file
    faces   (m, 3)  corners, counter-clockwise as seen from outside
    pieces  names of pieces of the surface
    piece   (m,)    number of the piece to which each triangle belongs
    """

    points: np.ndarray
    faces: np.ndarray
    pieces: tuple[str, ...]
    piece: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", np.asarray(self.points, dtype=float).reshape(-1, 3))
        object.__setattr__(self, "faces", np.asarray(self.faces, dtype=np.int64).reshape(-1, 3))
        object.__setattr__(self, "piece", np.asarray(self.piece, dtype=np.int64))

    def corners(self) -> np.ndarray:
        """(m, 3, 3) µm."""
        found: np.ndarray = self.points[self.faces]
        return found

    def doubled_areas(self) -> np.ndarray:
        """Normals as long as twice the area of each, (m, 3) µm²."""
        a, b, c = (self.points[self.faces[:, k]] for k in range(3))
        normals: np.ndarray = np.cross(b - a, c - a)
        return normals

    def areas_of_each(self) -> np.ndarray:
        """(m,) µm²."""
        sizes: np.ndarray = np.linalg.norm(self.doubled_areas(), axis=1) / 2
        return sizes

    def areas(self) -> dict[str, float]:
        """Area of each piece, µm²."""
        sizes = np.bincount(self.piece, self.areas_of_each(), len(self.pieces))
        return dict(zip(self.pieces, sizes.tolist(), strict=True))

    def volume(self) -> float:
        """What they enclose, µm³; negative where their normals point inwards."""
        return float(self.signed_volumes().sum())

    def signed_volumes(self) -> np.ndarray:
        """What each adds to the volume inside, (m,) µm³: by Gauss's theorem a·(b × c) / 6 with its corners."""
        a, b, c = (self.points[self.faces[:, k]] for k in range(3))
        volumes: np.ndarray = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
        return volumes

    def extent(self) -> float:
        """Longest side of the box around them, µm."""
        return float(np.ptp(self.points, axis=0).max())


def named(points: np.ndarray, faces: np.ndarray, names: list[str] | None = None) -> Triangles:
    """Triangles, each with its name (m,); a single name is none, for it tells nothing apart."""
    known = sorted({*names}) if names else []
    if len(known) < 2:
        return Triangles(points, faces, (MEMBRANE,), np.zeros(len(faces), dtype=np.int64))
    known = sorted({name or MEMBRANE for name in known})
    number = {name: k for k, name in enumerate(known)}
    return Triangles(points, faces, tuple(known), np.array([number[name or MEMBRANE] for name in names or []]))


def loose(corners: np.ndarray) -> Triangles:
    """Triangles by their corners (m, 3, 3), of which they share none."""
    return named(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3))


def quartered(corners: np.ndarray) -> np.ndarray:
    """Triangles (t, 3, 3) in four each: all first ones, and so on; (4 t, 3, 3)."""
    halves = [(corners[:, i] + corners[:, j]) / 2 for i, j in (*pairwise(range(3)), (2, 0))]
    parts = [(corners[:, k], halves[k], halves[k - 1]) for k in range(3)] + [tuple(halves)]
    return np.concatenate([np.stack(part, axis=1) for part in parts])


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Vectors (k, 3) made one long; those without length stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    made: np.ndarray = vectors / np.where(length > 0, length, 1.0)
    return made
