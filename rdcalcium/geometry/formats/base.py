"""What there is to say of a format of mesh files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rdcalcium.errors import InputError
from rdcalcium.geometry.contents import Contents
from rdcalcium.geometry.mesh import TetrahedralMesh

Writer = Callable[[TetrahedralMesh, Path], None]


def copy_alone(path: Path, copy: Path) -> None:
    """Copy a file beside which nothing else has to lie."""
    shutil.copyfile(path, copy)


@dataclass(frozen=True)
class MeshFormat:
    """How a format of mesh files is read, written and copied.

    suffixes      of its files, in small letters
    read          what is in a file, its points in the unit of the file; InputError where it is damaged
    write         a mesh into a file in µm, so that `read` finds every name again; none: such files are only read
    not_kept      letters that a name in such a file cannot have
    trims_names   whether spaces around a name get lost
    ignores_case  whether names that differ in capitals alone are the same
    names_once    whether a region and a surface cannot share a name
    copy          a file to another place, with what it cannot be read without
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path], Contents]
    write: Writer | None = None
    not_kept: str = ""
    trims_names: bool = False
    ignores_case: bool = False
    names_once: bool = False
    copy: Callable[[Path, Path], None] = copy_alone

    def require_kept(self, mesh: TetrahedralMesh, suffix: str) -> None:
        """InputError for a name that would come back as another one, or not at all."""
        for name in (*mesh.regions, *mesh.surfaces):
            if found := [letter for letter in name if letter in self.not_kept + "\n"]:
                raise InputError(f"{suffix} files cannot keep the name {name!r}, for it has {found[0]!r}: rename it")
            if self.trims_names and name != name.strip():
                raise InputError(f"{suffix} files cannot keep the spaces around the name {name!r}: rename it")
        spelt: dict[str, str] = {}
        for name in (*mesh.regions, *mesh.surfaces) if self.ignores_case else ():
            if (other := spelt.setdefault(name.upper(), name)) != name:
                raise InputError(f"in {suffix} files {other!r} and {name!r} are one name; rename one of them")
        if self.names_once and (shared := sorted(set(mesh.regions) & set(mesh.surfaces))):
            raise InputError(f"in {suffix} files no region and surface can share a name; rename {', '.join(shared)}")
