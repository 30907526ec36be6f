"""The box problem in rdcalcium: runs with their seconds and their errors, and the solution of the continuum."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from box.problem import CALCIUM, CURRENT, HEIGHTS, SIDE, TIMES, largest, quarter, stretched

import rdcalcium as rc
from rdcalcium import exact
from rdcalcium.chemistry import CALCIUM as FIELD

TOLERANCES = (0.1, 0.05, 0.03, 0.01, 0.003)  # of which the first that is accurate enough is timed
CONVERGED = 1e-4
REPEATS = 3
FINE = (5e-3, 5e-3 / 1.5, 2.5e-3)  # µm; each divides all HEIGHTS, so that these lie alike among the cells
BEST = {"cell": 8e-3, "bulk": 0.1, "growth": 1.3}  # by a scan: the fewest cells with less than 0.5 % error
# A buffer that captures calcium within 23 nm and moves: around it the steady state is known exactly, and soon there.
BAPTA = {"name": "BAPTA", "total": 1000, "k_on": 0.4, "k_off": 0.088, "diffusivity": 0.22}


def solve(model: rc.Model, backend: str, threads: int, probes: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """Calcium above the pore, (times, heights) µM, and what it cost.

    probes  read probes, as users do; or the bare cells, without what they miss close to a pore
    """
    start = time.perf_counter()
    cells = rc.discretize(model)
    do = rc.open_backend(backend, rc.build_system(model, cells))
    do.threads = threads
    simulation = rc.Simulation(model, do)
    places = do.points(cells.locator.weights(np.array([probe.position for probe in model.probes])))
    begun = time.perf_counter()
    found: list[np.ndarray] = []
    while not simulation.finished:
        following = min((t for t in TIMES if t > simulation.t + 1e-12), default=np.inf)
        for moment in simulation.stretch(until=following - 1e-12):
            due = [t for t in TIMES if moment.t - moment.h + 1e-12 < t <= moment.t + 1e-12]
            if due and probes:
                found += list(simulation.values_within(moment, np.array(due))[:, FIELD])
            elif due:
                found += bare(simulation, moment, np.array(due), places)
    seconds = {"setup s": begun - start, "run s": time.perf_counter() - begun}
    return np.array(found), {"cells": cells.size, "steps": simulation.steps, **seconds}


def bare(simulation: rc.Simulation, moment: Any, times: np.ndarray, places: Any) -> list[np.ndarray]:
    """Calcium at places as the cells have it, at times (ms) within the last step."""
    return [v[FIELD] for v in simulation.within(moment, times, lambda y: simulation.do.gather(y, places))]


def timed(model: rc.Model, backend: str, threads: int, probes: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """The quickest of some runs: other users of the machine come and go."""
    runs = [solve(model, backend, threads, probes) for _ in range(REPEATS)]
    return min(runs, key=lambda run: run[1]["setup s"] + run[1]["run s"])


def converged_on_cells(cell: float, backend: str) -> np.ndarray:
    """Calcium above the pore on cubes, without error of time, (times, heights) µM."""
    return solve(quarter(cell, CONVERGED), backend, 1, probes=False)[0]


def tolerance_for(cell: float, converged: np.ndarray, wanted: float, backend: str) -> float:
    """The loosest of TOLERANCES whose error of time is at most `wanted` per cent."""
    for tolerance in TOLERANCES:
        if largest(solve(quarter(cell, tolerance), backend, 1, probes=False)[0], converged) <= wanted:
            return tolerance
    return TOLERANCES[-1]


def on_cells(cell: float, converged: np.ndarray, tolerance: float, backend: str, threads: int) -> dict[str, Any]:
    """One row: time and error on cubes."""
    found, cost = timed(quarter(cell, tolerance), backend, threads, probes=False)
    return {
        "program": f"rdcalcium {backend}",
        "threads": threads,
        "setting": f"tolerance {tolerance:g}",
        **cost,
        "error %": largest(found, converged),
        "calcium": found.tolist(),
    }


def continuum(cells: tuple[float, ...], backend: str, **changes: Any) -> tuple[np.ndarray, float]:
    """Calcium above the pore without error of space, (times, heights) µM, and an estimate of its error, per cent.

    Bare cells of three sizes h on one smooth map, extrapolated by c + a h² + b h⁴; the estimate is what b h⁴ changes
    against c + a h² on the finer two.
    """
    values = np.array([fine(h, backend, **changes) for h in cells])
    h = np.array(cells)
    best = extrapolated(h, values)
    return best, largest(extrapolated(h[1:], values[1:]), best)


def fine(cell: float, backend: str, **changes: Any) -> np.ndarray:
    """Calcium above the pore on stretched cells, with hardly an error of time."""
    growth = 1.15 ** (cell / 4e-3)
    return solve(stretched(cell, 10 * cell, growth, 3e-4, **changes), backend, 1, probes=False)[0]


def extrapolated(h: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The constant of the even polynomial through values (n, …) at h (n,)."""
    weights = np.linalg.inv(np.vander(h**2, increasing=True))[0]
    return np.tensordot(weights, values, axes=1)


def against_exact(cells: tuple[float, ...], backend: str) -> float:
    """Largest error at the HEIGHTS of the steady calcium around a pore among BAPTA, per cent of the exact one."""
    found, _ = continuum(cells, backend, buffers=[BAPTA])
    dissociation = BAPTA["k_off"] / BAPTA["k_on"]
    numbers = (CALCIUM["rest"], CALCIUM["diffusivity"], BAPTA["k_on"], dissociation, BAPTA["total"])
    expected, _ = exact.one_buffer_steady(CURRENT, np.array(HEIGHTS), *numbers, BAPTA["diffusivity"])
    return largest(found[TIMES.index(1.0)], expected)


def best(reference: np.ndarray, wanted: float, backend: str) -> dict[str, Any]:
    """One row: the grid that suits the problem, at the loosest tolerance whose total error is at most `wanted`."""
    for tolerance in TOLERANCES:
        found, cost = timed(stretched(**BEST, tolerance=tolerance), backend, 1, probes=True)
        if largest(found, reference) <= wanted:
            break
    return {
        "program": f"rdcalcium {backend}",
        "threads": 1,
        "setting": f"tolerance {tolerance:g}, cells of {1e3 * BEST['cell']:g} to {1e3 * BEST['bulk']:g} nm, "
        f"quarter of {SIDE:g} um",
        **cost,
        "error %": largest(found, reference),
        "calcium": found.tolist(),
    }
