"""Names of regions and surfaces as arrays over the cells, in which VTU and XDMF files keep them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.geometry.contents import Contents, collected, kind_of
from rdcalcium.geometry.formats.triangles import all_triangles
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.through_meshio import call_meshio

MOST = 200  # different numbers in an array that tells parts; more are identities of cells
WHAT = {"triangle": "triangles", "tetra": "tetrahedra"}  # cells that have names, in words


def read_arrays(path: Path) -> Contents:
    """Names of 0/1 arrays "surface:…" and "region:…", or integer tags of any array."""
    raw = call_meshio(lambda meshio: meshio.read(path, file_format=path.suffix[1:].lower()), path)
    groups, remarks = [], []
    for array, blocks in raw.cell_data.items():
        for block, data in enumerate(blocks):
            cells = raw.cells[block]
            tags = _tags(array, data, cells.dim)
            if len(tags) <= MOST:
                groups += [(kind_of(cells.dim), _name(array, tag, cells.dim), block, data == tag) for tag in tags]
            elif cells.type in WHAT:
                remarks.append(
                    f"the array {array!r} names no {kind_of(cells.dim)}s: it has {len(tags):,} different numbers "
                    f"beside 0 for {len(data):,} {WHAT[cells.type]}, and up to {MOST} are read as tags"
                )
    return replace(collected(raw, groups), remarks=tuple(remarks))


def _called(array: str) -> tuple[str, str]:
    """Kind and name of the one group that a 0/1 array tells; none where it is another array."""
    kind, _, name = array.partition(":")
    return (kind, name) if kind in ("surface", "region") else ("", "")


def _tags(array: str, data: np.ndarray, dimension: int) -> np.ndarray:
    """The numbers in an array over the cells of one kind that stand for a group of them."""
    kind, name = _called(array)
    if name:
        return np.ones(int(kind == kind_of(dimension)), dtype=int)
    return np.unique(data[data != 0]) if data.ndim == 1 and data.dtype.kind in "iu" else np.empty(0)


def _name(array: str, tag: int, dimension: int) -> str:
    """Of the group for which a number in an array stands."""
    label = kind_of(dimension) if array in ("gmsh:physical", "medit:ref") else array
    return _called(array)[1] or f"{label}_{tag}"


def write_arrays(mesh: TetrahedralMesh, path: Path) -> None:
    """Arrays "region:<name>" and "surface:<name>" that hold 0 or 1 for each cell."""
    triangles, places = all_triangles(mesh)
    counts = len(mesh.tetrahedra), len(triangles)
    data = {f"region:{name}": [_mask(counts[0], ids), _mask(counts[1], [])] for name, ids in mesh.regions.items()}
    data |= {f"surface:{name}": [_mask(counts[0], []), _mask(counts[1], ids)] for name, ids in places.items()}
    cells = [("tetra", mesh.tetrahedra), ("triangle", triangles)]
    call_meshio(
        lambda meshio: meshio.write(
            path, meshio.Mesh(mesh.points, cells, cell_data=data), file_format=path.suffix[1:].lower()
        ),
        path,
    )


def _mask(count: int, members: Any) -> np.ndarray:
    mask = np.zeros(count, dtype=np.uint8)  # there is one for each name, as long as the mesh
    mask[np.asarray(members, dtype=np.int64)] = 1
    return mask
