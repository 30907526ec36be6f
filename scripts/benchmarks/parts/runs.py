"""End to end, each run in a process of its own, with all threads and without writing a run folder.

The box problem is computed in a quarter of it. Seconds of set-up are those of the grid or mesh, of the gates, and of
loading kernels that have been compiled before; the first quiet stretch makes the levels of implicit steps. Peak memory
is what the process held beyond its imports, also in arrays as large as the state. The ledger error is missing calcium
relative to all.
"""

from __future__ import annotations

from collections.abc import Callable

import rdcalcium as rc
from parts import models
from parts.process import run_alone
from parts.setting import Setting, Tables

LONGEST = 600.0  # s of steps

RUNS: dict[str, Callable[[], rc.Model]] = {
    "box, cubes of 20 nm": lambda: models.cubes(0.02),
    "box, cubes of 10 nm": lambda: models.cubes(0.01),
    "box, cubes of 10 nm, float32": lambda: models.cubes(0.01).changed(run={"precision": "float32"}),
    "box, cubes of 5 nm": lambda: models.cubes(0.005),
    "box, growing cells": models.growing,
    "keller2015": models.calyx,
    "20 action potentials, grid": models.train,
    "20 action potentials, tetrahedra": models.train_on_tetrahedra,
}
QUICK: dict[str, Callable[[], rc.Model]] = {
    "1 action potential, coarse grid": lambda: models.part_of_train(20.0, 0.02),
}


def tables(setting: Setting) -> Tables:
    """One row a run."""
    rows = []
    for name, model in (QUICK if setting.quick else RUNS).items():
        row = run_alone(model(), setting.best, LONGEST)
        row.pop("marks", None)
        rows.append({"run": name, **row})
    return {"": rows}
