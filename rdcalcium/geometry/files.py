"""Mesh files, read and written so that no name is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.geometry.contents import Contents
from rdcalcium.geometry.formats import FORMATS, WRITERS, of_suffix
from rdcalcium.geometry.mending import mended, of_surface
from rdcalcium.geometry.mesh import TetrahedralMesh, require_arrays
from rdcalcium.geometry.overlaps import require_no_overlap


def read_mesh(
    path: str | Path, length_unit: str | float = "um", required_surfaces: Sequence[str] = ()
) -> TetrahedralMesh:
    """Read a mesh with its names from a file whose suffix says the format: .msh, .vtu, .xdmf, .inp, .node, .ele, .face.

    Names come from physical groups (Gmsh), from element, node and face sets (Abaqus), and in VTU and XDMF
    from cell arrays "surface:<name>" and "region:<name>" that hold 0 or 1, as write_mesh makes them. A group
    with a number alone is called "surface_3" or "region_3" (Gmsh, TetGen) or "<array>_3" (any other integer
    cell array). What is wrong with the tetrahedra, and what was done about it, is in the `remarks` of the mesh.

    length_unit        unit of the coordinates in the file, or its length in µm
    required_surfaces  names without which the caller cannot go on
    """
    path = Path(path)
    file_format = of_suffix(path, FORMATS)
    if not path.is_file():
        raise InputError(f"there is no mesh file {path}")
    contents = file_format.read(path)
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
    return mesh.with_remarks([*contents.remarks, *remarks, *of_surface(mesh)])


def write_mesh(mesh: TetrahedralMesh, path: str | Path) -> None:
    """Write a mesh in µm, so that read_mesh finds every name again; the suffix says how: .msh, .vtu, .xdmf or .inp.

    InputError for a name that a format cannot keep.
    """
    path = Path(path)
    require_place(path)
    of_suffix(path, FORMATS).require_kept(mesh, path.suffix)
    of_suffix(path, WRITERS)(mesh, path)


def require_place(path: Path) -> None:
    """Refuse a mesh file of no format that is written, or in no folder; before there is a mesh."""
    of_suffix(path, WRITERS)
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path.name}: there is no folder {path.parent}; make it, or choose another one")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; say the name of a file")
