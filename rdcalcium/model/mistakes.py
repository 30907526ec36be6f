"""What is wrong with a model file, in its own words: what was given, what is possible, what to try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from rdcalcium.errors import nearest, suggest
from rdcalcium.model.docstrings import docstring
from rdcalcium.model.kinds import kind_name, kinds_in

Tables = list[type[BaseModel]]

# One sentence for each way in which pydantic refuses a value. Names in braces: its own, and those of sentence().
_SENTENCES = {
    "missing": "{where} is missing{meaning}",
    "no coordinate": "{list} has no {coordinate}; write x, y and z",
    "one table": "{where} is one table, and there may be several; write [[{path}]] in double brackets",
    "string_type": "{where} is {given}; write a text in quotes",
    "int_type": "{where} is {given}; write a whole number",
    "bool_type": "{where} is {given}; write true or false",
    "bool_parsing": "{where} is {given}; write true or false",
    "tuple_type": "{where} is {given}; write a list in square brackets",
    "dict_type": "{where} is {given}; write a table, such as {{ k_on = '0.1 /uM/ms' }}",
    "model_type": "{where} is {given}; write a table with some of the keys: {keys}",
    "model_attributes_type": "{where} is {given}; write a table with a kind: {kinds}",
    "union_tag_not_found": "{where} needs a kind, such as kind = {first_kind}; known: {kinds}",
    "literal_error": "{where} is {given}; possible: {expected}",
    "greater_than": "{where} is {given}; it should be greater than {gt}{hint}",
    "greater_than_equal": "{where} is {given}; it should be greater than or equal to {ge}{hint}",
    "less_than": "{where} is {given}; it should be less than {lt}{hint}",
    "less_than_equal": "{where} is {given}; it should be less than or equal to {le}{hint}",
    "too_large": "{where} is {given}; the size of a {quantity} is at most {most}",
    "too_small": "{where} is {given}; such a {quantity} is at least {least}",
    "too_short": "{where} needs at least {min_length} of them, not {actual_length}",
    "too_long": "{where} is {given}; it has more than {max_length} numbers",
}
_ANYTHING_ELSE = "{where} is {given}, which cannot be used there"
_SENTENCE_END = re.compile(r"[.;:](?:\s|$)")
_LONGEST = 60  # characters of a wrong value that are shown


def sentences(error: ValidationError, kind: type[BaseModel]) -> list[str]:
    """The mistakes that pydantic found in tables of this kind, in the words of the model file.

    A misspelt key comes first; that the key which it was meant for is missing goes without saying. So does that a list
    is too short without those of its items that are wrong, and what is missing where another model would have said it.
    """
    found = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    holders = {e["loc"][:n] for e in found for n in range(len(e["loc"]))}
    found = [e for e in found if e["type"] != "too_short" or e["loc"] not in holders]
    meant = {(*e["loc"][:-1], _meant(e, kind)) for e in found if e["type"] == "extra_forbidden"}
    if meant & {(key,) for key in _of_files([kind])}:
        return [_sentence(e, kind) for e in found if e["type"] != "missing"]
    return [_sentence(e, kind) for e in found if e["type"] != "missing" or e["loc"] not in meant]


def _of_files(tables: Tables) -> dict[str, str]:
    """Keys of files that are no values of these tables, and what to say of each."""
    return {key: words for table in tables for key, words in getattr(table, "of_files", {}).items()}


def _meant(error: Any, kind: type[BaseModel]) -> str | None:
    return nearest(str(error["loc"][-1]), _keys(_walk(kind, error["loc"][:-1])[1]))


def _sentence(error: Any, kind: type[BaseModel]) -> str:
    keys, tables = _walk(kind, error["loc"])
    where = _path(keys)
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return f"{where + ': ' if where else ''}{context['error']}"
    parents = _walk(kind, error["loc"][:-1])[1] if error["loc"] else []
    if error["type"] == "extra_forbidden":
        if keys[-1] in (beside := _of_files(parents)):
            return f"{where!r} {beside[keys[-1]]}"
        return f"unknown key {where!r}; {_possible_keys(keys, parents)}"
    if error["type"] == "union_tag_invalid":
        return f"unknown kind {context['tag']!r} of {where!r}; {suggest(context['tag'], _kinds(tables))}"
    words = {
        "where": repr(where) if where else "the model",
        "path": where,
        "list": repr(_path(keys[:-1])),
        "coordinate": "xyz"[keys[-1] : keys[-1] + 1] if keys and isinstance(keys[-1], int) else "",
        "meaning": _meaning(keys, parents),
        "given": _short(error["input"]),
        "keys": ", ".join(_keys(tables)),
        "kinds": ", ".join(_kinds(tables)),
        "first_kind": repr(next(iter(_kinds(tables)), "")),
    }
    return _SENTENCES.get(_manner(error, tables), _ANYTHING_ELSE).format(**{"hint": "", **context, **words})


def _manner(error: Any, tables: Tables) -> str:
    """The key of the sentence that tells a mistake: pydantic's type of it, or one of ours that says more."""
    if error["type"] == "missing" and isinstance(error["loc"][-1], int):
        return "no coordinate"
    if error["type"] == "tuple_type" and isinstance(error["input"], dict) and tables:
        return "one table"
    return str(error["type"])


def _possible_keys(keys: Sequence[str | int], parents: Tables) -> str:
    """The keys of the table in which an unknown one stands: "current of kind 'table' takes: times, values"."""
    names = [key for key in keys if isinstance(key, str)]
    known, kinds = _keys(parents), _kinds(parents)
    if len(names) < 2 or len(kinds) != 1:
        return suggest(names[-1], known)
    return suggest(names[-1], [key for key in known if key != "kind"], f"{names[-2]} of kind {kinds[0]!r} takes")


def _meaning(keys: Sequence[str | int], parents: Tables) -> str:
    """What a missing key stands for, as far as it has been said."""
    tables = [table for table in parents if keys and keys[-1] in table.model_fields]
    said = docstring(tables[0], str(keys[-1])) if tables else ""
    return f": {said[:1].lower()}{_SENTENCE_END.split(said[1:])[0]}" if said else ""


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _path(keys: list[str | int]) -> str:
    text = ""
    for key in keys:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _walk(kind: type[BaseModel], location: Sequence[str | int]) -> tuple[list[str | int], Tables]:
    """Keys of the file along a location of pydantic, and the kinds of table that may stand at its end.

    Where tables of several kinds are possible, the location goes on with the kind that was chosen: no key of the file.
    """
    keys: list[str | int] = []
    tables: Tables = [kind]
    for step in location:
        chosen = [t for t in tables if kind_name(t) == step]
        if isinstance(step, str) and (len(tables) > 1 or (chosen and step not in chosen[0].model_fields)):
            tables = chosen
            continue
        keys.append(step)
        if isinstance(step, str):
            fields = [t.model_fields[step] for t in tables if step in t.model_fields]
            tables = [table for field in fields for table in kinds_in(field.annotation)]
    return keys, tables


def _keys(tables: Tables) -> list[str]:
    return sorted({key for table in tables for key in table.model_fields} | _of_files(tables).keys())


def _kinds(tables: Tables) -> list[str]:
    return [kind for table in tables if (kind := kind_name(table))]
