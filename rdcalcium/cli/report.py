"""The summary of a run, or of a steady state, as tables and sentences on stdout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rdcalcium.units import IONS_PER_AMOUNT, milliseconds

if TYPE_CHECKING:
    from rich.table import Table

    from rdcalcium.results import Result
    from rdcalcium.results.about import Amounts, Point
    from rdcalcium.steady_state import SteadyState

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


def show_steady_state(state: SteadyState, wall: float) -> None:
    """Every field at every sensor and probe, what flows, and how it was found, in `wall` s."""
    from rich.console import Console

    console = Console(highlight=False)
    if state.positions:
        console.print(_fields(state))
    for line in _flows(state, wall):
        console.print(line, markup=False)


def _fields(state: SteadyState) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Concentrations (uM)", title_justify="left")
    for heading in ("", *state.fields):
        table.add_column(escape(heading), justify="left" if not heading else "right", overflow="fold")
    for name, values in zip(state.positions, state.values.T, strict=True):
        table.add_row(escape(name), *(f"{value:.4g}" for value in values))
    return table


def _flows(state: SteadyState, wall: float) -> Iterator[str]:
    leaving = [f"{current:.4g} pA through {name}" for name, current in state.leaving.items()]
    yield f"currents of {milliseconds(state.time)}: {state.entering:.4g} pA enters"
    if leaving:
        yield f"leaving: {', '.join(leaving)}; missing: {state.missing:.1g} pA"
    amounts = {"free": state.free} | {f"bound to {name}": amount for name, amount in state.bound.items()}
    yield f"calcium (uM um^3): {', '.join(f'{amount:.6g} {where}' for where, amount in amounts.items())}"
    found = state.convergence
    yield (
        f"{found.unbalanced[-1]:.1g} of what flows is unbalanced after {len(found.unbalanced) - 1} steps of Newton's "
        f"method with {found.iterations} linear iterations, on {len(state.centres)} control volumes; "
        f"wall time {wall:.1f} s"
    )
