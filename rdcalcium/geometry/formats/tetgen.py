"""Files .node, .ele and .face of TetGen, which lie side by side: their markers and attributes become names."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.contents import Contents, first_of_each
from rdcalcium.geometry.formats.base import MeshFormat

SUFFIXES = (".node", ".ele", ".face")
UNMARKED = (0, -1)  # what TetGen writes where nobody gave a marker


def read_tetgen(path: Path) -> Contents:
    """Attributes of tetrahedra are regions "region_3", markers of faces are surfaces "surface_3".

    Read here because meshio 5.3 knows no .face, and with it no surface. Each file has a head with the counts, then a
    line for each node, tetrahedron or face, which begins with its number (Si 2015, ACM Trans Math Softw 41:11).

    path  any of the three; .face may be missing
    """
    node, ele, face = (path.with_suffix(suffix) for suffix in SUFFIXES)
    for needed in (node, ele):
        if not needed.exists():
            raise InputError(f"there is no {needed}; TetGen's .node and .ele lie side by side, under one name")
    try:
        return _contents(_table(node), _table(ele), _table(face) if face.exists() else None)
    except (ValueError, IndexError, KeyError) as error:
        raise InputError(f"{path.name} cannot be read as a file of TetGen: {error}") from error


def _table(path: Path) -> tuple[list[int], np.ndarray]:
    """The numbers of the head, and those of the lines that it counts."""
    lines = [line.partition("#")[0].split() for line in path.read_text(errors="replace").splitlines()]
    head, *rows = [line for line in lines if line]
    count = int(head[0])
    if len(rows) < count:
        raise ValueError(f"{path.name} ends after {len(rows)} of {count} lines")
    table = np.array(rows[:count], dtype=float) if count else np.empty((0, 1))
    return [int(word) for word in head], table


def _contents(node: tuple, ele: tuple, face: tuple | None) -> Contents:
    (_, nodes), (head, elements) = node, ele
    labels = nodes[:, 0].astype(np.int64)
    lookup = np.full(int(labels.max(initial=-1)) + 1, -1)
    lookup[labels] = np.arange(len(labels))

    def corners(table: np.ndarray, columns: slice) -> np.ndarray:
        named = table[:, columns].astype(np.int64)
        if named.size and (named.min() < 0 or named.max() >= len(lookup) or (lookup[named] < 0).any()):
            raise ValueError("it names a node that .node does not have")
        found: np.ndarray = lookup[named]
        return found

    tetrahedra = corners(elements, slice(1, 5))  # the first four of ten, where edges have a node in their middle
    per, attributes = head[1], head[2] if len(head) > 2 else 0
    regions = _by_number("region", elements[:, 1 + per] if attributes else np.zeros(len(elements)))
    surfaces: dict[str, np.ndarray] = {}
    if face and len(face[1]) and face[0][1]:
        faces = corners(face[1], slice(1, 4))
        marks = face[1][:, _marker(face[1])]
        surfaces = {name: faces[rows] for name, rows in _by_number("surface", marks).items()}
    return Contents(
        nodes[:, 1:4],
        tetrahedra,
        regions,
        {name: rows[first_of_each(rows)] for name, rows in surfaces.items()},
        f"{len(tetrahedra)} tetrahedra",
    )


def _marker(faces: np.ndarray) -> int:
    """Column of the marker: behind three nodes, or behind six, where edges have a node in their middle."""
    return 7 if faces.shape[1] in (8, 10) else 4


def _by_number(kind: str, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of each number, under its name."""
    found = [number for number in np.unique(numbers) if number not in UNMARKED]
    return {f"{kind}_{number:g}": np.flatnonzero(numbers == number) for number in found}


def copy_together(path: Path, copy: Path) -> None:
    """Copy the files that lie side by side under one name."""
    for beside in filter(Path.exists, map(path.with_suffix, SUFFIXES)):
        shutil.copyfile(beside, copy.with_suffix(beside.suffix))


FORMAT = MeshFormat(SUFFIXES, read_tetgen, copy=copy_together)
