"""What a tolerance costs and what it gives, with both methods: the tables of docs/tolerance.md.

    python scripts/benchmarks/tolerance.py [--quick]

It takes a minute or two on one core; --quick prints one small table and writes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from precision_models import FIXED, channel

import rdcalcium as rc
from rdcalcium.backends import open_backend
from rdcalcium.discretization.build import discretize
from rdcalcium.integrators import METHODS
from rdcalcium.simulation import Simulation
from rdcalcium.system import System, build_system

PAGE = Path(__file__).parents[2] / "docs" / "tolerance.md"
BEGIN, END = "<!-- measured: python scripts/benchmarks/tolerance.py -->", "<!-- end -->"
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4)
QUICK = (1e-1, 1e-2)
EXACT = 1e-6  # tolerance of what all are held against, a hundred times smaller
BELL = {"kind": "gaussian", "amplitude": 0.2, "peak": 0.7, "width": 0.4}
PULSE = {"kind": "pulse", "amplitude": 0.2, "duration": 0.3}
EGTA, BAPTA = ({"use": name, "total": 1000} for name in ("EGTA", "BAPTA"))
MODELS = {
    "A bell of current of 0.4 ms, EGTA and a fixed buffer, cells of 10 nm": (0.01, 0.5, 2.0, (EGTA, FIXED), BELL),
    "The same with BAPTA instead of EGTA": (0.01, 0.5, 2.0, (BAPTA, FIXED), BELL),
    "A pulse of 0.3 ms, EGTA, cells of 3 nm": (0.003, 0.3, 1.0, (EGTA,), PULSE),
}


@dataclass(frozen=True)
class Outcome:
    """What one run answers, and what it costs.

    calcium  highest and last at each sensor and probe, µM
    release  probability at each sensor
    """

    calcium: np.ndarray
    release: np.ndarray
    evaluations: int


@dataclass(frozen=True)
class Row:
    """Of each method its errors, the largest relative ones, and its evaluations."""

    tolerance: float
    calcium: dict[str, float]
    release: dict[str, float]
    evaluations: dict[str, int]


def simulate(model: rc.Model, system: System, method: str, tolerance: float) -> Outcome:
    """A run by one method."""
    model = model.changed(run={"method": method, "tolerance": tolerance})
    run = Simulation(model, open_backend("compiled", system))
    highest = run.values[0]
    while not run.finished:
        highest = np.maximum(highest, run.advance().values[0])
    release = np.concatenate([sensor.probability() for sensor in run.sensors])
    return Outcome(np.concatenate([highest, run.values[0]]), release, run.stepper.evaluations)


def measure(name: str, tolerances: Iterable[float] = TOLERANCES) -> list[Row]:
    """A row for each tolerance, of one of the MODELS."""
    cells, side, duration, buffers, current = MODELS[name]
    model = channel(cells, side, duration, *buffers, current=current)
    system = build_system(model, discretize(model))
    exact = simulate(model, system, "RKC2", EXACT)
    return [_row(model, system, exact, tolerance) for tolerance in tolerances]


def _row(model: rc.Model, system: System, exact: Outcome, tolerance: float) -> Row:
    found = {method: simulate(model, system, method, tolerance) for method in METHODS}
    return Row(
        tolerance,
        {method: _apart(one.calcium, exact.calcium) for method, one in found.items()},
        {method: _apart(one.release, exact.release) for method, one in found.items()},
        {method: one.evaluations for method, one in found.items()},
    )


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest relative difference."""
    return float(np.abs(a / b - 1).max())


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    heads = [f"{m}: {what}" for m in METHODS for what in ("error of calcium", "error of release", "evaluations")]
    lines = ["| tolerance | " + " | ".join(heads) + " |", "|--:" * (1 + len(heads)) + "|"]
    for row in rows:
        cells = [
            cell
            for m in METHODS
            for cell in (f"{100 * row.calcium[m]:.1g} %", f"{100 * row.release[m]:.1g} %", f"{row.evaluations[m]:,}")
        ]
        lines.append(f"| {row.tolerance:g} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one model and two tolerances, printed alone")
    if parser.parse_args().quick:
        print(table(measure(next(iter(MODELS)), QUICK)))
        return
    tables = "\n".join(f"**{name}**\n\n{table(measure(name))}" for name in MODELS)
    before, after = (PAGE.read_text(encoding="utf-8").partition(mark) for mark in (BEGIN, END))
    PAGE.write_text(f"{before[0]}{BEGIN}\n{tables}{END}{after[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
