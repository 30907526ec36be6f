"""The box problem in rdcalcium, NEURON and FiPy: what an accuracy costs, as a table of this machine.

    python scripts/benchmarks/box_problem.py [--quick] [--peers PYTHON] [--out FOLDER]

Writes box-<processor>.json and .md. The other programs come with `pip install "rdcalcium[peers]"`, here or in an
environment of their own, whose Python --peers names; of one that is missing the table says so.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from box import others, ours
from box.problem import CALCIUM, CURRENT, EGTA, FIXED, HEIGHTS, OPEN, SIDE, TIMES, largest
from box.table import page
from writing import RESULTS, file_name, save

from rdcalcium.backends import backend_class
from rdcalcium.bench.measure import machine_now
from rdcalcium.machine import let_idle_cores_sleep, threads

WANTED = {"time": 0.5, "total": 1.0}  # per cent
CELLS = (0.02, 0.05)  # µm; the larger for those that take too long on the smaller
MOST = 60  # refinement, so that no run takes ten minutes
LESS = {("FiPy", 0.02): 2}  # where that is still too much: the error stays above what is wanted, and the table says it
CVODE = 20  # refinement of tolerances that comes near the accuracy wanted; it is tried on the larger cells alone

PROBLEM = (
    f"A closed box of {SIDE:g} um; {CURRENT:g} pA for {OPEN:g} ms through a pore in the middle of z = 0, then none. "
    f"Calcium rests at {CALCIUM['rest']} uM, D = {CALCIUM['diffusivity']} um2/ms. Fixed buffer {FIXED['total']} uM, "
    f"k_on {FIXED['k_on']} /uM/ms, K_d {FIXED['K_d']} uM. EGTA {EGTA.total:g} uM, k_on {EGTA.k_on:g} /uM/ms, "
    f"k_off {EGTA.k_off:g} /ms, D = {EGTA.diffusivity:g} um2/ms. The error is the largest relative one of [Ca] at "
    f"{', '.join(f'{1e3 * z:g}' for z in HEIGHTS)} nm above the pore at {', '.join(f'{t:g}' for t in TIMES)} ms. "
    "All compute a quarter of the box. Run time is without import, set-up and compilation."
)


def same_cells(cell: float, backend: str, python: str, quick: bool) -> list[dict[str, Any]]:
    """Rows of all programs on cubes of one size; the first is rdcalcium on one core."""
    converged = ours.converged_on_cells(cell, backend)
    tolerance = ours.tolerance_for(cell, converged, WANTED["time"], backend)
    own = [(backend, n) for n in sorted({1, threads()})] + [("numpy", 1)] * (backend != "numpy")
    rows = [ours.on_cells(cell, converged, tolerance, name, count) for name, count in own]
    for program in others.PROGRAMS:
        rows += peer_rows(python, program, cell, converged, quick)
    return with_ratios(rows, rows[0])


def peer_rows(python: str, program: str, cell: float, converged: np.ndarray, quick: bool) -> list[dict[str, Any]]:
    """The most accurate run of a program, and the same on two threads or with other steps where it has them."""
    print(f"{program} on cells of {1e3 * cell:g} nm …", file=sys.stderr)
    runs = others.accurate(python, program, cell, WANTED["time"], 2 if quick else LESS.get((program, cell), MOST))
    best = runs[-1]
    if "missing" in best:
        return [best]
    best["limit against rdcalcium %"] = largest(np.array(best["limit"]), converged)
    best["coarser runs"] = [{key: run[key] for key in ("setting", "steps", "run s", "error %")} for run in runs[:-1]]
    if program != "NEURON rxd":
        return [best]
    rows = [best, on_two_threads(python, program, cell, best)]
    if cell == CELLS[-1]:
        cvode = others.call(python, program, cell, refinement=1 if quick else CVODE, cvode=True)
        rows.append({**cvode, "error %": largest(np.array(cvode["calcium"]), converged)})
    return rows


def on_two_threads(python: str, program: str, cell: float, best: dict[str, Any]) -> dict[str, Any]:
    """The same steps on two threads: seconds of a coarser run, times the steps; each costs the same."""
    coarse = others.call(python, program, cell, refinement=2, threads=2)
    row = {key: best[key] for key in ("program", "version", "setting", "cells", "steps", "error %")}
    seconds = coarse["run s"] * best["steps"] / coarse["steps"]
    return {**row, "threads": 2, "setup s": coarse["setup s"], "run s": seconds, "timed steps": coarse["steps"]}


def total_error(rows: list[dict[str, Any]], reference: np.ndarray, backend: str) -> list[dict[str, Any]]:
    """Rows against the continuum: rdcalcium on the grid that suits it, and the runs on uniform cells."""
    first = ours.best(reference, WANTED["total"], backend)
    uniform = [row for row in rows if "missing" in row or ("calcium" in row and row["program"] != "rdcalcium numpy")]
    judged = [
        row if "missing" in row else {**row, "error %": largest(np.array(row["calcium"]), reference)} for row in uniform
    ]
    return with_ratios([first, *judged], first)


def with_ratios(rows: list[dict[str, Any]], first: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows with their run time over that of the first."""
    return [row if "missing" in row else {**row, "ratio": row["run s"] / first["run s"]} for row in rows]


def measure(quick: bool, python: str) -> dict[str, Any]:
    """All figures of this machine; `quick` only shows that the benchmark works."""
    machine = machine_now()  # before its load is our own
    backend = "numpy" if backend_class("compiled").missing() else "compiled"
    cells = (0.1,) if quick else CELLS
    fine = tuple(3 * h for h in ours.FINE) if quick else ours.FINE
    same = {f"{1e3 * cell:g} nm": same_cells(cell, backend, python, quick) for cell in cells}
    reference, error = ours.continuum(fine, backend)
    return {
        "quick": quick,
        "machine": machine,
        "problem": PROBLEM,
        "times (ms)": TIMES,
        "heights (um)": HEIGHTS,
        "wanted %": WANTED,
        "reference": {
            "calcium": reference.tolist(),
            "cells (um)": fine,
            "error %": error,
            "exact %": ours.against_exact(fine, backend),
        },
        "same cells": same,
        "total error": total_error(next(iter(same.values())), reference, backend),
    }


def main() -> None:
    """Measure, print, write."""
    let_idle_cores_sleep()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument("--peers", default=sys.executable, help="the Python that has NEURON and FiPy")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    figures = measure(chosen.quick, chosen.peers)
    quick = ["quick"] * chosen.quick
    save(figures, page(figures), chosen.out, file_name("box", figures["machine"]["processor"], *quick))
    print(page(figures))


if __name__ == "__main__":
    main()
