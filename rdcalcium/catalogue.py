"""What the library holds: entries by kind and name, as tables."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from rdcalcium.errors import ModelError, suggest

FOLDER = Path(__file__).with_name("library")
SHELVES = ("buffers", "channels", "pumps", "sensors", "transports", "waveforms", "models")
CLOSEST = 6  # entries that are offered for a word that names none
_NOT_MODEL_KEYS = {"check", "cycles", "description", "like", "note"}


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
        raise ModelError(f"the library has no {kind.removesuffix('s')} {name!r}{_meant(name, [kind])}")
    return {k: v for k, v in known[name].items() if k not in _NOT_MODEL_KEYS}


def missing(word: str) -> ModelError:
    """What to raise for a word that is neither a kind nor the name of an entry."""
    return ModelError(f"the library has no {word!r}{_meant(word, SHELVES)}")


def _meant(word: str, kinds: Collection[str]) -> str:
    """How the sentence about a word that names no entry of some kinds ends."""
    found = closest(word, kinds)
    if not found:
        known = sorted(kinds if len(kinds) > 1 else entries(next(iter(kinds))))
        return f", and nothing like it; known: {', '.join(known)}"
    *others, last = [repr(name) for name in found]
    return f". Did you mean {', '.join(others)}{' or ' * bool(others)}{last}?"


def closest(word: str, kinds: Collection[str]) -> list[str]:
    """A few kinds and entries that a word may mean: by their names, then by what they are; hyphens do not matter."""
    known = {name: str(values.get("description", "")) for kind in kinds for name, values in entries(kind).items()}
    known |= dict.fromkeys(kinds if len(kinds) > 1 else (), "")
    spelt = [(text, name) for name in known for text in (_plain(name), _plain(name.split("_")[0]))]
    alike = difflib.get_close_matches(_plain(word), {text for text, _ in spelt}, n=CLOSEST)
    found = [name for text in alike for known_as, name in spelt if known_as == text]
    found += [name for name in known if _plain(word) and _plain(word) in _plain(name)]
    found += [name for name, text in known.items() if _plain(word) and _says(text, _plain(word))]
    return [*dict.fromkeys(found)][:CLOSEST]


def _says(text: str, word: str) -> bool:
    """Whether some words of a text begin like a plain one."""
    words = text.split()
    return any(_plain("".join(words[i:])).startswith(word) for i in range(len(words)))


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(letter for letter in text.lower() if letter.isalnum())
