"""VTU and XDMF files: names of regions and surfaces from arrays over the cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.geometry.contents import Contents, collected, kind_of
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
