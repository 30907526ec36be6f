"""Copying a mesh file, with what it cannot be read without."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rdcalcium.geometry.tetgen import SUFFIXES

# "bouton.h5:/data0" as the whole text of a data item: the numbers of an XDMF file lie in HDF5 files beside it.
_HDF5_ITEM = re.compile(r">\s*([^<>:]+):(/[^<>]*)<")


def copy_mesh(path: Path, folder: Path) -> Path:
    """Copy a mesh file into a folder, with the HDF5 files that an XDMF names, or all of TetGen; returns the copy."""
    copy = folder / path.name
    if path.suffix.lower() in SUFFIXES:
        for beside in filter(Path.exists, map(path.with_suffix, SUFFIXES)):
            shutil.copyfile(beside, folder / beside.name)
        return copy
    if path.suffix.lower() != ".xdmf":
        shutil.copyfile(path, copy)
        return copy
    text = path.read_text(encoding="utf-8")
    for name in {match[1].strip() for match in _HDF5_ITEM.finditer(text)}:
        shutil.copyfile(path.parent / name, folder / Path(name).name)
    # The copies lie side by side, wherever the originals did.
    copy.write_text(_HDF5_ITEM.sub(lambda m: f">{Path(m[1].strip()).name}:{m[2]}<", text), encoding="utf-8")
    return copy
