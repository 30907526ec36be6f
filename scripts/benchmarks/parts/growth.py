"""Growth of time and memory with cells, fields and model time; each series ends with its exponent.

The seconds are those of the steps alone.

An exponent is the slope of a line through the logarithms of all rows of its series. With smaller cells of one size the
stages of a step grow as well, like the third root of their number: 4/3 is what one expects of cells. More fields are
equal parts of one buffer, which leaves the solution what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import rdcalcium as rc
from parts import models
from parts.process import run_alone
from parts.setting import Setting, Tables

LONGEST = 120.0  # s of steps
CELLS = (0.05, 0.025, 0.0125, 0.00625)  # µm
EDGES = (0.05, 0.03, 0.02)  # µm
PARTS, CELL = (1, 3, 7), 0.0125  # of EGTA, in cubes of so many µm
TIMES, TRAIN_CELL = (50.0, 100.0, 200.0, 400.0), 0.012  # ms of the train, and µm
FITTED = ("run s", "evaluations", "peak MiB")
KEPT = ("control volumes", "fields", "model ms", *FITTED)

Row = dict[str, Any]


def tables(setting: Setting) -> Tables:
    """One table for each series."""
    if setting.quick:
        return {"Cells of a grid": series(map(models.cubes, CELLS[:2]), "control volumes", setting)}
    return {
        "Cells of a grid": series(map(models.cubes, CELLS), "control volumes", setting),
        "Nodes of a mesh": series(map(models.tetrahedra, EDGES), "control volumes", setting),
        "Fields": series((models.split_buffer(parts, CELL) for parts in PARTS), "fields", setting),
        "Model time": with_exponents(over_time(TIMES, TRAIN_CELL, setting), "model ms"),
    }


def series(described: Iterable[rc.Model], size: str, setting: Setting) -> list[Row]:
    """One run after the other, and how they grow with a size."""
    return with_exponents([run_alone(model, setting.best, LONGEST) for model in described], size)


def over_time(times: Sequence[float], cell: float, setting: Setting) -> list[Row]:
    """Rows of one run, noted on its way."""
    run = run_alone(models.part_of_train(times[-1], cell), setting.best, LONGEST, times[:-1])
    same = {key: value for key, value in run.items() if key != "note"}
    return [*({**same, **mark} for mark in run.get("marks", ())), run]


def with_exponents(rows: Sequence[Row], size: str) -> list[Row]:
    """What is told of each run, and a last row of exponents in its size."""
    done = [row for row in rows if "note" not in row]
    told = [{key: row[key] for key in (*KEPT, "note") if key in row} for row in rows]
    if len(done) < 2:
        return told
    fits = {key: exponent(done, size, key) for key in FITTED}
    return [*told, {**fits, "note": f"exponents in {size}"}]


def exponent(rows: Sequence[Row], size: str, key: str) -> float:
    """p of the power law key = a size**p that fits best."""
    return float(np.polyfit(*(np.log([row[name] for row in rows]) for name in (size, key)), 1)[0])
