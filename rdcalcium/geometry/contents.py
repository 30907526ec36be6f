"""What a mesh file holds before it is checked: the form in which every reader hands it over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rdcalcium.geometry.mesh import row_keys


@dataclass
class Contents:
    """What a file holds, before any check: regions as tetrahedra, surfaces as corners of triangles.

    others   all that is there, in words
    solids   cells with a volume that are no tetrahedra of four corners, in words
    remarks  sentences on what of the file is not read
    """

    points: np.ndarray
    tetrahedra: np.ndarray
    regions: dict[str, np.ndarray] = field(default_factory=dict)
    surfaces: dict[str, np.ndarray] = field(default_factory=dict)
    others: str = ""
    solids: str = ""
    remarks: tuple[str, ...] = ()


def collected(raw: Any, groups: list) -> Contents:
    """Blocks of tetrahedra and named groups of (kind, name, block, members) of a meshio mesh."""
    rows, start = [np.empty((0, 4), dtype=np.int64)], {}
    for block, cells in enumerate(raw.cells):
        if cells.type == "tetra":
            start[block] = sum(map(len, rows))
            rows.append(np.asarray(cells.data, dtype=np.int64))
    tetrahedra, new = _without_repeats(np.vstack(rows))
    regions: dict[str, list] = {}
    surfaces: dict[str, list] = {}
    for kind, name, block, members in groups:
        cells = raw.cells[block]
        if cells.type == "tetra" and kind == "region":
            regions.setdefault(name, []).append(new[start[block] + np.arange(len(cells.data))[members]])
        elif cells.type == "triangle" and kind == "surface":
            surfaces.setdefault(name, []).append(cells.data[members])
    others = ", ".join(f"{len(cells.data)} {cells.type}" for cells in raw.cells)
    solids = ", ".join(f"{len(cells.data)} {cells.type}" for cells in raw.cells if _is_other_solid(cells))
    return Contents(np.asarray(raw.points), tetrahedra, _joined(regions), _joined(surfaces), others, solids)


def _is_other_solid(cells: Any) -> bool:
    return cells.dim == 3 and cells.type != "tetra" and len(cells.data) > 0


def _joined(groups: dict[str, list]) -> dict[str, np.ndarray]:
    joined = {name: np.concatenate(parts) for name, parts in groups.items()}
    return {name: rows[first_of_each(rows)] if rows.ndim == 2 else rows for name, rows in joined.items() if len(rows)}


def first_of_each(rows: np.ndarray) -> np.ndarray:
    """Index of the first of every set of equal rows, ascending; the order of the columns does not count."""
    return np.sort(np.unique(row_keys(rows), return_index=True)[1])


def _without_repeats(tetrahedra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tetrahedra without repeats, and where each old one went."""
    _, first, inverse = np.unique(row_keys(tetrahedra), return_index=True, return_inverse=True)
    kept, place = np.unique(first, return_inverse=True)
    return tetrahedra[kept], place[inverse]


def kind_of(dimension: int) -> str:
    """What a named group of cells of this dimension is."""
    return {2: "surface", 3: "region"}.get(dimension, "")
