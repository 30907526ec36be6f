"""The box problem: one channel in the middle of a face of a closed box, a fixed buffer and EGTA."""

from __future__ import annotations

from typing import Any

import numpy as np

import rdcalcium as rc
from rdcalcium.units import AMOUNT_PER_CHARGE, IONS_PER_AMOUNT

SIDE = 1.0  # µm
CURRENT = 0.3  # pA
OPEN = 1.0  # ms, then shut until the end
TIMES = (0.2, 0.5, 1.0, 1.2, 2.0)  # ms
HEIGHTS = (0.02, 0.05, 0.1)  # µm, straight above the pore
CALCIUM = {"diffusivity": 0.22, "rest": 0.05}
FIXED = {"name": "fixed", "total": 400, "k_on": 0.5, "K_d": 10, "diffusivity": 0}
EGTA = rc.buffer("EGTA", total="1 mM")


def model(
    box: dict, grid: dict, pore: tuple[float, float], current: float, tolerance: float, **changes: Any
) -> rc.Model:
    """The problem in words of the model file; box, grid and pore say how it is cut and where its corner lies."""
    pulse = {"kind": "pulse", "amplitude": current, "start": 0, "duration": OPEN}
    words = {
        "geometry": {"kind": "box", **box},
        "discretization": {"kind": "grid", **grid},
        "calcium": CALCIUM,
        "buffers": [FIXED, EGTA.model_dump(exclude_none=True)],
        "channels": [{"name": "Ca", "positions": [pore], "current": pulse}],
        "probes": [{"name": f"{1e3 * z:g} nm", "position": [*pore, z]} for z in HEIGHTS],
        "run": {"duration": TIMES[-1], "tolerance": tolerance},
    }
    return rc.Model.model_validate(words | changes)


def quarter(cell: float, tolerance: float) -> rc.Model:
    """A quarter of the box in cubes: by symmetry the box whose pore is a corner of four cells, each with its quarter.

    cell  µm, a divisor of half the side
    """
    half = SIDE / 2
    corner = -half / 2 + cell / 2
    box = {"size": [half, half, SIDE]}
    return model(box, {"size_at_active_zone": cell}, (corner, corner), CURRENT / 4, tolerance)


def stretched(cell: float, bulk: float, growth: float, tolerance: float, **changes: Any) -> rc.Model:
    """A quarter of the box between its mirror planes, in cells that grow away from the pore; lengths in µm."""
    box = {"size": [SIDE] * 3, "symmetry": ["x", "y"]}
    grid = {"size_at_active_zone": cell, "size_in_bulk": bulk, "growth": growth}
    return model(box, grid, (0.0, 0.0), CURRENT, tolerance, **changes)


def for_peers(cell: float) -> dict[str, Any]:
    """The quarter in cubes as numbers, in µm, ms and µM."""
    influx = CURRENT / 4 * AMOUNT_PER_CHARGE
    return {
        "size": [SIDE / 2, SIDE / 2, SIDE],
        "cell": cell,
        "times": TIMES,
        "open": OPEN,
        "influx": influx,  # µM µm³ ms⁻¹ into the cell in the corner
        "ions": influx * IONS_PER_AMOUNT,  # the same, ms⁻¹
        "calcium": CALCIUM,
        "fixed": {**FIXED, "k_off": FIXED["k_on"] * FIXED["K_d"]},
        "EGTA": {key: getattr(EGTA, key) for key in ("total", "k_on", "k_off", "diffusivity")},
    }


def above_the_pore(columns: list[list[float]], cell: float) -> np.ndarray:
    """Calcium at HEIGHTS from that of the column of cells above the pore, (times, cells) to (times, heights) µM."""
    centres = cell * (np.arange(len(columns[0])) + 0.5)
    return np.array([np.interp(HEIGHTS, centres, column) for column in columns])


def largest(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest relative difference over all times and heights, per cent."""
    return float(100 * np.abs(found / expected - 1).max())
