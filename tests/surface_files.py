"""Closed surfaces as files, written without the package that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

# A cube of side 1 around (0.5, 0.5, 0.5), its normals outwards.
CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
BELOW_ABOVE = [[0, 3, 1], [0, 2, 3], [4, 5, 7], [4, 7, 6]]
AROUND = [[0, 1, 5], [0, 5, 4], [2, 6, 7], [2, 7, 3], [0, 4, 6], [0, 6, 2], [1, 3, 7], [1, 7, 5]]
SIDES = np.array(BELOW_ABOVE + AROUND)


def icosphere(radius: float, times: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Corners (n, 3) and triangles (m, 3) of a sphere around the origin: an octahedron, divided so many times."""
    points = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    for _ in range(times):
        a, b, c = (points[faces[:, k]] for k in range(3))
        pieces = [(a, (a + b) / 2, (a + c) / 2), ((a + b) / 2, b, (b + c) / 2)]
        pieces += [((a + c) / 2, (b + c) / 2, c), ((a + b) / 2, (b + c) / 2, (a + c) / 2)]
        corners = np.concatenate([np.stack(piece, axis=1) for piece in pieces]).reshape(-1, 3)
        corners /= np.linalg.norm(corners, axis=1, keepdims=True)
        points, faces = np.unique(corners.round(12), axis=0, return_inverse=True)
        faces = faces.reshape(-1, 3)
    return radius * points, faces


def write_stl(path: Path, points: np.ndarray, faces: np.ndarray, names: Sequence[str] = ("part",)) -> Path:
    """As text: each triangle with its own corners, in as many solids as there are names, one after the other."""
    lines = []
    for name, rows in zip(names, np.array_split(faces, len(names)), strict=True):
        lines.append(f"solid {name}")
        for row in rows:
            lines += [" facet normal 0 0 0", "  outer loop"]
            lines += [f"   vertex {x:.9g} {y:.9g} {z:.9g}" for x, y, z in points[row]]
            lines += ["  endloop", " endfacet"]
        lines.append(f"endsolid {name}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_binary_stl(path: Path, points: np.ndarray, faces: np.ndarray) -> Path:
    """In single precision."""
    rows = np.zeros(len(faces), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    rows["corners"] = points[faces]
    path.write_bytes(b"solid by a program".ljust(80) + len(faces).to_bytes(4, "little") + rows.tobytes())
    return path


def write_ply(path: Path, points: np.ndarray, faces: np.ndarray) -> Path:
    """As text."""
    head = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
    head += [f"property float {axis}" for axis in "xyz"]
    head += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    rows = [" ".join(map(repr, point)) for point in points.tolist()]
    path.write_text("\n".join([*head, *rows, *(f"3 {a} {b} {c}" for a, b, c in faces.tolist())]) + "\n")
    return path


def write_obj(path: Path, points: np.ndarray, groups: Iterable[tuple[str, np.ndarray]]) -> Path:
    """Lines as given, each followed by faces."""
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in points.tolist()]
    for line, faces in groups:
        lines += [line, *(f"f {' '.join(f'{corner + 1}/1/1' for corner in row)}" for row in faces.tolist())]
    path.write_text("# by hand\n" + "\n".join(lines) + "\n")
    return path
