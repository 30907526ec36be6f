"""Write docs/model-file.md, the reference of the model file, from the models themselves and scripts/model-file.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rdcalcium.model import Model
from rdcalcium.model.base import Part
from rdcalcium.model.docstrings import key_meaning
from rdcalcium.model.kinds import kind_name, kinds_in
from rdcalcium.model.placement import Rule
from rdcalcium.model.placement.number import HowMany
from rdcalcium.model.quantity import OneOrEach, Quantity
from rdcalcium.units import UNITS, show

ROOT = Path(__file__).resolve().parents[1]
HEAD = ROOT / "scripts" / "model-file.md"
TARGET = ROOT / "docs" / "model-file.md"
LAST = ("train", "measured_in", "K_M", "parameters", "source")  # keys that many parts have, and few say
SHARED = {Rule: "Rules of placement"}  # parts under several keys, which have a name of their own
SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def reference() -> str:
    """The introduction with its examples, then every table with every key."""
    return "\n".join([HEAD.read_text(encoding="utf-8").rstrip(), "", *_tables(Model, "the file itself", "", {})]) + "\n"


def _tables(
    part: type[BaseModel], heading: str, path: str, shown: dict[tuple[type[BaseModel], ...], str], choice: bool = False
) -> Iterator[str]:
    """A part and, after it, the parts in it; of a choice the kind must be said.

    shown  where the parts of a key have been told before: there alone
    """
    yield from (f"### {heading}", "", _in_one_line(part.__doc__), "")
    yield from ("| key | what | default | meaning |", "|---|---|---|---|")
    fields = {key: field for key, field in part.model_fields.items() if not field.exclude}
    for key in sorted(fields, key=lambda key: LAST.index(key) if key in LAST else -1):
        yield _row(part, key, must=choice and key == "kind")
    yield ""
    for key, field in fields.items():
        kinds = tuple(kinds_in(field.annotation))
        place = f"{path}.{key}".lstrip(".")
        name = f"`[[{place}]]`" if get_origin(field.annotation) is tuple else f"`[{place}]`"
        if kinds in shown and shown[kinds] == name:
            continue
        if kinds in shown:
            yield from (f"### {name}", "", f"As {shown[kinds]}.", "")
            continue
        own_name = next((words for base, words in SHARED.items() if kinds and issubclass(kinds[0], base)), "")
        if own_name:
            yield from (f"### {name}", "", f"One of the {own_name[0].lower()}{own_name[1:]}.", "")
        for kind in kinds:
            yield from _tables(kind, (own_name or name) + _kind(kind), place, shown, len(kinds) > 1)
        if kinds:
            shown[kinds] = name


def _kind(part: type[BaseModel]) -> str:
    """What the heading of a table says of its kind."""
    return f', kind = `"{name}"`' if (name := kind_name(part)) else ""


def _row(part: type[BaseModel], key: str, must: bool) -> str:
    field, (meaning, none) = part.model_fields[key], key_meaning(part, key)
    default = "must be said" if must or field.is_required() else _default(field, none)
    cells = (f"`{key}`", _what(field.annotation, field.metadata), default, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _in_one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _what(annotation: Any, metadata: Any = ()) -> str:
    """The type of a value, its unit and its limits, in the words of a user."""
    if quantity := next((one for one in metadata if isinstance(one, Quantity)), None):
        return _quantity(quantity)
    if each := next((one for one in metadata if isinstance(one, OneOrEach)), None):
        return f"{_quantity(each.quantity)}; or a table of such"
    if any(isinstance(one, HowMany) for one in metadata):
        return "whole number or `{ poisson = mean }`"
    inner = [a for a in get_args(annotation) if a not in (type(None), Ellipsis)]
    if hasattr(annotation, "__metadata__"):
        return _what(inner[0], annotation.__metadata__)
    if get_origin(annotation) is Literal:
        return " or ".join(f'`"{value}"`' for value in inner)
    if parts := kinds_in(annotation):
        return "list of tables" if get_origin(annotation) is tuple else "table with a kind" if parts[1:] else "table"
    if get_origin(annotation) is tuple:
        return _list(annotation, inner, metadata)
    if get_origin(annotation) is dict:
        return "table of tables of numbers" if get_origin(get_args(annotation)[1]) is dict else "table of numbers"
    if inner:
        return " or ".join(_what(one) for one in inner)
    return {str: "text", int: "whole number", bool: "true or false"}[annotation] + _least(metadata)


def _list(annotation: Any, inner: list[Any], metadata: Any) -> str:
    count = "" if Ellipsis in get_args(annotation) else f"{len(inner)}, each "
    one = _what(inner[0])
    return (
        f"list of {count}{one if count or one.startswith('list') else f'({one})' if ' ' in one else f'{one}s'}"
        + _least(metadata)
    )


def _least(metadata: Any) -> str:
    limits = (getattr(one, "ge", getattr(one, "min_length", None)) for one in metadata)
    return next((f", at least {limit}" for limit in limits if limit is not None), "")


def _quantity(quantity: Quantity) -> str:
    limits = [
        f"{sign} {getattr(quantity, name):g}" for name, sign in SIGNS.items() if getattr(quantity, name) is not None
    ]
    unit = UNITS[quantity.kind]
    return ", ".join([f"{quantity.kind} ({unit})" if unit else quantity.kind, *limits])


def _default(field: FieldInfo, none: str) -> str:
    """What a key is when it is not said."""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Part):
        return "its own defaults"
    if value in (None, (), {}, ""):
        return none or "none"
    kinds = [one.kind for one in (*field.metadata, *_inner_metadata(field.annotation)) if isinstance(one, Quantity)]
    texts = [show(one, kinds[0]) if kinds else one for one in (value if isinstance(value, tuple) else [value])]
    return f"`[{', '.join(map(_toml, texts))}]`" if isinstance(value, tuple) else f"`{_toml(texts[0])}`"


def _inner_metadata(annotation: Any) -> tuple[Any, ...]:
    return tuple(one for inner in get_args(annotation) for one in getattr(inner, "__metadata__", ()))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) or str(value).replace(".", "").isdigit() else f'"{value}"'


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
