"""Gmsh files of format 2.2 and 4.1: names of regions and surfaces from physical groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rdcalcium.geometry.contents import Contents, collected, kind_of
from rdcalcium.geometry.formats.base import MeshFormat
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.through_meshio import call_meshio


def read_gmsh(path: Path) -> Contents:
    """Physical groups; an entity in several groups lists its elements several times in format 2.2."""
    try:
        raw = call_meshio(lambda meshio: meshio.read(path, file_format="gmsh"), path)
    except ValueError as error:
        return _read_with_gmsh(path, error)
    names = _physical_names(path)
    groups = []
    for block, tags in enumerate(raw.cell_data.get("gmsh:physical", [])):
        dimension = raw.cells[block].dim
        for tag in np.unique(tags[tags != 0]):
            name = names.get((dimension, int(tag)), f"{kind_of(dimension)}_{tag}")
            groups.append((kind_of(dimension), name, block, tags == tag))
    for name, blocks in raw.cell_sets.items():
        for block, members in enumerate(blocks):
            if name in raw.field_data and raw.field_data[name][1] == raw.cells[block].dim and np.size(members):
                groups.append((kind_of(raw.cells[block].dim), name, block, np.asarray(members)))
    return collected(raw, groups)


def _read_with_gmsh(path: Path, error: ValueError) -> Contents:
    """Through Gmsh itself: meshio 5.3 cannot read files of format 4.1 with elements outside every group."""
    import meshio

    from rdcalcium.geometry.meshing import gmsh_model

    with gmsh_model() as gmsh:
        try:
            gmsh.merge(str(path))
        except Exception:
            raise error from None
        tags, nodes, _ = gmsh.model.mesh.getNodes()
        order = np.argsort(tags)

        def block(kind: str, entity: int = -1) -> tuple[str, np.ndarray]:
            code, corners = {"triangle": (2, 3), "tetra": (4, 4)}[kind]
            labels = gmsh.model.mesh.getElementsByType(code, entity)[1]
            return kind, order[np.searchsorted(tags[order], labels)].reshape(-1, corners)

        blocks, groups = [block("tetra")], []
        for dimension, tag in [group for group in gmsh.model.getPhysicalGroups() if kind_of(group[0])]:
            name = gmsh.model.getPhysicalName(dimension, tag) or f"{kind_of(dimension)}_{tag}"
            for entity in gmsh.model.getEntitiesForPhysicalGroup(dimension, tag):
                groups.append((kind_of(dimension), name, len(blocks), slice(None)))
                blocks.append(block("triangle" if dimension == 2 else "tetra", entity))
        solids = ", ".join(
            f"{len(gmsh.model.mesh.getElementsByType(code)[0])} {gmsh.model.mesh.getElementProperties(code)[0]}"
            for code in gmsh.model.mesh.getElementTypes(3)
            if code != 4
        )
    return replace(collected(meshio.Mesh(nodes.reshape(-1, 3), blocks), groups), solids=solids)


def _physical_names(path: Path) -> dict[tuple[int, int], str]:
    """(dimension, tag) -> name; meshio's own table drops a name that a surface and a volume share."""
    text = path.read_bytes().partition(b"$PhysicalNames")[2].partition(b"$EndPhysicalNames")[0]
    lines = [line.split(maxsplit=2) for line in text.decode(errors="replace").splitlines()]
    return {(int(line[0]), int(line[1])): line[2].strip().strip('"') for line in lines if len(line) == 3}


def write_gmsh(mesh: TetrahedralMesh, path: Path) -> None:
    """Format 2.2, a block of cells for each physical group.

    In format 4.1 meshio writes no entities, and with them would go the physical groups.
    """
    nowhere = np.setdiff1d(np.arange(len(mesh.tetrahedra)), np.concatenate([*mesh.regions.values(), []]))
    blocks = [("tetra", mesh.tetrahedra[nowhere], 0)] if len(nowhere) else []
    blocks += [("tetra", mesh.tetrahedra[ids], tag) for tag, ids in enumerate(mesh.regions.values(), start=1)]
    blocks += [("triangle", faces, tag) for tag, faces in enumerate(mesh.surfaces.values(), start=1)]
    tags = [np.full(len(rows), tag, dtype=np.int32) for _, rows, tag in blocks]
    names = {name: np.array([tag, 3]) for tag, name in enumerate(mesh.regions, start=1)}
    names |= {name: np.array([tag, 2]) for tag, name in enumerate(mesh.surfaces, start=1)}
    cells, data = [(kind, rows) for kind, rows, _ in blocks], {"gmsh:physical": tags}
    data["gmsh:geometrical"] = [tag + 1 for tag in tags]
    call_meshio(
        lambda meshio: meshio.write(
            path, meshio.Mesh(mesh.points, cells, cell_data=data, field_data=names), file_format="gmsh22"
        ),
        path,
    )


FORMAT = MeshFormat((".msh",), read_gmsh, write_gmsh, not_kept='"', names_once=True)
