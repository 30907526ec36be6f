"""A stage on whole cells, and on cells that a membrane cuts: what their shares and the weights of their faces cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from parts.setting import Setting, Tables
from rdcalcium.bench.kernels import Arrays, updates
from rdcalcium.bench.measure import Place
from rdcalcium.bench.systems import chemistry, grid_cells
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.grid import CutLayout
from rdcalcium.system import System

FIELDS = (2, 3, 6)
SIDE, SECONDS = 126, 0.3  # cells along one side, and seconds for each case


def tables(setting: Setting) -> Tables:
    """One row for each backend, its most threads, and each number of fields."""
    places = {place.kind: place for place in setting.places()}  # the last has the most threads
    return {"": [_row(setting, place, fields) for place in places.values() for fields in FIELDS]}


def _row(setting: Setting, place: Place, fields: int) -> dict[str, Any]:
    seconds, whole = 0.005 if setting.quick else SECONDS, grid_cells(12 if setting.quick else SIDE)
    rows = [_stage(place, System(chemistry(fields), cells), seconds) for cells in (whole, _cut(whole))]
    return {
        **{key: rows[0][key] for key in ("kernel", "backend", "threads", "fields", "control volumes")},
        "whole (us)": rows[0]["us"],
        "cut (us)": rows[1]["us"],
        "cut over whole": rows[1]["us"] / rows[0]["us"],
        "bytes per update, cut over whole": rows[1]["bytes per update"] / rows[0]["bytes per update"],
    }


def _stage(place: Place, system: System, seconds: float) -> dict[str, Any]:
    do = place.open(system, "float64")
    return updates(do, "stage", Arrays(do), seconds)


def _cut(cells: Discretization) -> Discretization:
    """The same cells, each with a share and weights as if a membrane crossed it."""
    layout: Any = cells.layout
    shares = [np.random.default_rng(seed).uniform(0.1, 1.0, cells.size) for seed in range(4)]
    cut = CutLayout(layout.shape, layout.axes, layout.open, (shares[1], shares[2], shares[3]), 1 / shares[0])
    return replace(cells, volumes=shares[0] * cells.volumes, layout=cut)
