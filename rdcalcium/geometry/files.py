"""Mesh files: Gmsh, VTU, XDMF and Abaqus, read and written so that no name is lost."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.geometry.abaqus import read_abaqus
from rdcalcium.geometry.contents import Contents, contents
from rdcalcium.geometry.mesh import TetrahedralMesh, row_keys


def read_mesh(
    path: str | Path, length_unit: str | float = "um", required_surfaces: Sequence[str] = ()
) -> TetrahedralMesh:
    """Read Gmsh (.msh 2.2 or 4.1), VTU, XDMF or Abaqus (.inp) with its named regions and surfaces.

    Names come from physical groups (Gmsh), from element, node and face sets (Abaqus), and in VTU and XDMF
    from cell arrays "surface:<name>" and "region:<name>" that hold 0 or 1, as write_mesh makes them. A group
    with a number alone is called "surface_3" or "region_3" (Gmsh) or "<array>_3" (any other integer cell
    array).

    length_unit        unit of the coordinates in the file, or its length in µm
    required_surfaces  names without which the caller cannot go on
    """
    path = Path(path)
    reader = _choice(path, {".msh": _read_gmsh, ".vtu": _read_arrays, ".xdmf": _read_arrays, ".inp": read_abaqus})
    if not path.exists():
        raise FileNotFoundError(f"there is no mesh file {path}")
    contents = reader(path)
    if not len(contents.tetrahedra):
        raise InputError(f"{path.name} has no tetrahedra; it holds {contents.others or 'no cells'}; save a volume mesh")
    scale = length_unit if isinstance(length_unit, int | float) else units.parse(f"1 {length_unit}", "length")
    try:
        mesh = TetrahedralMesh(contents.points * scale, contents.tetrahedra, contents.regions, contents.surfaces)
    except ValueError as error:
        raise InputError(f"{path.name}: {error}") from error
    for name in required_surfaces:
        if name not in mesh.surfaces:
            raise InputError(
                f"surface {name!r} of {path.name} has no faces; it names: {', '.join(sorted(mesh.surfaces))}"
            )
    return mesh


def write_mesh(mesh: TetrahedralMesh, path: str | Path) -> None:
    """Write Gmsh 2.2 (.msh), VTU, XDMF or Abaqus (.inp), in µm, so that read_mesh finds every name again."""
    path = Path(path)
    make, file_format, options = _choice(
        path,
        {
            # meshio writes no entities in Gmsh 4.1, and with them would go the physical groups
            ".msh": (_gmsh_blocks, "gmsh22", {}),
            ".vtu": (_array_blocks, "vtu", {}),
            ".xdmf": (_array_blocks, "xdmf", {}),
            ".inp": (_abaqus_blocks, "abaqus", {"float_fmt": ".17g"}),
        },
    )
    _meshio(lambda meshio: meshio.write(path, make(mesh, meshio), file_format=file_format, **options), path)


def _choice(path: Path, table: dict[str, Any]) -> Any:
    try:
        return table[path.suffix.lower()]
    except KeyError:
        known = ", ".join(table)
        raise InputError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a mesh format known here; available: {known}"
        ) from None


def _meshio(action: Callable, path: Path) -> Any:
    """Call meshio, which prints and exits on some failures; turn these into warnings and a ValueError."""
    import meshio

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = action(meshio)
    except OSError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{said.getvalue()} {'' if isinstance(error, SystemExit) else error}".split())
        raise InputError(f"{path.name} cannot be read or written as {path.suffix}: {reason or 'corrupt'}") from error
    if said.getvalue().strip():
        warnings.warn(f"{path.name}: {' '.join(said.getvalue().split())}", stacklevel=4)
    return result


def _read_arrays(path: Path) -> Contents:
    """VTU and XDMF: names of 0/1 arrays "surface:…" and "region:…", or integer tags of any array."""
    raw = _meshio(lambda meshio: meshio.read(path, file_format=path.suffix[1:].lower()), path)
    groups = [
        (kind, name, block, data == value)
        for array, blocks in raw.cell_data.items()
        for block, data in enumerate(blocks)
        for kind, name, value in _array_names(array, data, raw.cells[block].dim)
    ]
    return contents(raw, groups)


def _array_names(array: str, data: np.ndarray, dimension: int) -> list[tuple[str, str, int]]:
    kind, _, name = array.partition(":")
    if kind in ("surface", "region") and name:
        return [(kind, name, 1)] if kind == _kind(dimension) else []
    if data.ndim != 1 or data.dtype.kind not in "iu":
        return []
    tags = np.unique(data[data != 0])
    if len(tags) > 200:  # identities of cells, not names of parts
        return []
    label = _kind(dimension) if array in ("gmsh:physical", "medit:ref") else array
    return [(_kind(dimension), f"{label}_{tag}", tag) for tag in tags]


def _kind(dimension: int) -> str:
    return {2: "surface", 3: "region"}.get(dimension, "")


def _read_gmsh(path: Path) -> Contents:
    """Gmsh: physical groups; an entity in several groups lists its elements several times in format 2.2."""
    try:
        raw = _meshio(lambda meshio: meshio.read(path, file_format="gmsh"), path)
    except ValueError as error:
        return _read_with_gmsh(path, error)
    names = _physical_names(path)
    groups = []
    for block, tags in enumerate(raw.cell_data.get("gmsh:physical", [])):
        dimension = raw.cells[block].dim
        for tag in np.unique(tags[tags != 0]):
            name = names.get((dimension, int(tag)), f"{_kind(dimension)}_{tag}")
            groups.append((_kind(dimension), name, block, tags == tag))
    for name, blocks in raw.cell_sets.items():
        for block, members in enumerate(blocks):
            if name in raw.field_data and raw.field_data[name][1] == raw.cells[block].dim and np.size(members):
                groups.append((_kind(raw.cells[block].dim), name, block, np.asarray(members)))
    return contents(raw, groups)


def _read_with_gmsh(path: Path, error: ValueError) -> Contents:
    """Through Gmsh itself: meshio 5.3 cannot read files of format 4.1 with elements outside every group."""
    import meshio

    from rdcalcium.geometry.builders import gmsh_model

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
        for dimension, tag in [group for group in gmsh.model.getPhysicalGroups() if _kind(group[0])]:
            name = gmsh.model.getPhysicalName(dimension, tag) or f"{_kind(dimension)}_{tag}"
            for entity in gmsh.model.getEntitiesForPhysicalGroup(dimension, tag):
                groups.append((_kind(dimension), name, len(blocks), slice(None)))
                blocks.append(block("triangle" if dimension == 2 else "tetra", entity))
    return contents(meshio.Mesh(nodes.reshape(-1, 3), blocks), groups)


def _physical_names(path: Path) -> dict[tuple[int, int], str]:
    """(dimension, tag) -> name; meshio's own table drops a name that a surface and a volume share."""
    text = path.read_bytes().partition(b"$PhysicalNames")[2].partition(b"$EndPhysicalNames")[0]
    lines = [line.split(maxsplit=2) for line in text.decode().splitlines()]
    return {(int(line[0]), int(line[1])): line[2].strip().strip('"') for line in lines if len(line) == 3}


