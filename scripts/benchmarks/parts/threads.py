"""From how many values of a state on it is worth waking all cores: a stage on one and on all, whatever its size.

`asked for` is the size from which on a backend does so by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parts.setting import Setting, Tables
from rdcalcium.backends import Operations
from rdcalcium.bench.kernels import Arrays, updates
from rdcalcium.bench.systems import grid_system, mesh_system
from rdcalcium.system import System

FIELDS = 3
GRIDS, NODES = (14, 20, 24, 28, 32, 42), (14, 20, 24, 28, 32, 42)  # along one side: 8,000 to 220,000 values
SECONDS = 0.3


def tables(setting: Setting) -> Tables:
    """One row for each size of each backend that can choose."""
    grids, nodes = ((10,), ()) if setting.quick else (GRIDS, NODES)
    systems = [*(grid_system(n, FIELDS) for n in grids), *(mesh_system(n, FIELDS) for n in nodes)]
    kinds = [kind for kind in setting.kinds() if kind.serial_below]
    return {"": [row for kind in kinds for system in systems for row in _rows(kind, system, setting.quick)]}


def _rows(kind: type[Operations], system: System, quick: bool) -> Iterator[dict[str, Any]]:
    do = kind(system, "float64")
    asked, do.serial_below = do.serial_below, 0
    arrays, found = Arrays(do), []
    for threads in kind.thread_counts():
        do.threads = threads
        found.append(updates(do, "stage", arrays, 0.01 if quick else SECONDS))
    one, many = found[0], found[-1]
    yield {
        "backend": do.name,
        "kernel": one["kernel"],
        "values": one["fields"] * one["control volumes"],
        **{f"us on {row['threads']}": row["us"] for row in found},
        "times as quick": one["us"] / many["us"],
        "asked for": int(asked),
    }
