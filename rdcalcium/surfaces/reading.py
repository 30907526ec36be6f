"""STL, OBJ and PLY files: triangles, and the names that groups, materials or solids give them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.surfaces.triangles import Triangles, named


def read_triangles(path: Path) -> Triangles:
    """What a file holds, in its own unit; polygons are cut into triangles."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a format of surfaces known here; available: "
            f"{', '.join(READERS)}"
        )
    if not path.exists():
        raise InputError(f"there is no surface file {path}")
    try:
        found = reader(path)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as {path.suffix}: {error}") from error
    if not len(found.faces):
        raise InputError(f"{path.name} has no triangles")
    if not np.isfinite(found.points).all():
        raise InputError(f"{path.name} has corners whose coordinates are not finite")
    return found


def _stl(path: Path) -> Triangles:
    """Three corners for each triangle, shared by none; a text with several solids has a name for each."""
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little") if len(data) >= 84 else -1
    if len(data) == 84 + 50 * count:
        kept = np.frombuffer(data, dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")], offset=84)
        points = kept["corners"].reshape(-1, 3).astype(float)
        return named(points, np.arange(len(points)).reshape(-1, 3))
    if not data.lstrip()[:5].lower() == b"solid":
        raise ValueError(f"it has {len(data)} bytes, and {84 + 50 * count} are said")
    points_of: list[list[str]] = []
    names: list[str] = []
    solid = ""
    for line in data.decode(errors="replace").splitlines():
        words = line.split()
        if words and words[0].lower() == "solid":
            solid = " ".join(words[1:])
        if words and words[0].lower() == "vertex":
            points_of.append(words[1:4])
        if words and words[0].lower() == "endfacet":
            names.append(solid)
    points = np.array(points_of, dtype=float).reshape(-1, 3)
    return named(points, np.arange(len(points)).reshape(-1, 3), names)


def _obj(path: Path) -> Triangles:
    """Names are materials, where there are several; else groups, else objects."""
    points, faces = [], []
    now = {"usemtl": "", "g": "", "o": ""}
    names: dict[str, list[str]] = {key: [] for key in now}
    for line in path.read_text(errors="replace").splitlines():
        key, *words = line.split() or [""]
        if key == "v":
            points.append([float(word) for word in words[:3]])
        elif key in now:
            now[key] = " ".join(words)
        elif key == "f":
            corners = [_number(word, len(points)) for word in words]
            faces += _fan(corners)
            for kind in now:
                names[kind] += [now[kind]] * (len(corners) - 2)
    kind = next((kind for kind in now if len({*names[kind]}) > 1), "g")
    return named(np.array(points).reshape(-1, 3), np.array(faces, dtype=np.int64).reshape(-1, 3), names[kind])


def _number(word: str, count: int) -> int:
    """Of a corner in an OBJ: from 1 on, or backwards from the last one; texture and normal stand behind a stroke."""
    number = int(word.partition("/")[0])
    found = number - 1 if number > 0 else count + number
    if not 0 <= found < count:
        raise ValueError(f"a face names corner {number} of {count}")
    return found


def _fan(corners: list[int]) -> list[list[int]]:
    return [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]


def _ply(path: Path) -> Triangles:
    """Through meshio; a PLY has no names."""
    import meshio

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            raw = meshio.read(path, file_format="ply")
    except (Exception, SystemExit) as error:
        raise ValueError(str(error) or "it is damaged") from error
    blocks = [block.data for block in raw.cells if block.dim == 2]
    faces = [triangle for data in blocks for row in np.asarray(data).tolist() for triangle in _fan(row)]
    return named(np.asarray(raw.points, dtype=float)[:, :3], np.array(faces, dtype=np.int64).reshape(-1, 3))


READERS: dict[str, Callable[[Path], Triangles]] = {".stl": _stl, ".obj": _obj, ".ply": _ply}
