"""Files .xdmf, whose numbers may lie in HDF5 files beside them: names from arrays over the cells."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rdcalcium.geometry.formats.base import MeshFormat
from rdcalcium.geometry.formats.cell_arrays import read_arrays, write_arrays

# "bouton.h5:/data0" as the whole text of a data item: the numbers of an XDMF file lie in HDF5 files beside it.
_HDF5_ITEM = re.compile(r">\s*([^<>:]+):(/[^<>]*)<")


def copy_with_numbers(path: Path, copy: Path) -> None:
    """Copy a file and the HDF5 files that it names; the copies lie side by side, wherever the originals did."""
    text = path.read_text(encoding="utf-8")
    for name in {match[1].strip() for match in _HDF5_ITEM.finditer(text)}:
        shutil.copyfile(path.parent / name, copy.with_name(Path(name).name))
    copy.write_text(_HDF5_ITEM.sub(lambda m: f">{Path(m[1].strip()).name}:{m[2]}<", text), encoding="utf-8")


FORMAT = MeshFormat((".xdmf",), read_arrays, write_arrays, copy=copy_with_numbers)
