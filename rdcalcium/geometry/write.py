"""Meshes as blocks of cells with names, in the form in which each format keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh, row_keys


def array_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    """For VTU and XDMF: arrays "region:<name>" and "surface:<name>" that hold 0 or 1 for each cell."""
    triangles, places = _all_triangles(mesh)
    counts = len(mesh.tetrahedra), len(triangles)
    data = {f"region:{name}": [_mask(counts[0], ids), _mask(counts[1], [])] for name, ids in mesh.regions.items()}
    data |= {f"surface:{name}": [_mask(counts[0], []), _mask(counts[1], ids)] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_data=data)


def gmsh_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    """For Gmsh: a block of cells for each physical group."""
    _refuse_shared_names(mesh)
    nowhere = np.setdiff1d(np.arange(len(mesh.tetrahedra)), np.concatenate([*mesh.regions.values(), []]))
    blocks = [("tetra", mesh.tetrahedra[nowhere], 0)] if len(nowhere) else []
    numbered = enumerate(mesh.regions.items(), start=1)
    blocks += [("tetra", mesh.tetrahedra[ids], tag) for tag, (_, ids) in numbered]
    numbered = enumerate(mesh.surfaces.items(), start=1)
    blocks += [("triangle", faces, tag) for tag, (_, faces) in numbered]
    tags = [np.full(len(rows), tag, dtype=np.int32) for _, rows, tag in blocks]
    raw = meshio.Mesh(mesh.points, [(kind, rows) for kind, rows, _ in blocks])
    raw.cell_data = {"gmsh:physical": tags, "gmsh:geometrical": [tag + 1 for tag in tags]}
    raw.field_data = {name: np.array([tag, 3]) for tag, name in enumerate(mesh.regions, start=1)}
    raw.field_data |= {name: np.array([tag, 2]) for tag, name in enumerate(mesh.surfaces, start=1)}
    return raw


def abaqus_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    """For Abaqus: element sets."""
    _refuse_shared_names(mesh)
    triangles, places = _all_triangles(mesh)
    sets = {name: [ids, []] for name, ids in mesh.regions.items()}
    sets |= {name: [[], ids] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_sets=sets)


def _all_triangles(mesh: TetrahedralMesh) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Triangles of all surfaces, each once, and the places of each surface among them."""
    rows = np.vstack(list(mesh.surfaces.values()))
    _, first, inverse = np.unique(row_keys(rows), return_index=True, return_inverse=True)
    places = np.split(inverse, np.cumsum([len(faces) for faces in mesh.surfaces.values()])[:-1])
    return rows[first], dict(zip(mesh.surfaces, places, strict=True))


def _mask(count: int, members: Any) -> np.ndarray:
    mask = np.zeros(count, dtype=np.uint8)  # there is one for each name, as long as the mesh
    mask[np.asarray(members, dtype=np.int64)] = 1
    return mask


def _refuse_shared_names(mesh: TetrahedralMesh) -> None:
    shared = sorted(set(mesh.regions) & set(mesh.surfaces))
    if shared:
        raise InputError(f"in this format no region and surface can share a name; rename {', '.join(shared)}")
