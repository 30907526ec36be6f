"""Model files: TOML in, TOML out, and errors that say what was given, what is possible and what to try."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomli_w
from pydantic import BaseModel, ValidationError

from rdcalcium.errors import InputError
from rdcalcium.model.model import Model

AnyPart = TypeVar("AnyPart", bound=BaseModel)


class ModelError(InputError):
    """A model that cannot be run as it stands."""


def read_toml(path: str | Path) -> dict[str, Any]:
    """The tables of a TOML file as they stand."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ModelError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise ModelError(f"{path} is a folder, not a model file") from None
    except PermissionError:
        raise ModelError(f"{path} may not be read by this user") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not TOML: {error}") from None


def write_toml(model: Model) -> str:
    """The resolved model: every value said, with its unit; reading it back gives an equal model."""
    return tomli_w.dumps(_without_none(model.model_dump(mode="python")), multiline_strings=False)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None and v != {} and v != ()}
    if isinstance(value, list | tuple):
        return [_without_none(v) for v in value]
    return value


def validate(data: dict[str, Any], origin: str = "model") -> Model:
    """A checked Model from plain tables; the first mistake is told in one sentence, the others are counted."""
    return validate_as(Model, data, origin)


def validate_as(kind: type[AnyPart], data: dict[str, Any], origin: str) -> AnyPart:
    """Any checked part of a model, with the same words for mistakes."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        # A misspelt key comes first: it explains the key that is then missing.
        errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        problems = [_sentence(e) for e in errors]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ModelError(f"{origin}: {problems[0]}{more}") from None


def _sentence(error: Any) -> str:
    """One mistake found by pydantic, in the words of the model file."""
    kind, message = error["type"], error["msg"].removeprefix("Value error, ")
    # Tags of unions ("box", "pulse", "tuple[...]") stand in the location but not in the file.
    place = [p for p in error["loc"] if isinstance(p, int) or not _is_tag(p)]
    where = _path(place)
    given = error.get("input")
    if kind == "extra_forbidden":
        known = known_keys(place[:-1])
        return f"unknown key {where!r}; {suggest(str(place[-1]), known)}"
    if kind == "missing":
        return f"{where!r} is missing"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        if kind == "union_tag_not_found":
            return f"{where!r} needs a kind, such as kind = {_kinds(place)[0]!r}; {suggest('', _kinds(place))}"
        expected = [t.strip("' ") for t in error["ctx"]["expected_tags"].split(",")]
        return f"unknown kind {error['ctx']['tag']!r} of {where!r}; {suggest(error['ctx']['tag'], expected)}"
    if kind == "literal_error":
        return f"{where!r} is {given!r}; possible: {error['ctx']['expected']}"
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return f"{where!r} is {given!r}; it {message[0].lower() + message[1:].replace('Input', 'it')}".replace(
            "it input", "it"
        )
    if kind == "value_error":
        return f"{where + ': ' if where else ''}{message}"
    return f"{where!r} is {given!r}: {message[0].lower() + message[1:]}"


def _is_tag(part: str) -> bool:
    return part in (
        "box",
        "mesh",
        "grid",
        "tetrahedra",
        "ohmic",
        "constant",
        "pulse",
        "gaussian",
        "table",
        "float",
    ) or ("[" in part or "(" in part)


def _path(location: list[Any]) -> str:
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def suggest(word: str, known: list[str]) -> str:
    """Say what is known, and what is nearest to a misspelt word."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    return f"known: {', '.join(sorted(known))}{hint}"


def known_keys(location: list[Any]) -> list[str]:
    """Keys that the table at a location of the model file may hold."""
    return sorted({key for t in _parts_at(location) for key in t.model_fields})


def _kinds(location: list[Any]) -> list[str]:
    """Values of `kind` that the table at a location may have."""
    return [t.model_fields["kind"].default for t in _parts_at(location) if "kind" in t.model_fields]


def _parts_at(location: list[Any]) -> list[Any]:
    types: list[Any] = [Model]
    for part in location:
        if not isinstance(part, int):
            fields = [t.model_fields[part].annotation for t in types if part in t.model_fields]
            types = [m for f in fields for m in _models(f)]
    return types


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [m for a in get_args(annotation) for m in _models(a)]
