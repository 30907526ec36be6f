"""STL files, as text or binary: three corners for each triangle, shared by none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.surfaces.triangles import Triangles, named

HEAD, EACH = 84, 50  # bytes before the first triangle of a binary file, and of each triangle


def read_stl(path: Path) -> Triangles:
    """Those of a file; a text with several solids has a name for each.

    Binary files too may begin with "solid", but no text has a byte 0. ValueError for a file that was cut off.
    """
    data = path.read_bytes()
    if data.lstrip()[:5].lower() == b"solid" and b"\0" not in data:
        return _text(data.decode(errors="replace").splitlines())
    if len(data) < HEAD:
        raise ValueError(f"it has {len(data)} bytes, and is neither a text that begins with 'solid' nor a binary file")
    count = int.from_bytes(data[HEAD - 4 : HEAD], "little")
    if not 0 <= len(data) - HEAD - EACH * count < EACH:
        raise ValueError(
            f"it has {len(data):,} bytes, and the {count:,} triangles that it says it has take {HEAD + EACH * count:,}"
        )
    kind = [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")]
    points = np.frombuffer(data, kind, count, HEAD)["corners"].reshape(-1, 3).astype(float)
    return named(points, np.arange(len(points)).reshape(-1, 3))


def _text(lines: list[str]) -> Triangles:
    points: list[list[float]] = []
    names: list[str] = []
    solid = ""
    for number, line in enumerate(lines, start=1):
        key, *words = line.split() or [""]
        if key.lower() == "solid":
            solid = " ".join(words)
        elif key.lower() == "vertex":
            points.append(coordinates(words, number))
        elif key.lower() == "endfacet":
            names.append(solid)
            if len(points) != 3 * len(names):
                raise ValueError(f"the triangle that ends in line {number} has not three corners")
    if len(points) != 3 * len(names):
        raise ValueError("it ends within a triangle")
    return named(np.array(points).reshape(-1, 3), np.arange(len(points)).reshape(-1, 3), names)


def coordinates(words: list[str], number: int) -> list[float]:
    """The three of a corner, in a line of such a number."""
    try:
        x, y, z = (float(word) for word in words[:3])
    except ValueError:
        raise ValueError(f"line {number} has no three numbers, but {' '.join(words)!r}") from None
    return [x, y, z]
