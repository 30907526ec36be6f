"""Names of regions and surfaces as arrays over the cells, in which VTU and XDMF files keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.geometry.contents import Contents, collected, kind_of
from rdcalcium.geometry.formats.triangles import all_triangles
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.through_meshio import call_meshio


def read_arrays(path: Path) -> Contents:
    """Names of 0/1 arrays "surface:…" and "region:…", or integer tags of any array."""
    raw = call_meshio(lambda meshio: meshio.read(path, file_format=path.suffix[1:].lower()), path)
    groups = [
        (kind, name, block, data == value)
        for array, blocks in raw.cell_data.items()
        for block, data in enumerate(blocks)
        for kind, name, value in _array_names(array, data, raw.cells[block].dim)
    ]
    return collected(raw, groups)


def _array_names(array: str, data: np.ndarray, dimension: int) -> list[tuple[str, str, int]]:
    kind, _, name = array.partition(":")
    if kind in ("surface", "region") and name:
        return [(kind, name, 1)] if kind == kind_of(dimension) else []
    if data.ndim != 1 or data.dtype.kind not in "iu":
        return []
    tags = np.unique(data[data != 0])
    if len(tags) > 200:  # identities of cells, not names of parts
        return []
    label = kind_of(dimension) if array in ("gmsh:physical", "medit:ref") else array
    return [(kind_of(dimension), f"{label}_{tag}", tag) for tag in tags]


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
