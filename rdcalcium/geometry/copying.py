"""Copying the file of a mesh or of a surface, with what it cannot be read without."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

from rdcalcium.geometry.formats import FORMATS
from rdcalcium.geometry.formats.base import copy_alone


def copy_geometry(path: Path, folder: Path) -> Path:
    """Copy a mesh or surface into a folder, with the files beside it that its format needs; the copy.

    One whose name is taken by a file from another folder has a number behind its name.
    """
    names = (f"{path.stem}{mark}{path.suffix}" for mark in chain([""], (f"_{i}" for i in count(2))))
    copy = next(folder / name for name in names if not (folder / name).exists())
    known = FORMATS.get(path.suffix.lower())
    (known.copy if known else copy_alone)(path, copy)
    return copy
