"""The default and the refined run of keller2015: sensors, release and cost side by side, as a table of this machine.

    python scripts/benchmarks/keller2015.py [--refine 1.5] [--backend auto]

Writes keller2015-<processor>.json and .md into scripts/benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

import rdcalcium as rc

RESULTS = Path(__file__).parent / "results"


def measure(refine: float, backend: str) -> dict:
    """Summary of one run whose cells are `refine` times smaller than the default."""
    model = rc.load("keller2015")
    model = model.changed(discretization=model.discretization.scaled(1 / refine))
    with tempfile.TemporaryDirectory() as folder:
        result = rc.run(model, backend, Path(folder) / "run")
        about = result.about
    return {"refine": refine, "machine": about["machine"], "cells": about["discretization"], **about["summary"]}


def table(runs: list[dict]) -> str:
    """Markdown: one row a sensor, one pair of columns a run."""
    machine = runs[0]["machine"]
    lines = [
        f"# keller2015 on {machine['processor']}, {machine['device']}, backend {machine['backend']}",
        "",
        "| | " + " | ".join(f"cells ÷ {r['refine']:g}" for r in runs) + " |",
        "|---" * (len(runs) + 1) + "|",
        "| cells | " + " | ".join(f"{r['cells']['control volumes']:,}" for r in runs) + " |",
        "| smallest cell (nm) | " + " | ".join(f"{r['cells']['smallest cell (nm)']:.3g}" for r in runs) + " |",
        "| wall time (s) | " + " | ".join(f"{r['wall time (s)']:.0f}" for r in runs) + " |",
        "| peak memory (MiB) | " + " | ".join(f"{r['peak memory (MiB)']:.0f}" for r in runs) + " |",
    ]
    for name in runs[0]["points"]:
        points = [r["points"][name] for r in runs]
        values = [f"{p['peak calcium (uM)']:.2f} µM, {p['release probability']:.4f}" for p in points]
        lines.append(f"| {name}: peak [Ca²⁺], release | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refine", type=float, nargs="*", default=[1.0, 1.5])
    parser.add_argument("--backend", default="auto")
    chosen = parser.parse_args()
    runs = [measure(refine, chosen.backend) for refine in chosen.refine]
    machine = runs[0]["machine"]
    where = machine["processor"] if machine["backend"] != "cuda" else machine["device"]
    name = "keller2015-" + re.sub("[^a-z0-9]+", "-", where.lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(runs, indent=2) + "\n")
    (RESULTS / f"{name}.md").write_text(table(runs))
    print(table(runs))


if __name__ == "__main__":
    main()
