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
    return {name: {**table.get(entry.get("like", ""), {}), **entry} for name, entry in table.items()}


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
