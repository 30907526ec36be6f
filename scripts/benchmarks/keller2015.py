"""Runs of keller2015 on the default mesh and a refined one: sensors, release and cost side by side, for this machine.

    python scripts/benchmarks/keller2015.py [--refine 1 1.5] [--backend auto]

Writes keller2015-<processor>.json and .md into scripts/benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

import rdcalcium as rc
from rdcalcium.results.about import About, Summary

RESULTS = Path(__file__).parent / "results"


def measure(refine: float, backend: str) -> tuple[About, Summary]:
    """What one run says whose cells are `refine` times smaller than the default."""
    model = rc.load("keller2015")
    model = model.changed(discretization=model.discretization.scaled(1 / refine))
    with tempfile.TemporaryDirectory() as folder:
        result = rc.run(model, backend, Path(folder) / "run")
        return result.about, result.summary


def figures(runs: dict[float, tuple[About, Summary]]) -> list[dict]:
    """Of each run its machine, its cells and its summary, as JSON."""
    return [
        {"refine": refine, "machine": about.machine.to_json(), "cells": about.discretization.to_json()}
        | summary.to_json()
        for refine, (about, summary) in runs.items()
    ]


def table(runs: dict[float, tuple[About, Summary]]) -> str:
    """Markdown: one row a sensor, one pair of columns a run; by how many times its cells are smaller."""
    abouts, summaries = zip(*runs.values(), strict=True)
    machine, cells = abouts[0].machine, [about.discretization for about in abouts]
    lines = [
        f"# keller2015 on {machine.processor}, {machine.device}, backend {machine.backend}",
        "",
        "| | " + " | ".join(f"cells ÷ {refine:g}" for refine in runs) + " |",
        "|---" * (len(runs) + 1) + "|",
        "| cells | " + " | ".join(f"{c.count:,}" for c in cells) + " |",
        "| smallest cell (nm) | " + " | ".join(f"{c.quality['smallest cell (nm)']:.3g}" for c in cells) + " |",
        "| wall time (s) | " + " | ".join(f"{s.wall_time:.0f}" for s in summaries) + " |",
        "| peak memory of the process (MiB) | " + " | ".join(f"{s.peak_memory:.0f}" for s in summaries) + " |",
    ]
    for name in summaries[0].points:
        points = [summary.points[name] for summary in summaries]
        values = [f"{p.peak:.2f} µM, {p.release_probability:.4f}" for p in points]
        lines.append(f"| {name}: peak [Ca²⁺], release | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--refine",
        type=float,
        nargs="+",
        default=[1.0, 1.5],
        metavar="FACTOR",
        help="by how many times the cells of each run are smaller; the default mesh, 1, runs only if it is named too",
    )
    parser.add_argument("--backend", default="auto")
    chosen = parser.parse_args()
    runs = {refine: measure(refine, chosen.backend) for refine in chosen.refine}
    machine = next(iter(runs.values()))[0].machine
    where = machine.processor if machine.backend != "cuda" else machine.device
    name = "keller2015-" + re.sub("[^a-z0-9]+", "-", where.lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures(runs), indent=2) + "\n")
    (RESULTS / f"{name}.md").write_text(table(runs))
    print(table(runs))


if __name__ == "__main__":
    main()
