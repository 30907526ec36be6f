"""The library in words: its entries with their numbers, and all that one entry says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rdcalcium.catalogue import SHELVES, entries, references
from rdcalcium.errors import ModelError, suggest
from rdcalcium.model import Buffer
from rdcalcium.units import show

_DIGITS = 4  # of a K_d, which is a quotient


def explain(word: str | None = None) -> list[str]:
    """Lines about a kind of entry ("buffers"), about one entry ("EGTA"), or about all of them."""
    if word is None:
        return [line for kind in SHELVES for line in (*_listed(kind), "")][:-1]
    if word in SHELVES:
        return [*_listed(word), "", *_cited(source for values in entries(word).values() for source in _sources(values))]
    kinds = [kind for kind in SHELVES if word in entries(kind)]
    if not kinds:
        names = [name for kind in SHELVES for name in entries(kind)]
        raise ModelError(f"the library has no {word!r}; {suggest(word, [*SHELVES, *names])}")
    return [line for kind in kinds for line in _entry(kind, word)]


def _listed(kind: str) -> list[str]:
    heading = (
        ("buffers", "k_on", "K_d", "total", "diffusivity", "source") if kind == "buffers" else (kind, "", "source")
    )
    rows = [heading]
    for name, values in entries(kind).items():
        numbers = _numbers(name, values) if kind == "buffers" else (values.get("description", ""),)
        rows.append((name, *numbers, ", ".join(_sources(values))))
    return _aligned(rows)


def _numbers(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Rate and constant of the first calcium that binds, total and diffusivity of a buffer."""
    buffer = Buffer(use=name, total=values.get("total", 0))
    scheme = buffer.kinetics()
    steps = zip(scheme.transitions, scheme.rates(), strict=True)
    forward, backward = next(rates for step, rates in steps if step.ligand == "Ca")
    return (
        show(float(forward), "binding rate"),
        show(float(f"{backward / forward:.{_DIGITS}g}"), "concentration"),
        show(buffer.total, "concentration") if "total" in values else "to be said",
        " to ".join(show(d, "diffusivity") for d in sorted({*buffer.diffusivities.values()})),
    )


def _entry(kind: str, name: str) -> Iterator[str]:
    """Everything that an entry says, as a model file would, and the papers."""
    values = entries(kind)[name]
    yield f"{name}, of the {kind}: {values.get('description', '')}"
    rows = [row for key, value in values.items() if key not in _TOLD for row in _rows(key, value)]
    if kind == "buffers":
        _, K_d, total, _ = _numbers(name, values)
        rows += [("K_d of the first calcium", K_d), *([] if "total" in values else [("total", total)])]
    yield from _aligned([("", *row) for row in rows])
    yield from _cited(_sources(values))


_TOLD = {"description", "source", "like"}


def _rows(key: str, value: object) -> list[tuple[str, str]]:
    """A key and its value; each part of a table or list in a row of its own."""
    if isinstance(value, dict):
        return [row for inner, part in value.items() for row in _rows(f"{key}.{inner}", part)]
    if isinstance(value, list):
        return [(key if i == 0 else "", str(part)) for i, part in enumerate(value)]
    return [(key, str(value))]


def _sources(values: dict[str, Any]) -> list[str]:
    return values.get("source", [])


def _cited(keys: Iterable[str]) -> list[str]:
    """Each paper once."""
    return [f"  {key}: {references()[key]['citation']}, doi {references()[key]['doi']}" for key in dict.fromkeys(keys)]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table, its columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines]
