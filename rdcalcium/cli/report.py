"""The summary of a run, or of a steady state, as tables and sentences on stdout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rdcalcium.cli.tables import console_for
from rdcalcium.results.folder import IMAGING, LEDGER
from rdcalcium.units import IONS_PER_AMOUNT, counted, milliseconds, time_span

if TYPE_CHECKING:
    from rich.table import Table

    from rdcalcium.results import Result
    from rdcalcium.results.about import Amounts, Point
    from rdcalcium.steady_state import SteadyState

MANY, MOST_REJECTED = 100, 0.25  # rejected steps worth a word, and their share of those that were taken
NUMBER, BETWEEN = 9, 3  # characters of a number in a table, and between two columns
LOWEST = -1e-6  # µM; what lies below it is more than rounding


def show_report(result: Result) -> None:
    """What a reader wants to know first."""
    tables = [_points(result.summary.points)] if result.summary.points else []
    tables.append(_ledger(result.summary.ledger))
    console = console_for(*tables)
    for table in tables:
        console.print(table)
    for line in _sentences(result):
        console.print(line, markup=False)


def _points(points: dict[str, Point]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    released = any(point.release_probability is not None for point in points.values())
    several = any(point.peak_sd is not None for point in points.values())
    title = "At the sensors and probes" + several * ", mean ± SD over the trials"
    table = Table(title=title, title_justify="left")
    for heading in ("", "peak [Ca2+] (uM)", "at (ms)", *["release probability"] * released):
        table.add_column(heading, justify="left" if not heading else "right", overflow="fold", no_wrap=not heading)
    for name, point in points.items():
        probability = _with_spread(point.release_probability, point.release_probability_sd)
        moment = _moment(point.time_of_peak)
        if point.time_of_peak_sd is not None:
            moment += f" ± {_moment(point.time_of_peak_sd)}"
        table.add_row(escape(name), _with_spread(point.peak, point.peak_sd), moment, *[probability] * released)
    return table


def _with_spread(mean: float | None, spread: float | None) -> str:
    """A mean over trials with its standard deviation; nothing of what there is not."""
    return "" if mean is None else f"{mean:.3g}" + ("" if spread is None else f" ± {spread:.3g}")


def _moment(time: float) -> str:
    """A time in ms, to three digits or to 10 us: a peak is too flat for more; run.json has all digits."""
    return f"{time:.3g}" if time < 1 else f"{time:.2f}"


def _ledger(ledger: Amounts) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"Calcium ledger (uM um^3; 1 is {IONS_PER_AMOUNT:.1f} ions)", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("amount", justify="right")
    rows = {"at the beginning": ledger.initial, "entered": ledger.entered, "free": ledger.free}
    rows |= {f"bound to {name}": amount for name, amount in ledger.bound.items()}
    rows |= {f"pumped by {name}": amount for name, amount in ledger.pumped.items()}
    rows |= {f"stored in {name}": amount for name, amount in ledger.stored.items()}
    for name, amount in rows.items():
        table.add_row(escape(name), f"{amount:.6g}")
    table.add_row("missing", f"{ledger.missing:.2g} (relative {ledger.relative_error:.1g})")
    return table


def _whose(result: Result) -> str:
    """Of which trials what is."""
    snapshots = f"snapshots and their pictures are of trial {result.snapshots.trial}"
    images = ", images of every one" if (result.folder / IMAGING).exists() else ""
    return f"{snapshots}{images}, {LEDGER} has rows of every one, and the ledger above is of the last"


def _sentences(result: Result) -> Iterator[str]:
    summary, machine = result.summary, result.about.machine
    if summary.trials is not None:
        failures = "" if summary.failures is None else f"; failures to be expected {summary.failures:.3g}"
        trials = counted(summary.trials, "trial")
        yield f"{trials} with seed {result.about.seed}{failures}; {_whose(result)}"
    if summary.drawn:
        yield summary.drawn
    yield (
        f"{summary.stepped} ({summary.rejected:,} rejected, "
        f"{counted(summary.evaluations, 'evaluation')}) on "
        f"{counted(result.about.discretization.count, 'control volume')}; "
        f"wall time {summary.wall_time:.1f} s; backend {machine.backend} on {machine.device} "
        f"({machine.processor}); peak memory of the process {summary.peak_memory:.0f} MiB"
    )
    if summary.began:
        yield summary.began
    if summary.lowest < LOWEST:
        yield f"warning: a concentration fell to {summary.lowest:.3g} uM; use a smaller tolerance"
    if summary.rejected > max(MANY, MOST_REJECTED * summary.steps):
        mean = time_span(float(f"{summary.time / summary.steps:.1g}"))
        yield (
            "more than a quarter of the steps were rejected, and their time is lost: they were tried longer than the "
            f'tolerance allows; [run] max_step = "{mean}", the mean of those that were taken, may save it'
        )
    yield f"run folder: {result.folder}"
    if result.about.status == "interrupted":
        yield f"stopped; go on with: rdcalcium run --resume {result.folder}"


def show_steady_state(state: SteadyState, wall: float) -> None:
    """Every field at every sensor and probe, what flows, and how it was found, in `wall` s."""
    from rich.console import Console

    console = Console(highlight=False)
    if state.positions:
        console.print(_fields(state, console.width))
    for line in _flows(state, wall):
        console.print(line, markup=False)


def _fields(state: SteadyState, width: int) -> Table:
    """A row for each position; or for each field, where the names of all do not stand beside each other."""
    from rich.markup import escape
    from rich.table import Table

    rows, columns, values = [*state.positions], [*state.fields], state.values.T
    if max(map(len, rows)) + sum(max(len(name), NUMBER) + BETWEEN for name in columns) > width:
        rows, columns, values = columns, rows, state.values
    table = Table(title="Concentrations (uM)", title_justify="left")
    for heading in ("", *columns):
        table.add_column(escape(heading), justify="left" if not heading else "right", overflow="fold")
    for name, row in zip(rows, values, strict=True):
        table.add_row(escape(name), *(f"{value:.4g}" for value in row))
    return table


def _flows(state: SteadyState, wall: float) -> Iterator[str]:
    leaving = [f"{current:.4g} pA through {name}" for name, current in state.leaving.items()]
    yield f"currents of {milliseconds(state.time)}: {state.entering:.4g} pA enters"
    if leaving:
        yield f"leaving: {', '.join(leaving)}; missing: {state.missing:.1g} pA"
    amounts = {"free": state.free} | {f"bound to {name}": amount for name, amount in state.bound.items()}
    amounts |= {f"stored in {name}": amount for name, amount in state.stored.items()}
    yield f"calcium (uM um^3): {', '.join(f'{amount:.6g} {where}' for where, amount in amounts.items())}"
    if state.copies > 1:
        yield f"all {state.copies} parts that the mirror planes make of the terminal are counted in, with their walls"
    found = state.convergence
    steps, iterations = counted(len(found.unbalanced) - 1, "step"), counted(found.iterations, "iteration")
    yield (
        f"converged: all control volumes together are out of balance by {found.unbalanced[-1]:.1g} of what flows, "
        f"after {steps} of Newton's method and {iterations} of its linear solver, on "
        f"{counted(len(state.centres), 'control volume')}; wall time {wall:.1f} s"
    )
