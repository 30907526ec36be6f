"""What runs of one model on cells of several sizes tell, as a table on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rdcalcium.cli.tables import console_for, fits
from rdcalcium.results import Result
from rdcalcium.results.convergence import convergence, write_convergence
from rdcalcium.richardson import ORDER
from rdcalcium.units import counted, nanometres

if TYPE_CHECKING:
    import xarray

MANY = 40  # rows of the table on the terminal, beyond which the worst are shown
SURE = 0.5  # how far an observed order may be from that of the scheme
NOTHING = 1e-4  # share, below which an error is none


def compare_runs(runs: list[Result]) -> None:
    """Show what the cells leave, and write it into the folder of the finest run."""
    found = convergence(runs)
    table = _table(found)
    if not fits(table):
        table = _table(found, break_names=True)
    console = console_for(table)
    console.print(table)
    for line in _sentences(found):
        console.print(line, markup=False)
    console.print(f"{write_convergence(found)}", markup=False)


def _table(found: xarray.Dataset, *, break_names: bool = False) -> Any:
    """A row for each quantity: what each run found, the extrapolation, and how far the finest one is from it.

    break_names  whether what a quantity is has a line below the name of its sensor
    """
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="On cells of several widths, and taken to cells of none", title_justify="left")
    widths = [nanometres(width, 3) for width in found.width.values.tolist()]
    for heading in ("", *widths, "0 nm", "error", *["order"] * (len(widths) > 2)):
        table.add_column(heading, justify="left" if not heading else "right", overflow="fold")
    for row in _shown(found):
        one = found.isel(quantity=row)
        numbers = [f"{x:.4g}" for x in (*one.value.values.tolist(), float(one.extrapolated))]
        order = [_order(float(one.order), float(one.error))] * (len(widths) > 2)
        name = escape(str(one["quantity"].values))
        table.add_row(
            name.replace(": ", ":\n  ", 1) if break_names else name, *numbers, _error(float(one.error)), *order
        )
    return table


def _error(share: float) -> str:
    return f"{100 * share:+.2g} %" if abs(share) > NOTHING else f"< {100 * NOTHING:g} %"


def _order(order: float, error: float) -> str:
    """The observed one, where there is an error to have one."""
    return "" if abs(error) <= NOTHING else "none" if math.isnan(order) else f"{order:.2g}"


def _shown(found: xarray.Dataset) -> list[int]:
    """Rows of the table: all, or of many those with the largest errors, in their order."""
    errors = abs(found.error.values)
    return sorted((-errors).argsort(kind="stable")[:MANY].tolist())


def _power(found: xarray.Dataset) -> str:
    """With what errors go."""
    beside = "the width, as those of pumps where calcium enters do on a grid"
    return "the square of the width" if found.attrs.get("order", ORDER) == ORDER else beside


def _sentences(found: xarray.Dataset) -> Iterator[str]:
    """How to read it."""
    if (count := len(found["quantity"])) > MANY:
        yield f"these are the {MANY} of {count:,} quantities with the largest errors; the file has all"
    near = bool((found.cell_width != found.width).any())
    which = ", at a sensor or probe of the mean one between it and the nearest channel" if near else ""
    yield (
        "widths are those of the mean cell, and errors those of the finest run, if they go with "
        f"{_power(found)}{which}; what [run] tolerance leaves in each step is in them too"
    )
    if len(found["level"]) == 2:
        yield "a third width, by another --refine, would show whether they do"
        return
    wrong = abs(found.error.values) > NOTHING
    unlike = wrong & ~(abs(found.order.values - found.attrs.get("order", ORDER)) < SURE)
    if unlike.any():
        yield (
            f"{int(unlike.sum()):,} of the {counted(int(wrong.sum()), 'error')} do not go with "
            f"{_power(found)}: they are an indication, no estimate"
        )
