"""A model file that is `like` another: what it changes, adds and leaves out there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel

from rdcalcium.catalogue import entries
from rdcalcium.errors import ModelError, nearest, suggest
from rdcalcium.model import Model
from rdcalcium.model.base import Part
from rdcalcium.model.checked import validate_as
from rdcalcium.model.kinds import kinds_in


@cache
def named_lists(whole: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Key of each list of parts with names -> their kind: of a model its buffers, of a store its transports."""
    return {
        key: kind
        for key, field in whole.model_fields.items()
        for kind in kinds_in(field.annotation)
        if get_origin(field.annotation) is tuple and "name" in kind.model_fields
    }


def other_file(like: object, folder: Path, origin: str) -> Path:
    """The file of the model that another in this folder is like: one of the library, or at a path from there."""
    known = entries("models")
    if not isinstance(like, str):
        raise ModelError(
            f"{origin}: 'like' is {like!r}; write the name of a library model, or the path of a model file"
        )
    path = Path(known[like]["file"]) if like in known else (folder / like).resolve()
    if not path.is_file():
        close = nearest(like, [*(file.name for file in folder.glob("*.toml") if file.name != origin), *known])
        raise ModelError(
            f"{origin}: 'like' is {like!r}, neither a file beside it nor a model of the library; "
            + (f"did you mean {close!r}?" if close else suggest(like, known))
        )
    return path


def with_changes(known: Model, said: dict[str, Any], without: object, origin: str, other: str) -> dict[str, Any]:
    """The tables of a model that is like a known one, not checked as a whole yet.

    A part whose name is known changes, any other comes after those that are there.

    said     what is different
    without  names of parts, and keys of lists of them, that are left out
    other    what the known one is called
    """
    return _changed(known, said, _gone(known, without, f"{origin}: 'without' names", other), origin, other)


def _changed(known: Part, said: dict[str, Any], gone: set[str], origin: str, other: str) -> dict[str, Any]:
    """The same of a model, or of a part that has such lists, without the names that are gone."""
    lists = {}
    for key in named_lists(type(known)):
        tables = said.get(key, ())
        if not isinstance(tables, (list, tuple)):  # the check of the whole says what is wrong with it
            continue
        lists[key] = _by_name(known, key, tables, gone, origin, other) if tables or key not in said else []
    return known.merged({**said, **lists})


def _gone(known: Model, without: object, names: str, other: str) -> set[str]:
    """What is left out; ModelError where it is not there."""
    if not isinstance(without, list) or not all(isinstance(one, str) for one in without):
        raise ModelError(f'{names} {without!r}; write a list of names, such as without = ["EGTA"]')
    there = {*_said_in(known)}
    for one in without:
        if one not in there:
            raise ModelError(f"{names} {one!r}, which is not in {other}; {suggest(one, there)}")
    return {*without}


def _said_in(whole: Part) -> Iterator[str]:
    """Keys of the lists of a part, the names of their parts, and those in these."""
    for key in named_lists(type(whole)):
        yield key
        for part in getattr(whole, key):
            yield part.name
            yield from _said_in(part)


def _by_name(known: Part, key: str, tables: Sequence[Any], gone: set[str], origin: str, other: str) -> list[Any]:
    """Tables as changes of the parts with their names, and those of other names after them."""
    parts = () if key in gone else tuple(part for part in getattr(known, key) if part.name not in gone)
    kind, names, changes, added = named_lists(type(known))[key], [part.name for part in parts], {}, []
    for table in tables:
        name = _name(table, kind)
        if names.count(name) > 1:  # transports of a store may share one
            raise ModelError(f"{origin}: {other} has {names.count(name)} {key} called {name!r}; name them apart there")
        if name in names and name not in changes:  # a second one is another part, which the model may refuse
            changes[name] = table
            continue
        if isinstance(table, dict):
            _require_new(key, kind, parts, table, origin, other)
        added.append(table)
    there = [
        _changed(part, changes.get(part.name, {}), gone, origin, f"{part.name!r} of {other}")
        if part.name in changes or gone & {*_said_in(part)}
        else part
        for part in parts
    ]
    return there + added


def _name(table: Any, kind: type[BaseModel]) -> str | None:
    """What a table is called: as it says, else as its entry of the library, else as those of its kind are."""
    usual = kind.model_fields["name"].default
    name = table.get("name", table.get("use", usual)) if isinstance(table, dict) else None
    return name.strip() if isinstance(name, str) else None


def _require_new(
    key: str, kind: type[BaseModel], parts: Sequence[Any], table: dict[str, Any], origin: str, other: str
) -> None:
    """A table that changes no part has to be one of its own, and not the same again."""
    entry = table.get("use") if "name" not in table else None
    same = [part.name for part in parts if entry and part.name != entry == getattr(part, "use", None)]
    if same:
        raise ModelError(
            f"{origin}: {table['use']!r} is among the {key} of {other} as {same[0]!r}; write name = {same[0]!r} to "
            "change that, or another name to have both"
        )
    names, name = [part.name for part in parts], _name(table, kind)
    if name is None or "name" not in table or not (nearest(name, names) or "use" not in table):
        return
    try:
        validate_as(kind, table, repr(name))
    except ModelError as error:
        raise ModelError(
            f"{origin}: {other} has no {name!r} among its {key}; {suggest(name, names)}\n  as one of its own, {error}"
        ) from None


def differences(known: Part, model: Part) -> Iterator[str]:
    """What a model, or a part, changes, adds and leaves out of a known one, in words: "buffers left out: EGTA"."""
    lists = named_lists(type(known))
    for key in lists:
        old, new = _called(getattr(known, key)), _called(getattr(model, key))
        changed = [name for name in new if name in old and new[name] != old[name]]
        for way, names in {
            f"{key} changed: ": [name + _within(old[name], new[name]) for name in changed],
            f"{key} added: ": [name for name in new if name not in old],
            f"{key} left out: ": [name for name in old if name not in new],
        }.items():
            if names:
                yield way + ", ".join(names)
    others = [
        key for key in type(known).model_fields if key not in lists and getattr(known, key) != getattr(model, key)
    ]
    if others:
        yield f"another {', '.join(others)}"


def _called(parts: Sequence[Any]) -> dict[str, list[Any]]:
    """Name -> the parts of that name, of which there may be several in a store."""
    return {part.name: [one for one in parts if one.name == part.name] for part in parts}


def _within(old: Sequence[Part], new: Sequence[Part]) -> str:
    """What is different in a part that has lists of its own, in brackets."""
    return f" ({'; '.join(differences(old[0], new[0]))})" if named_lists(type(old[0])) else ""
