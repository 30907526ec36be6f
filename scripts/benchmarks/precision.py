"""Models in double and in single precision, tolerance by tolerance: errors, steps, and whether the rule lets them run.

    python scripts/benchmarks/precision.py [--quick] [--out FOLDER]

Writes precision.json, from which pages.py makes the tables of docs/precision.md. It takes some minutes on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from precision_models import models
from writing import RESULTS, file_name

import rdcalcium as rc
from rdcalcium.backends import open_backend
from rdcalcium.bench import write
from rdcalcium.bench.table import markdown
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import ModelError
from rdcalcium.machine import let_idle_cores_sleep
from rdcalcium.precision import require_precision, strain
from rdcalcium.simulation import Simulation
from rdcalcium.system import System, build_system

LAW = """**The law**

At the smallest tolerance at which single precision came to its end: the steps that the solution asks for, as the rule
counts them; how many times as many single precision takes; and the noise, (float32 steps - float64 steps) × tolerance /
(ε ρ T), which says something where these are many times as many. The rule has 16, 4 and 0.2.
"""
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
EXACT = 0.3  # of the smallest tolerance, with which double precision gives what all are held against
QUICK = "calmodulin, 20 nm"
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
        row |= {"stalled": not single.finished} | told("float64", double, exact) | told("float32", single, exact)
        yield row | law(model, system, row)


def told(precision: str, run: Outcome, exact: Outcome) -> dict[str, Any]:
    """What is told of a run in one precision."""
    figures = {
        "steps": run.steps,
        "rejected": run.rejected,
        "error of calcium": apart(run.calcium, exact.calcium),
        "error of release": apart(run.release, exact.release),
        "missing calcium": run.missing,
    }
    return {f"{what}, {precision}": value for what, value in figures.items()}


def law(model: rc.Model, system: System, row: dict[str, Any]) -> dict[str, float]:
    """What a row makes of the numbers of the rule, STEPS and NOISE of rdcalcium/precision.py."""
    cells, tolerance = system.discretization, row["tolerance"]
    rounding, pulses = strain(model, system.chemistry, cells.total_volume, cells.radius)
    double, single = row["steps, float64"], row["steps, float32"]
    return {"asked": double * tolerance ** (1 / 3) / pulses, "noise": (single - double) * tolerance / rounding}


def page(rows: list[dict[str, Any]]) -> str:
    """The tables of docs/precision.md: double precision, then single, in every column; then the law."""
    lines = []
    for name in dict.fromkeys(row["model"] for row in rows):
        lines += [f"**{name}**", "", *markdown(_told(row) for row in rows if row["model"] == name), ""]
    last = {row["model"]: row for row in rows if not row["stalled"]}
    return "\n".join([*lines, LAW, *markdown(map(_law, last.values())), ""])


def _told(row: dict[str, Any]) -> dict[str, str]:
    def both(what: str, form: str) -> str:
        double, single = (row[f"{what}, {precision}"] for precision in ("float64", "float32"))
        return f"{double:{form}}, " + ("–" if row["stalled"] and form != "," else f"{single:{form}}")

    counts = {what: both(what, ",") for what in ("steps", "rejected")}
    errors = {what: both(what, ".0e") for what in ("error of calcium", "error of release", "missing calcium")}
    verdict = "runs" if row["holds"] else "is refused"
    return {"tolerance": f"{row['tolerance']:g}", **counts, **errors, "float32": verdict}


def _law(row: dict[str, Any]) -> dict[str, str]:
    figures = {"steps × tolerance^(1/3) / pulse": row["asked"], "times as many": ratio(row), "noise": row["noise"]}
    tolerance = {"model": row["model"], "tolerance": f"{row['tolerance']:g}"}
    return tolerance | {name: f"{value:.2g}" for name, value in figures.items()}


def ratio(row: dict[str, Any]) -> float:
    """How many times as many steps single precision takes."""
    return row["steps, float32"] / row["steps, float64"]


def quick_models() -> dict[str, rc.Model]:
    """One of them, on wide cells."""
    model = models()[QUICK]
    return {QUICK: model.changed(discretization=model.discretization.scaled(4))}


def main() -> None:
    """Measure and write."""
    let_idle_cores_sleep()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one model on wide cells, at two tolerances")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    described, tolerances = (quick_models(), TOLERANCES[:2]) if chosen.quick else (models(), TOLERANCES)
    rows = [row for name, model in described.items() for row in measure(name, model, tolerances)]
    write(rows, chosen.out / f"{file_name('precision', *['quick'] * chosen.quick)}.json")


if __name__ == "__main__":
    main()
