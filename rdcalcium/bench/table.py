"""Saying what was measured: as Markdown, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rdcalcium.units import counted

Row = Mapping[str, Any]


def table(figures: dict[str, Any]) -> str:
    """The figures of `measure` as Markdown."""
    lines = [
        *about(figures["machine"]),
        *(["Quick: sizes far too small to judge this machine."] if figures["quick"] else []),
        "",
        *markdown(figures["bandwidth"]),
        "",
        *markdown(figures["kernels"]),
    ]
    return "\n".join(lines)


def about(machine: Mapping[str, Any]) -> list[str]:
    """Lines that say on what, and when, it was measured."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number != "none")
    return [
        f"{machine['processor']}, {counted(machine['threads'], 'thread')}, {machine['date']}, load {machine['load']}",
        versions,
    ]


def markdown(rows: Iterable[Row]) -> list[str]:
    """Lines of a table: a column for each key that any of the rows has, named with its unit."""
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in (columns, ["---"] * len(columns), *cells)]


def _cell(value: Any) -> str:
    """A number with three digits or all before its point, a text as it is, and nothing for None."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "")


def write(figures: dict[str, Any], path: Path) -> None:
    """The figures as JSON; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
