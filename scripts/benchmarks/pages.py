"""Write what was measured where it is read: docs/performance.md, the tables of docs/precision.md, and the README.

    python scripts/benchmarks/pages.py

Measures nothing: all comes from scripts/benchmarks/results.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap
from typing import Any

import keller2015
import precision
from targets import PROCESSOR, THREADS, Figures, against_neuron, how_long, measured, targets
from writing import RESULTS, file_name, put_between

from rdcalcium.bench.table import about, markdown

ROOT = Path(__file__).parents[2]
README, PRECISION = ROOT / "README.md", ROOT / "docs" / "precision.md"
TEMPLATE, PERFORMANCE = Path(__file__).parent / "performance.md", ROOT / "docs" / "performance.md"

END = "<!-- end -->"
RUNS = ("run", "fields", "control volumes", "model ms", "run s", "steps", "implicit steps", "evaluations")
STEPS = ("cells", "control volumes", "backend", "threads", "steps", "evaluations", "us per step", "us per evaluation")
MEMORY = ("peak MiB", "peak in states", "note")


def performance(figures: Figures) -> str:
    """The whole page."""
    machine = figures.parts["kernels"]["machine"]
    names = {"hardware": (PROCESSOR, f"{THREADS} threads")} | {n: (n, PROCESSOR) for n in ("box", "keller2015")}
    tables = {
        "targets": targets(figures),
        "runs": [{key: row.get(key) for key in (*RUNS, *MEMORY)} for row in figures.rows("runs")],
        "steps": [{key: row.get(key) for key in STEPS} for row in figures.rows("steps")],
        "numpy": against_numpy(figures),
    }
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=".\n".join(about(machine)) + ".",
        minutes=f"{sum(part['seconds'] for part in figures.parts.values()) / 60:.0f}",
        problem="\n  ".join(wrap(figures.box["problem"], 118)),
        **{key: file_name(*words) for key, words in names.items()},
        **{key: "\n".join(markdown(rows)) for key, rows in tables.items()},
    )


def against_numpy(figures: Figures) -> list[dict[str, Any]]:
    """Both on one core, at the same tolerance."""
    found = []
    for cells, rows in figures.box["same cells"].items():
        one = {row["program"].partition(" ")[2]: row for row in rows if row.get("threads") == 1}
        seconds = {f"{name} s": one[name]["run s"] for name in ("compiled", "numpy")}
        times = one["numpy"]["run s"] / one["compiled"]["run s"]
        found.append({"cubes": cells, "cells": one["compiled"]["cells"], **seconds, "times as long": times})
    return found


def speed(figures: Figures) -> str:
    """The paragraph of the README."""
    grid, mesh = (figures.run(f"20 action potentials, {kind}") for kind in ("grid", "tetrahedra"))
    first, wanted = figures.box["total error"][0], figures.box["wanted %"]["time"]
    factor, ours, _ = against_neuron(figures, 1)
    told = (
        f"On {THREADS} cores of an {PROCESSOR}, one second with 20 action potentials: {how_long(grid)} on "
        f"{grid['control volumes']:,} cells of a grid, {how_long(mesh)} on {mesh['control volumes']:,} nodes of "
        f"tetrahedra, each with {grid['fields']} fields. Two milliseconds around a channel among fixed buffer and EGTA "
        f"are right to {first['error %']:.2g} %, cells included, in {first['run s']:.2g} s on one core, and to "
        f"{wanted} % of what the same {ours['cells']:,} cells allow {factor:,.0f} times sooner than in NEURON's `rxd`."
    )
    return "\n".join(wrap(told, 120)) + "\n"


def blocks(figures: Figures) -> dict[tuple[Path, str], str]:
    """Page and the line after which a text belongs -> the text."""
    rows = json.loads((RESULTS / "precision.json").read_text(encoding="utf-8"))
    return {
        (README, "<!-- measured: python scripts/benchmarks/keller2015.py -->"): "\n"
        + "\n".join(markdown(keller2015.rows(figures.keller2015)))
        + "\n\n",
        (README, "<!-- measured: python scripts/benchmarks/all.py -->"): speed(figures),
        (PRECISION, "<!-- measured: python scripts/benchmarks/precision.py -->"): precision.page(rows),
    }


def main() -> None:
    """Write all of them."""
    figures = measured()
    PERFORMANCE.write_text(performance(figures), encoding="utf-8")
    for (page, begin), text in blocks(figures).items():
        put_between(page, begin, END, text)


if __name__ == "__main__":
    main()