def _all_triangles(mesh: TetrahedralMesh) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Triangles of all surfaces, each once, and the places of each surface among them."""
    rows = np.vstack(list(mesh.surfaces.values()))
    _, first, inverse = np.unique(row_keys(rows), return_index=True, return_inverse=True)
    places = np.split(inverse, np.cumsum([len(faces) for faces in mesh.surfaces.values()])[:-1])
    return rows[first], dict(zip(mesh.surfaces, places, strict=True))


def _array_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    triangles, places = _all_triangles(mesh)
    counts = len(mesh.tetrahedra), len(triangles)
    data = {f"region:{name}": [_mask(counts[0], ids), _mask(counts[1], [])] for name, ids in mesh.regions.items()}
    data |= {f"surface:{name}": [_mask(counts[0], []), _mask(counts[1], ids)] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_data=data)


def _mask(count: int, members: Any) -> np.ndarray:
    mask = np.zeros(count, dtype=np.int32)
    mask[np.asarray(members, dtype=np.int64)] = 1
    return mask


def _refuse_shared_names(mesh: TetrahedralMesh) -> None:
    shared = sorted(set(mesh.regions) & set(mesh.surfaces))
    if shared:
        raise InputError(f"in this format no region and surface can share a name; rename {', '.join(shared)}")


def _gmsh_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
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


def _abaqus_blocks(mesh: TetrahedralMesh, meshio: Any) -> Any:
    _refuse_shared_names(mesh)
    triangles, places = _all_triangles(mesh)
    sets = {name: [ids, []] for name, ids in mesh.regions.items()}
    sets |= {name: [[], ids] for name, ids in places.items()}
    return meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra), ("triangle", triangles)], cell_sets=sets)
