"""Formats of mesh files, one file each, found by themselves: a new file with a `FORMAT` is a new format."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TypeVar

from rdcalcium.errors import InputError
from rdcalcium.geometry.formats.base import MeshFormat, Writer

Known = TypeVar("Known")


def found_formats() -> tuple[MeshFormat, ...]:
    """What the files beside this one say; a file without a format is shared by others."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return tuple(module.FORMAT for module in modules if hasattr(module, "FORMAT"))


FORMATS = {suffix: made for made in found_formats() for suffix in made.suffixes}
WRITERS: dict[str, Writer] = {suffix: made.write for suffix, made in sorted(FORMATS.items()) if made.write}


def of_suffix(path: Path, known: dict[str, Known]) -> Known:
    """What is known for the suffix of a file; InputError with all that are known."""
    try:
        return known[path.suffix.lower()]
    except KeyError:
        raise InputError(
            f"{path.name}: {path.suffix or 'no suffix'!r} is not a mesh format known here; "
            f"available: {', '.join(sorted(known))}"
        ) from None


__all__ = ["FORMATS", "WRITERS", "MeshFormat", "found_formats", "of_suffix"]
