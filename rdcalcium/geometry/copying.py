"""Copying the file of a mesh or of a surface, with what it cannot be read without."""

from __future__ import annotations

import re
import shutil
from itertools import chain, count
from pathlib import Path

from rdcalcium.geometry.tetgen import SUFFIXES

# "bouton.h5:/data0" as the whole text of a data item: the numbers of an XDMF file lie in HDF5 files beside it.
_HDF5_ITEM = re.compile(r">\s*([^<>:]+):(/[^<>]*)<")


def copy_geometry(path: Path, folder: Path) -> Path:
    """Copy a mesh or surface into a folder, with the HDF5 files that an XDMF names, or all of TetGen; the copy.

    One whose name is taken by a file from another folder has a number behind its name.
    """
    names = (f"{path.stem}{mark}{path.suffix}" for mark in chain([""], (f"_{i}" for i in count(2))))
    copy = next(folder / name for name in names if not (folder / name).exists())
    if path.suffix.lower() in SUFFIXES:
        for beside in filter(Path.exists, map(path.with_suffix, SUFFIXES)):
            shutil.copyfile(beside, copy.with_suffix(beside.suffix))
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
