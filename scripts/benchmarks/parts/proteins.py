"""A stage with one buffer of the library, from a chelator to a protein of many states: bytes and time for each field.

The code of the reactions is made for each model and fused with diffusion, so that a field of calmodulin should cost no
more than one of EGTA. Cells are beyond the caches; the triad is that of the same threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rdcalcium as rc
from parts.setting import Setting, Tables
from rdcalcium.bench.kernels import Arrays, updates
from rdcalcium.bench.measure import QUICK, Place, new_triad, with_share
from rdcalcium.bench.systems import grid_cells
from rdcalcium.chemistry import Chemistry, build_chemistry
from rdcalcium.system import System

BUFFERS = ("EGTA", "ATP_eshra2021", "calretinin_faas2007", "calmodulin_faas2011")
SIDE, SECONDS = 126, 0.3  # cells along one side, and seconds for each case


def tables(setting: Setting) -> Tables:
    """One row for each backend, its most threads, and each buffer."""
    places = {place.kind: place for place in setting.places()}  # the last has the most threads
    return {"": [row for place in places.values() for name in BUFFERS for row in _rows(setting, place, name)]}


def _rows(setting: Setting, place: Place, name: str) -> Iterator[dict[str, Any]]:
    seconds = 0.005 if setting.quick else SECONDS
    system = System(_chemistry(name), grid_cells(12 if setting.quick else SIDE))
    do = place.open(system, "float64")
    triad = new_triad(place, "float64", QUICK if setting.quick else place.kind.sides)
    before = triad.measure(seconds)
    row = with_share(updates(do, "stage", Arrays(do), seconds), max(before, triad.measure(seconds)))
    fields, n = system.shape
    yield {
        "buffer": name,
        **{key: row[key] for key in ("kernel", "backend", "threads", "fields", "control volumes", "% of triad")},
        "bytes per field": row["bytes per update"] / fields,
        "ns per field": 1e3 * row["us"] / fields / n,
    }


def _chemistry(name: str) -> Chemistry:
    """Calcium and 100 µM of one buffer of the library."""
    box = {"kind": "box", "size": [1, 1, 1]}
    return build_chemistry(
        rc.Model(
            geometry=box,
            discretization={"kind": "grid", "size_at_active_zone": 0.5},
            magnesium={"free": 500},
            buffers=[{"use": name, "total": 100}],
            run={"duration": 1},
        )
    )
