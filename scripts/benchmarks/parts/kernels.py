"""Each kernel on cubes of equal cells and of mesh nodes, and its share of the bandwidth measured around it.

Before the kernels of a case, and after them, the triad is measured on the same backend, threads and precision, beyond
the caches; `triad GB/s` is the larger of the two, and `us` the quickest of at least three runs. The median says how
much other users of the machine were in the way. Bytes are counted as if every cache worked perfectly; what fits into
the caches can be faster than memory. A case whose state a backend handles on one core is measured on one thread alone.

`relax`, `defect`, `transfer`, `to_modes` and `from_modes` are those of implicit steps on the finest level of their
multigrid, and their fields are the modes that move. `gather` looks at points, which are counted in place of control
volumes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from parts.levels import Cycle, finest_level
from parts.setting import Setting, Tables
from rdcalcium.backends import Operations
from rdcalcium.bench.kernels import KERNELS, STATES, Arrays, looks, runs, updates
from rdcalcium.bench.measure import PRECISIONS, QUICK, Place, new_triad, with_share, worth_measuring
from rdcalcium.bench.systems import chemistry, grid_cells, mesh_nodes
from rdcalcium.bench.triad import Triad
from rdcalcium.discretization import Discretization, Level
from rdcalcium.machine import memory_available
from rdcalcium.system import System

# Along one side: 3e4 to 2e7 cells, 1e4 to 1e6 nodes. No powers of two: see rdcalcium.backends.base.Sides.
GRIDS, NODES = (30, 62, 126, 254), (22, 46, 100)
FIELDS = (2, 4, 8)
RELAXED = 4  # fields of the one system on which the kernels of implicit steps are measured,
MOST_RELAXED = 300_000  # and the most control volumes: its levels take long to make
SECONDS, FEWEST = 0.1, 3  # for each kernel, and how often at least
LONGEST = 480.0  # s, for all
TEMPORARY = 4 * 2**30  # bytes of temporary arrays that a backend may make
ROOM = 2  # arrays of the state besides those of the kernels, for what is made on the way

# Kernels whose work does not grow with the control volumes, and what it is.
SMALL = {
    "plan": "one thread: the length of a step",
    "currents": "one number for each stage and group of channels",
    "see": "one thread: whether stages see the currents",
    "inject": "the control volumes under channels",
    "inject_stage": "the control volumes under channels",
    "add_at": "the control volumes under channels",
    "judge": "one thread: whether a step is accepted",
    "note": "the points that are watched",
    "patch_rhs": "the control volumes at surfaces with pumps",
    "patch_stage": "the control volumes at surfaces with pumps",
    "patch_arrive": "the control volumes at surfaces with pumps",
    "patch_settle": "the control volumes at surfaces with pumps",
    "patch_follow": "the control volumes at surfaces of stores",
    "patch_totals": "the control volumes at surfaces of stores",
    "patch_add_up": "a hundred numbers for each store",
    "march_patch_totals": "the control volumes at surfaces of stores",
    "march_patch_stage": "the control volumes at surfaces with pumps",
    "march_patch_arrive": "the control volumes at surfaces with pumps",
    "series": "the places of sensors, see `sites`",
    "solve_dense": "the coarsest level, of at most 40 unknowns",
}

Row = dict[str, Any]


def tables(setting: Setting) -> Tables:
    """One table for grids and one for meshes."""
    measured = Measured(setting)
    grids, nodes = ((12,), (12,)) if setting.quick else (GRIDS, NODES)
    return {
        "Meshes": [row for side in nodes for row in measured.rows(mesh_nodes(side))],
        "Grids": [row for side in grids for row in measured.rows(grid_cells(side))],  # the largest come last
    }


class Measured:
    """All kernels on control volumes, with the triads that stand beside them."""

    def __init__(self, setting: Setting):
        self.setting = setting
        self.seconds = 0.002 if setting.quick else SECONDS
        self.end = time.perf_counter() + LONGEST
        self._triads: dict[tuple[str, int, str], Triad] = {}

    def rows(self, cells: Discretization) -> Iterator[Row]:
        """Rows of every backend, number of fields, precision and number of threads."""
        finest = finest_level(cells) if cells.size <= MOST_RELAXED else None
        for fields in (RELAXED,) if self.setting.quick else FIELDS:
            system = System(chemistry(fields), cells)
            for kind in self.setting.kinds():
                for precision in PRECISIONS:
                    yield from self._case(kind, system, precision, finest if fields == RELAXED else None)

    def _case(self, kind: type[Operations], system: System, precision: str, level: Level | None) -> Iterator[Row]:
        about = {"backend": kind.name, "precision": precision, "fields": system.shape[0]}
        try:
            note = too_large(kind, system, precision) or self._too_late()
            yield from [] if note else self._measured(kind(system, precision), level)
        except MemoryError as error:  # of a device
            note = f"left out: {error}"
        if note:
            yield {"kernel": "all", **about, "control volumes": system.shape[1], "note": note}

    def _too_late(self) -> str:
        return f"left out: the {LONGEST:g} s of this part were over" if time.perf_counter() > self.end else ""

    def _measured(self, do: Operations, level: Level | None) -> Iterator[Row]:
        arrays, cycle = Arrays(do), Cycle(do, level) if level else None
        fields, n = do.system.shape
        for threads in worth_measuring(type(do), fields * n):
            do.threads = threads
            triad = self._triad(do)
            before = triad.measure(self.seconds)
            found = [updates(do, name, arrays, self.seconds, FEWEST) for name in KERNELS if runs(do, name)]
            found += [looks(do, arrays, self.seconds, FEWEST), *(cycle.rows(self.seconds, FEWEST) if cycle else ())]
            bandwidth = max(before, triad.measure(self.seconds))
            yield from (with_share(row, bandwidth) for row in found)

    def _triad(self, do: Operations) -> Triad:
        case = (do.name, do.threads, do.precision)
        if case not in self._triads:
            self._triads[case] = new_triad(
                Place(type(do), do.number, do.threads), do.precision, QUICK if self.setting.quick else do.sides
            )
        return self._triads[case]


def too_large(kind: type[Operations], system: System, precision: str) -> str:
    """Why a case does not fit, in a sentence; nothing if it does."""
    fields, n = system.shape
    temporary = kind.host_bytes * n
    if temporary > TEMPORARY:
        return f"left out: its temporary arrays would take {temporary / 2**30:.1f} GiB"
    needed = temporary + (len(STATES) + ROOM) * fields * n * np.dtype(precision).itemsize
    if not kind.on_gpu and needed > memory_available():
        return f"left out: it would take {needed / 2**30:.1f} GiB of memory"
    return ""
