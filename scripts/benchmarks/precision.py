"""Models in double and in single precision, tolerance by tolerance: errors, steps, and whether the rule lets them run.

    python scripts/benchmarks/precision.py [--quick] [--page] [--out FOLDER]

Writes precision.json into scripts/benchmarks/results, and its table into docs/precision.md; --page only the latter.
It takes some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from precision_models import models

import rdcalcium as rc
from rdcalcium.backends import open_backend
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import ModelError
from rdcalcium.precision import require_precision
from rdcalcium.simulation import Simulation
from rdcalcium.system import System, build_system

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[2] / "docs" / "precision.md"
BEGIN, END = "<!-- measured: python scripts/benchmarks/precision.py -->", "<!-- end -->"
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
EXACT = 0.3  # of the smallest tolerance, with which double precision gives what all are held against
STALLED = 20  # times as many steps as in double precision, after which a run is given up


@dataclass(frozen=True)
class Outcome:
    """What one run answers, and what it cost.

    calcium   (points, 2) µM, highest and last
    release   (sensors,) probability
    missing   calcium, as a share of all there is
    finished  whether it came to its end
    """

    calcium: np.ndarray
    release: np.ndarray
    missing: float
    steps: int
    rejected: int
    finished: bool


def simulate(model: rc.Model, system: System, precision: str, tolerance: float, most: float = np.inf) -> Outcome:
    """Run a model, for so many steps at most."""
    model = model.changed(run=model.run.model_dump() | {"precision": precision, "tolerance": tolerance})
    run = Simulation(model, open_backend("compiled", system, precision))
    highest = run.values[0]
    while not run.finished and run.steps < most:
        highest = np.maximum(highest, run.advance().values[0])
    balance, release = run.balance(), [s.probability() for s in run.sensors]
    calcium = np.stack([highest, run.values[0]], axis=1)
    missing = balance.missing / (balance.initial + balance.entered)
    return Outcome(calcium, np.concatenate([[], *release]), missing, run.steps, run.rejected, run.finished)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest relative difference."""
    return float(np.abs(a / b - 1).max(initial=0.0))


def holds(model: rc.Model, system: System, tolerance: float) -> bool:
    """Whether single precision is not refused."""
    cells = system.discretization
    asked = model.changed(run=model.run.model_dump() | {"precision": "float32", "tolerance": tolerance})
    try:
        require_precision(asked, system.chemistry, cells.total_volume, cells.radius)
    except ModelError:
        return False
    return True


def measure(name: str, model: rc.Model, tolerances: tuple[float, ...]) -> Iterator[dict[str, Any]]:
    """One row for each tolerance."""
    system = build_system(model, discretize(model))
    exact = simulate(model, system, "float64", EXACT * min(tolerances))
    for tolerance in tolerances:
        double = simulate(model, system, "float64", tolerance)
        single = simulate(model, system, "float32", tolerance, STALLED * double.steps)
        row = {"model": name, "tolerance": tolerance, "holds": holds(model, system, tolerance)}
        yield (
            row
            | {"stalled": not single.finished}
            | {
                f"{what}, {precision}": value
                for precision, run in (("float64", double), ("float32", single))
                for what, value in (
                    ("steps", run.steps),
                    ("rejected", run.rejected),
                    ("error of calcium", apart(run.calcium, exact.calcium)),
                    ("error of release", apart(run.release, exact.release)),
                    ("missing calcium", run.missing),
                )
            }
        )


def page(rows: list[dict[str, Any]]) -> str:
    """The table of docs/precision.md: double precision, then single, in every column."""
    head = ("tolerance", "steps", "rejected", "error of calcium", "error of release", "missing calcium", "float32")
    lines = []
    for name in dict.fromkeys(row["model"] for row in rows):
        lines += [f"**{name}**", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows if row["model"] == name] + [""]
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> list[str]:
    def both(what: str, form: str) -> str:
        double, single = (row[f"{what}, {precision}"] for precision in ("float64", "float32"))
        return f"{double:{form}}, " + ("–" if row["stalled"] and form != "," else f"{single:{form}}")

    figures = [both(what, ".0e") for what in ("error of calcium", "error of release", "missing calcium")]
    verdict = "runs" if row["holds"] else "is refused"
    return [f"{row['tolerance']:g}", both("steps", ","), both("rejected", ","), *figures, verdict]


def write_page(rows: list[dict[str, Any]]) -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{page(rows)}{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one model on wide cells, at two tolerances")
    parser.add_argument("--page", action="store_true", help="measure nothing: write the page from precision.json")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    target = chosen.out / "precision.json"
    if not chosen.page:
        rows = []
        for name, model in models().items():
            if chosen.quick and name != "calmodulin, 20 nm":
                continue
            if chosen.quick:
                model = model.changed(discretization=model.discretization.scaled(4))
            rows += measure(name, model, (1e-1, 1e-2) if chosen.quick else TOLERANCES)
        chosen.out.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if chosen.out == RESULTS:
        write_page(json.loads(target.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
