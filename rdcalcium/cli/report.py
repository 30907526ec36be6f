"""The summary of a run, as tables and sentences on stdout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rdcalcium.units import IONS_PER_AMOUNT, milliseconds

if TYPE_CHECKING:
    from rich.table import Table

    from rdcalcium.results import Result
    from rdcalcium.results.about import Amounts, Point

LOWEST = -1e-6  # µM; what lies below it is more than rounding


def show_report(result: Result) -> None:
    """What a reader wants to know first."""
    from rich.console import Console

    console = Console(highlight=False)
    if result.summary.points:
        console.print(_points(result.summary.points))
    console.print(_ledger(result.summary.ledger))
    for line in _sentences(result):
        console.print(line, markup=False)


def _points(points: dict[str, Point]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="At the sensors and probes", title_justify="left")
    for heading in ("", "peak [Ca2+] (uM)", "at (ms)", "release probability"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, point in points.items():
        probability = point.release_probability
        table.add_row(
            escape(name),
            f"{point.peak:.4g}",
            f"{point.time_of_peak:.3f}",
            "" if probability is None else f"{probability:.4g}",
        )
    return table


def _ledger(ledger: Amounts) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"Calcium ledger (uM um^3; 1 is {IONS_PER_AMOUNT:.1f} ions)", title_justify="left")
    table.add_column("")
    table.add_column("amount", justify="right")
    rows = {"at the beginning": ledger.initial, "entered": ledger.entered, "free": ledger.free}
    rows |= {f"bound to {name}": amount for name, amount in ledger.bound.items()}
    for name, amount in rows.items():
        table.add_row(escape(name), f"{amount:.6g}")
    table.add_row("missing", f"{ledger.missing:.2g} (relative {ledger.relative_error:.1g})")
    return table


def _sentences(result: Result) -> Iterator[str]:
    summary, machine = result.summary, result.about.machine
    yield (
        f"{milliseconds(summary.time, 4)} in {summary.steps} steps ({summary.rejected} rejected, "
        f"{summary.evaluations} evaluations) on {result.about.discretization.count} control volumes; "
        f"wall time {summary.wall_time:.1f} s; backend {machine.backend} on {machine.device} "
        f"({machine.processor}); peak memory of the process {summary.peak_memory:.0f} MiB"
    )
    if summary.lowest < LOWEST:
        yield f"warning: a concentration fell to {summary.lowest:.3g} uM; use a smaller tolerance"
    yield f"run folder: {result.folder}"
    if result.about.status == "interrupted":
        yield f"stopped; go on with: rdcalcium run --resume {result.folder}"
