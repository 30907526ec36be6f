"""Runs of keller2015 on the default mesh and a refined one: sensors, release and cost side by side, for this machine.

    python scripts/benchmarks/keller2015.py [--quick] [--refine 1 1.5] [--backend auto] [--out FOLDER]

Writes keller2015-<processor>.json and .md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from writing import RESULTS, file_name, save

import rdcalcium as rc
from rdcalcium.bench.table import markdown
from rdcalcium.machine import let_idle_cores_sleep

COARSE = 0.4  # of --quick

Figures = list[dict[str, Any]]


def measure(refine: float, backend: str) -> dict[str, Any]:
    """Of one run whose cells are `refine` times smaller than the default its machine, its cells and its summary."""
    model = rc.load("keller2015")
    model = model.changed(discretization=model.discretization.scaled(1 / refine))
    with tempfile.TemporaryDirectory() as folder:
        result = rc.run(model, backend, Path(folder) / "run")
        about, summary = result.about, result.summary
    told = {"refine": refine, "machine": about.machine.to_json(), "cells": about.discretization.to_json()}
    return told | summary.to_json()


def rows(runs: Figures) -> Iterator[dict[str, str]]:
    """One row a quantity or a sensor, one column a run."""

    def row(what: str, values: list[str]) -> dict[str, str]:
        return {"": what} | dict(zip(map(_heading, runs), values, strict=True))

    yield row("cells", [f"{run['cells']['control volumes']:,}" for run in runs])
    yield row("smallest cell", [f"{run['cells']['smallest cell (nm)']:.3g} nm" for run in runs])
    yield row("wall time", [f"{run['wall time (s)']:.0f} s" for run in runs])
    yield row("peak memory of the process", [f"{run['peak memory of the process (MiB)']:.0f} MiB" for run in runs])
    for name in runs[0]["points"]:
        points = [run["points"][name] for run in runs]
        found = [f"{p['peak calcium (uM)']:.2f} µM, {p['release probability']:.4f}" for p in points]
        yield row(f"{name}: peak [Ca²⁺], release probability", found)


def _heading(run: dict[str, Any]) -> str:
    return "default" if run["refine"] == 1 else f"`--refine {run['refine']:g}`"


def page(runs: Figures) -> str:
    """Markdown."""
    machine = runs[0]["machine"]
    title = f"# keller2015 on {machine['processor']}, {machine['device']}, backend {machine['backend']}"
    return "\n".join([title, "", *markdown(rows(runs))]) + "\n"


def main() -> None:
    """Measure, print, write."""
    let_idle_cores_sleep()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run on wide cells, to see that it works")
    parser.add_argument(
        "--refine",
        type=float,
        nargs="+",
        default=[1.0, 1.5],
        metavar="FACTOR",
        help="by how many times the cells of each run are smaller; the default mesh, 1, runs only if it is named too",
    )
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    runs = [measure(refine, chosen.backend) for refine in ([COARSE] if chosen.quick else chosen.refine)]
    machine = runs[0]["machine"]
    where = machine["processor"] if machine["backend"] != "cuda" else machine["device"]
    save(runs, page(runs), chosen.out, file_name("keller2015", where, *["quick"] * chosen.quick))
    print(page(runs))


if __name__ == "__main__":
    main()
