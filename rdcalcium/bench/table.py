"""Saying what was measured: as Markdown, and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

TRIAD_COLUMNS = ("triad", "threads", "precision", "best GB/s", "median GB/s")
KERNEL_COLUMNS = (
    *("kernel", "backend", "threads", "precision", "fields", "control volumes"),
    *("best M/s", "median M/s", "GB/s", "of triad"),
)


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    machine = figures["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number != "none")
    lines = [
        f"{machine['processor']}, {machine['threads']} threads, {machine['date']}, load {machine['load']}",
        versions,
        *(["Quick: sizes far too small to judge this machine."] if figures["quick"] else []),
        "",
        *_markdown(TRIAD_COLUMNS, map(_triad, figures["bandwidth"])),
        "",
        *_markdown(KERNEL_COLUMNS, map(_kernel, figures["kernels"])),
    ]
    return "\n".join(lines)


def _markdown(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (heading, ("---",) * len(heading), *rows):
        yield "| " + " | ".join(row) + " |"


def _triad(row: dict[str, Any]) -> tuple[str, ...]:
    name = f"{row['backend']} ({row['device']}, copy {row['copy GB/s']:.1f} GB/s)"
    return name, str(row["threads"]), row["precision"], f"{row['GB/s']:.1f}", f"{row['median GB/s']:.1f}"


def _kernel(row: dict[str, Any]) -> tuple[str, ...]:
    words = [str(row[key]) for key in ("kernel", "backend", "threads", "precision", "fields", "control volumes")]
    numbers = [f"{row[key]:.1f}" for key in ("Mupdates/s", "median Mupdates/s", "GB/s")]
    return (*words, *numbers, f"{100 * row['share of bandwidth']:.0f} %")


def write(figures: dict[str, Any], path: Path) -> None:
    """The figures as JSON; folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
