"""Abaqus .inp files: nodes, elements, and the sets and surfaces that name them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.contents import Contents, first_of_each
from rdcalcium.geometry.formats.abaqus_keywords import keywords_of
from rdcalcium.geometry.formats.abaqus_model import AbaqusModel
from rdcalcium.geometry.formats.base import MeshFormat
from rdcalcium.geometry.formats.triangles import all_triangles
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh, among, row_keys
from rdcalcium.geometry.through_meshio import call_meshio

_ABAQUS_SOLIDS = ("C3D", "DC3D", "AC3D")  # but C3D4, which are read


def read_abaqus(path: Path) -> Contents:
    """Abaqus: sets of tetrahedra are regions; sets of triangles or nodes and *SURFACE are surfaces.

    Read here because meshio 5.3 loses *SURFACE and sets of sets, misplaces sets named on *ELEMENT lines, and takes the
    labels of all parts for those of one.
    """
    try:
        return _contents(AbaqusModel(keywords_of(path)))
    except (ValueError, KeyError, IndexError) as error:
        raise InputError(f"{path.name} cannot be read as .inp: {error}") from error


def write_abaqus(mesh: TetrahedralMesh, path: Path) -> None:
    """Element sets of tetrahedra and of triangles."""
    triangles, places = all_triangles(mesh)
    sets = {name: [ids, []] for name, ids in mesh.regions.items()}
    sets |= {name: [[], ids] for name, ids in places.items()}
    cells = [("tetra", mesh.tetrahedra), ("triangle", triangles)]
    call_meshio(
        lambda meshio: meshio.write(
            path, meshio.Mesh(mesh.points, cells, cell_sets=sets), file_format="abaqus", float_fmt=".17g"
        ),
        path,
    )


def _contents(model: AbaqusModel) -> Contents:
    """Tetrahedra and names of what a file says."""
    solid = [k for k, corners in enumerate(model.elements) if len(corners) == 4]
    place = {number: k for k, number in enumerate(solid)}
    tetrahedra = np.array([model.elements[k] for k in solid], dtype=np.int64).reshape(-1, 4)
    regions: dict[str, list[int]] = {}
    surfaces: dict[str, list[list[int]]] = {}
    nodes: dict[str, list[int]] = {}
    for kind, name, numbers in model.names():
        if kind == "NSET":
            nodes.setdefault(name, []).extend(numbers)
            continue
        regions[name] = [place[k] for k in numbers if k in place]
        surfaces[name] = [model.elements[k] for k in numbers if k not in place]
    for name, faces in model.surfaces():
        surfaces.setdefault(name, []).extend(faces)
    found = {name: np.array(faces, dtype=np.int64) for name, faces in surfaces.items() if faces}
    for name, numbers in nodes.items():
        if name not in found:
            found[name] = _boundary_on(tetrahedra, numbers, len(model.points))
    counts = {"S3": len(model.elements) - len(solid)} | model.others
    return Contents(
        np.array(model.points, dtype=float).reshape(-1, 3),
        tetrahedra,
        {name: np.array(ids, dtype=np.int64) for name, ids in regions.items() if ids},
        {name: faces[first_of_each(faces)] for name, faces in found.items() if len(faces)},
        ", ".join(f"{count} {kind}" for kind, count in counts.items() if count),
        ", ".join(f"{count} {kind}" for kind, count in model.others.items() if kind.startswith(_ABAQUS_SOLIDS)),
    )


def _boundary_on(tetrahedra: np.ndarray, nodes: list[int], count: int) -> np.ndarray:
    """Boundary faces of which every corner is among some of the points."""
    inside = np.zeros(count, dtype=bool)
    inside[nodes] = True
    faces = tetrahedra[:, FACES].reshape(-1, 3)
    faces = faces[inside[faces].all(axis=1)]
    keys, counts = np.unique(row_keys(faces), return_counts=True)
    return faces[among(row_keys(faces), keys[counts == 1])] if len(faces) else faces


FORMAT = MeshFormat(
    (".inp",), read_abaqus, write_abaqus, not_kept=',"', trims_names=True, ignores_case=True, names_once=True
)
