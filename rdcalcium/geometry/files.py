"""Mesh files: Gmsh, VTU, XDMF, Abaqus and TetGen, read and written so that no name is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.geometry.abaqus import read_abaqus
from rdcalcium.geometry.array_file import read_arrays
from rdcalcium.geometry.contents import Contents
from rdcalcium.geometry.gmsh_file import read_gmsh
from rdcalcium.geometry.mending import mended, of_surface
from rdcalcium.geometry.mesh import TetrahedralMesh, require_arrays
from rdcalcium.geometry.overlaps import require_no_overlap
from rdcalcium.geometry.tetgen import SUFFIXES, read_tetgen
from rdcalcium.geometry.through_meshio import call_meshio
from rdcalcium.geometry.write import abaqus_blocks, array_blocks, gmsh_blocks

READERS = {".msh": read_gmsh, ".vtu": read_arrays, ".xdmf": read_arrays, ".inp": read_abaqus}
READERS |= dict.fromkeys(SUFFIXES, read_tetgen)
NOT_KEPT = {".msh": '"', ".vtu": '"<>&', ".inp": ',"'}  # letters that end a name there


def read_mesh(
    path: str | Path, length_unit: str | float = "um", required_surfaces: Sequence[str] = ()
) -> TetrahedralMesh:
    """Read Gmsh (.msh 2.2 or 4.1), VTU, XDMF, Abaqus (.inp) or TetGen (.node with .ele, .face) with its names.

    Names come from physical groups (Gmsh), from element, node and face sets (Abaqus), and in VTU and XDMF
    from cell arrays "surface:<name>" and "region:<name>" that hold 0 or 1, as write_mesh makes them. A group
    with a number alone is called "surface_3" or "region_3" (Gmsh, TetGen) or "<array>_3" (any other integer
    cell array). What is wrong with the tetrahedra, and what was done about it, is in the `remarks` of the mesh.

    length_unit        unit of the coordinates in the file, or its length in µm
    required_surfaces  names without which the caller cannot go on
    """
    path = Path(path)
    reader = _choice(path, READERS)
    if not path.is_file():
        raise InputError(f"there is no mesh file {path}")
    contents = reader(path)
    if not len(contents.tetrahedra):
        raise InputError(
            f"{path.name} has no tetrahedra; it holds {contents.others or 'no cells'}; save a volume mesh of first "
            "order, whose tetrahedra have four corners"
        )
    if contents.solids:
        raise InputError(
            f"{path.name} holds {contents.solids} beside {len(contents.tetrahedra)} tetrahedra of four corners, and "
            "these alone would be the terminal: mesh all of it in tetrahedra of first order"
        )
    scale = length_unit if isinstance(length_unit, int | float) else units.parse(f"1 {length_unit}", "length")
    try:
        mesh = _checked(replace(contents, points=contents.points * scale))
    except ValueError as error:
        raise InputError(f"{path.name}: {error}") from error
    for name in required_surfaces:
        if name not in mesh.surfaces:
            raise InputError(
                f"surface {name!r} of {path.name} has no faces; it names: {', '.join(sorted(mesh.surfaces))}"
            )
    return mesh


def _checked(contents: Contents) -> TetrahedralMesh:
    """The mesh, with remarks on what was wrong; contents with points in µm."""
    require_arrays(contents.points, contents.tetrahedra)
    contents, remarks = mended(contents)
    mesh = TetrahedralMesh(contents.points, contents.tetrahedra, contents.regions, contents.surfaces)
    require_no_overlap(mesh)
    return mesh.with_remarks([*remarks, *of_surface(mesh)])


def write_mesh(mesh: TetrahedralMesh, path: str | Path) -> None:
    """Write Gmsh 2.2 (.msh), VTU, XDMF or Abaqus (.inp), in µm, so that read_mesh finds every name again.

    InputError for a name that a format cannot keep.
    """
    path = Path(path)
    _require_kept(mesh, path)
    make, file_format, options = _choice(
        path,
        {
            # meshio writes no entities in Gmsh 4.1, and with them would go the physical groups
            ".msh": (gmsh_blocks, "gmsh22", {}),
            ".vtu": (array_blocks, "vtu", {}),
            ".xdmf": (array_blocks, "xdmf", {}),
            ".inp": (abaqus_blocks, "abaqus", {"float_fmt": ".17g"}),
        },
    )
    call_meshio(lambda meshio: meshio.write(path, make(mesh, meshio), file_format=file_format, **options), path)


def _require_kept(mesh: TetrahedralMesh, path: Path) -> None:
    """InputError for a name that would come back as another one, or not at all."""
    not_kept = NOT_KEPT.get(path.suffix.lower(), "")
    for name in (*mesh.regions, *mesh.surfaces):
        if found := [letter for letter in name if letter in not_kept + "\n"]:
            raise InputError(f"{path.suffix} files cannot keep the name {name!r}, for it has {found[0]!r}: rename it")
        if path.suffix.lower() == ".inp" and name != name.strip():
            raise InputError(f"{path.suffix} files cannot keep the spaces around the name {name!r}: rename it")


def _choice(path: Path, table: dict[str, Any]) -> Any:
    try:
        return table[path.suffix.lower()]
    except KeyError:
        known = ", ".join(table)
        raise InputError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a mesh format known here; available: {known}"
        ) from None
