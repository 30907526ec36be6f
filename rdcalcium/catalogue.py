"""What the library holds: entries by kind and name, as tables."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from rdcalcium.errors import ModelError, suggest

FOLDER = Path(__file__).with_name("library")
SHELVES = ("buffers", "channels", "pumps", "sensors", "transports", "waveforms", "models")
_NOT_MODEL_KEYS = {"check", "description", "like", "note"}


@cache
def entries(kind: str) -> dict[str, dict[str, Any]]:
    """All entries of one of SHELVES: name -> values."""
    if kind not in SHELVES:
        raise ModelError(f"the library has no {kind!r}; {suggest(kind, SHELVES)}")
    if kind == "models":
        paths = sorted((FOLDER / "models").glob("*.toml"))
        return {p.stem: {"description": _table(p).get("title", ""), "file": str(p)} for p in paths}
    table = _table(FOLDER / "waveforms" / "waveforms.toml" if kind == "waveforms" else FOLDER / f"{kind}.toml")
    return {name: _whole(table, name, ()) for name in table}


def _whole(table: dict[str, dict[str, Any]], name: str, followed: tuple[str, ...]) -> dict[str, Any]:
    """An entry with what it does not say itself from the one that it is like, and so on."""
    said = table[name]
    if "like" not in said:
        return said
    other = said["like"]
    if other not in table:
        raise ModelError(f"the entry {name!r} is like {other!r}, which is not there; {suggest(other, table)}")
    if other in (name, *followed):
        raise ModelError(f"the entries {name!r} and {other!r} are like each other; one must say it all")
    return {**_whole(table, other, (name, *followed)), **said}


@cache
def references() -> dict[str, dict[str, str]]:
    """The papers that the entries cite, by key: citation and doi."""
    return _table(FOLDER / "references.toml")


def _table(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def entry(kind: str, name: str) -> dict[str, Any]:
    """Values of one library entry, as they would stand in a model file."""
    known = entries(kind)
    if name not in known:
        raise ModelError(f"the library has no {kind.removesuffix('s')} {name!r}; {suggest(name, known)}")
    return {k: v for k, v in known[name].items() if k not in _NOT_MODEL_KEYS}
