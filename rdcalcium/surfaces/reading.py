"""STL, OBJ and PLY files: triangles, and the names that groups, materials or solids give them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.stl import coordinates, read_stl
from rdcalcium.surfaces.triangles import Triangles, named


def read_triangles(path: Path) -> Triangles:
    """What a file holds, in its own unit; polygons are cut into triangles."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a format of surfaces known here; available: "
            f"{', '.join(READERS)}"
        )
    if not path.is_file():
        raise InputError(f"there is no surface file {path}")
    try:
        found = reader(path)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as {path.suffix}: {error}") from error
    if not len(found.faces):
        raise InputError(f"{path.name} has no triangles")
    if found.faces.max() >= len(found.points) or found.faces.min() < 0:
        raise InputError(f"{path.name} has triangles with corners beyond the {len(found.points):,} that it holds")
    if not np.isfinite(found.points).all():
        raise InputError(f"{path.name} has corners whose coordinates are not finite")
    return found


def _obj(path: Path) -> Triangles:
    """Names are materials, where there are several; else groups, else objects."""
    points, faces = [], []
    now = {"usemtl": "", "g": "", "o": ""}
    names: dict[str, list[str]] = {key: [] for key in now}
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
        key, *words = line.split() or [""]
        if key == "v":
            points.append(coordinates(words, number))
        elif key in now:
            now[key] = " ".join(words)
        elif key == "f":
            corners = [_corner(word, len(points), number) for word in words]
            faces += _fan(corners)
            for kind in now:
                names[kind] += [now[kind]] * (len(corners) - 2)
    kind = next((kind for kind in now if len({*names[kind]}) > 1), "g")
    return named(np.array(points).reshape(-1, 3), np.array(faces, dtype=np.int64).reshape(-1, 3), names[kind])


def _corner(word: str, count: int, line: int) -> int:
    """Of a corner in an OBJ: from 1 on, or backwards from the last one; texture and normal stand behind a stroke."""
    try:
        number = int(word.partition("/")[0])
    except ValueError:
        raise ValueError(f"line {line} names a corner {word!r}, which is no number") from None
    found = number - 1 if number > 0 else count + number
    if not 0 <= found < count:
        raise ValueError(f"line {line} names corner {number} of {count}")
    return found


def _fan(corners: list[int]) -> list[list[int]]:
    return [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]


def _ply(path: Path) -> Triangles:
    """Through meshio; a PLY has no names."""
    import meshio

    if b"end_header" not in [
        line.strip() for line in path.read_bytes().split(b"\n")
    ]:  # meshio would look for it for ever
        raise ValueError("its header has no end")
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            raw = meshio.read(path, file_format="ply")
    except (Exception, SystemExit) as error:
        raise ValueError("it does not hold the corners and faces that its header says") from error
    blocks = [block.data for block in raw.cells if block.dim == 2]
    faces = [triangle for data in blocks for row in np.asarray(data).tolist() for triangle in _fan(row)]
    return named(np.asarray(raw.points, dtype=float)[:, :3], np.array(faces, dtype=np.int64).reshape(-1, 3))


READERS: dict[str, Callable[[Path], Triangles]] = {".stl": read_stl, ".obj": _obj, ".ply": _ply}
