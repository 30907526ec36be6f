"""Bytes for each control volume: the most that a process holds, beside what `rdcalcium.memory` plans before a run.

Each in a process of its own, less what the same takes on cells four times as wide. `making` is that of the grid or mesh
alone, `whole run` that of a run with implicit steps, `steady state` that of a terminal with one wall held at rest. On
NumPy the temporary arrays of an operation come on top, its `host_bytes`.
"""

from __future__ import annotations

import rdcalcium as rc
from parts import models
from parts.process import ask_alone
from parts.setting import Setting, Tables

CELL, EDGE = 0.0125, 0.025  # µm: 128,000 cubes, 15,000 nodes
STEADY_CELL = 0.025


def tables(setting: Setting) -> Tables:
    """One row for each kind of control volumes and what is done with them."""
    if setting.quick:
        return {"": [_row(models.cubes(0.05), setting.best, "making")]}
    grid, mesh = models.cubes(CELL), models.tetrahedra(EDGE)
    single = grid.changed(run={"precision": "float32"})
    runs = [(grid, name) for name in ("compiled", "numpy") if name in {k.name for k in setting.kinds()}]
    runs += [(model, setting.best) for model in (single, mesh, models.split_buffer(7, CELL))]
    rows = [_row(model, setting.best, "making") for model in (grid, mesh)]
    rows += [_row(model, backend, "whole_run") for model, backend in runs]
    return {"": [*rows, *(_row(m, setting.best, "steady_state") for m in (models.cubes(STEADY_CELL), mesh))]}


def _row(model: rc.Model, backend: str, what: str) -> dict:
    return ask_alone("one_memory.py", model, backend=backend, what=what)
