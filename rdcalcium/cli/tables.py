"""How wide tables are: as wide as their lines, but in a terminal as wide as that, with names kept whole if possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDEST = 10_000  # characters, more than any table has


def console_for(*tables: Table) -> Console:
    """Where to print some tables: a terminal has its width, and a file or pipe that of the widest of them."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, *(natural_width(table) for table in tables))
    return console


def fits(table: Table) -> bool:
    """Whether each of its rows has a line of its own."""
    from rich.console import Console

    console = Console()
    return not console.is_terminal or natural_width(table) <= console.width


def natural_width(table: Table) -> int:
    """Of a table in which no line is broken, characters."""
    from rich.console import Console

    wide = Console(width=WIDEST)
    return wide.measure(table).maximum
