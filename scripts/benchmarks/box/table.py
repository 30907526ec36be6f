"""The box problem as Markdown: one table a comparison, one row a program."""

from __future__ import annotations

from typing import Any

COLUMNS = ("program", "threads", "cells", "setting", "steps", "set-up s", "run s", "error %", "run time / rdcalcium")


def markdown(figures: dict[str, Any]) -> str:
    """All that was measured."""
    machine = figures["machine"]
    reference = figures["reference"]
    lines = [
        f"# The box problem on {machine['processor']}, {machine['threads']} threads",
        "",
        f"{machine['date']}, load {machine['load']}; "
        + ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number != "none"),
        *(["", "Quick: cells far too large to judge anything."] if figures["quick"] else []),
        "",
        figures["problem"],
        "",
    ]
    for cells, rows in figures["same cells"].items():
        lines += [
            f"## Error of time alone, on the same cells of {cells}",
            "",
            f"Wanted: {figures['wanted %']['time']} %. Errors of rdcalcium are against its own solution at a much "
            "smaller tolerance, those of the others against the limit of their finest two runs, that of CVODE against "
            "rdcalcium's solution; the last column divides by the first row.",
            "",
            *_table(rows),
            "",
        ]
        limits = [
            f"{r['program']} {r['limit against rdcalcium %']:.2g} %" for r in rows if "limit against rdcalcium %" in r
        ]
        if limits:
            lines += [f"These limits differ from rdcalcium's by at most: {', '.join(limits)}.", ""]
    lines += [
        "## Error of space and time",
        "",
        f"Wanted: {figures['wanted %']['total']} %, against the solution of the continuum, itself uncertain by "
        f"{reference['error %']:.2g} %. The same extrapolation around a pore among 1 mM BAPTA differs from the exact "
        f"steady solution by {reference['exact %']:.2g} %. The other rows are the runs from above, read "
        "between the cells; on uniform cells near a pore the error is of space.",
        "",
        *_table(figures["total error"]),
        "",
    ]
    return "\n".join(lines)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (COLUMNS, ("---",) * len(COLUMNS), *map(_row, rows))]


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    if "missing" in row:
        return (row["missing"], "", "", "not installed", *[""] * (len(COLUMNS) - 4))
    version = f" {row['version']}" if "version" in row else ""
    steps = "" if row["steps"] is None else f"{row['steps']:,}"
    seconds = ("~" if "timed steps" in row else "") + f"{row['run s']:.3g}"
    if "timed steps" in row:
        seconds += f" (from {row['timed steps']:,} steps)"
    return (
        row["program"] + version,
        str(row["threads"]),
        f"{row['cells']:,}",
        row["setting"],
        steps,
        f"{row['setup s']:.2g}",
        seconds,
        f"{row['error %']:.2g}",
        f"{row['ratio']:.3g}",
    )
