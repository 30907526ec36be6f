"""What the library holds: entries by kind and name, as tables."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rdcalcium.model import ModelError, read_toml
from rdcalcium.model.mistakes import suggest

FOLDER = Path(str(files("rdcalcium.library")))
KINDS = ("buffers", "channels", "sensors", "waveforms", "models")
_NOT_MODEL_KEYS = {"description", "like"}


@cache
def entries(kind: str) -> dict[str, dict[str, Any]]:
    """All entries of one kind ("buffers", "channels", "sensors", "waveforms", "models"): name -> values."""
    if kind not in KINDS:
        raise ModelError(f"the library has no {kind!r}; {suggest(kind, KINDS)}")
    if kind == "models":
        paths = sorted((FOLDER / "models").glob("*.toml"))
        return {p.stem: {"description": read_toml(p).get("title", ""), "file": str(p)} for p in paths}
    file = FOLDER / "waveforms" / "waveforms.toml" if kind == "waveforms" else FOLDER / f"{kind}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: {**table.get(entry.get("like", ""), {}), **entry} for name, entry in table.items()}


def entry(kind: str, name: str) -> dict[str, Any]:
    """Values of one library entry, as they would stand in a model file."""
    known = entries(kind)
    if name not in known:
        raise ModelError(f"the library has no {kind.removesuffix('s')} {name!r}; {suggest(name, list(known))}")
    return {k: v for k, v in known[name].items() if k not in _NOT_MODEL_KEYS}
