"""The box problem as Markdown: one table a comparison, one row a program."""

from __future__ import annotations

from typing import Any

from rdcalcium.bench.table import about, markdown


def page(figures: dict[str, Any]) -> str:
    """All that was measured."""
    reference = figures["reference"]
    lines = [
        "# The box problem",
        "",
        *about(figures["machine"]),
        *(
            ["", "Quick: cells and steps far too large; the errors and times below mean nothing."]
            if figures["quick"]
            else []
        ),
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
            *markdown(map(_row, rows)),
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
        *markdown(map(_row, figures["total error"])),
        "",
    ]
    return "\n".join(lines)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """What is told of one program."""
    if "missing" in row:
        return {"program": row["missing"], "setting": "not installed"}
    seconds = f"~{row['run s']:.3g} (from {row['timed steps']:,} steps)" if "timed steps" in row else row["run s"]
    return {
        "program": " ".join([row["program"], *([row["version"]] if "version" in row else [])]),
        "threads": row["threads"],
        "cells": row["cells"],
        "setting": row["setting"],
        "steps": row["steps"],
        "set-up s": row["setup s"],
        "run s": seconds,
        "error %": row["error %"],
        "run time / rdcalcium": row["ratio"],
    }
