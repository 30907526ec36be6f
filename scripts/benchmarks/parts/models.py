"""The models that are run: the box problem, the calyx, and a train of action potentials."""

from __future__ import annotations

from pathlib import Path

from box.ours import BEST
from box.problem import CURRENT, SIDE, model, quarter, stretched

import rdcalcium as rc

TOLERANCE = 1e-2  # the default
TRAIN = Path(__file__).parents[1] / "train.toml"
TETRAHEDRA = {"kind": "tetrahedra", "size_at_active_zone": "5 nm", "size_in_bulk": "27 nm"}  # as many as the grid


def cubes(cell: float) -> rc.Model:
    """A quarter of the box problem in cubes; cell in µm, a divisor of half a side."""
    return quarter(cell, TOLERANCE)


def tetrahedra(edge: float) -> rc.Model:
    """The same quarter in tetrahedra of one size; edge in µm."""
    box = {"size": [SIDE] * 3, "symmetry": ["x", "y"]}
    sizes = {"kind": "tetrahedra", "size_at_active_zone": edge, "size_in_bulk": edge}
    return model(box, sizes, (0.0, 0.0), CURRENT, TOLERANCE)


def growing() -> rc.Model:
    """The box problem in cells that grow away from the pore."""
    return stretched(**BEST, tolerance=TOLERANCE)


def calyx() -> rc.Model:
    """The library's model of one action potential."""
    return rc.load("keller2015")


def train() -> rc.Model:
    """A second of action potentials at 20 Hz, on a grid."""
    return rc.load(TRAIN)


def train_on_tetrahedra() -> rc.Model:
    """The same on about as many nodes of tetrahedra."""
    return train().changed(discretization=TETRAHEDRA)


def part_of_train(duration: float, cell: float) -> rc.Model:
    """Its beginning, ms, on a coarser grid; cell in µm, along x and y."""
    gap = 0.005  # µm between the vesicle and the membrane, which no cell may close
    grid = {"kind": "grid", "size_at_active_zone": [cell, cell, gap], "size_in_bulk": 0.08, "growth": 1.4}
    return train().changed(discretization=grid, run={"duration": duration})


def split_buffer(parts: int, cell: float) -> rc.Model:
    """The box problem in cubes, with EGTA alone in equal parts: more fields, the same solution."""
    egta = rc.buffer("EGTA", total=1000 / parts)
    return cubes(cell).changed(buffers=[egta.changed(name=f"EGTA {i}") for i in range(parts)])
