"""The kernels of implicit steps on the finest level of their multigrid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.backends import Operations
from rdcalcium.bench.kernels import rated
from rdcalcium.bench.timing import times
from rdcalcium.discretization import Discretization, Level
from rdcalcium.discretization.multigrid import build_levels


def finest_level(cells: Discretization) -> Level:
    """That of the control volumes themselves."""
    return next(build_levels(cells.conductance, cells.volumes))


def held(*things: Any) -> int:
    """Bytes of arrays, of sparse matrices, and of what holds some."""
    return sum(_bytes(thing) for thing in things)


def _bytes(thing: Any) -> int:
    if isinstance(thing, csr_array):
        return held(thing.data, thing.indices, thing.indptr)
    if is_dataclass(thing):
        return held(*(getattr(thing, field.name) for field in fields(thing)))
    return held(*thing) if isinstance(thing, tuple) else getattr(thing, "nbytes", 0)


class Cycle:
    """One visit to a level, with a mode for each field that moves: each kernel, and the bytes that it moves."""

    def __init__(self, do: Operations, level: Level):
        self.do, self.on = do, do.level(level)
        self.x, self.b, self.change, self.out = (do.modes(level.size) for _ in range(4))
        self.coarse = do.modes(level.restrict.shape[0]) if level.restrict is not None else None
        moving, many = do.system.chemistry.moving, len(do.system.fields)
        self.shifts = do.mode_values(np.full(moving, 1e3))
        self.state = do.new()
        self.answer = do.new()
        matrices = (np.ones((moving, many)), np.ones((many, moving)), np.zeros((many, many)))
        self.to, self.back, self.direct = (do.values(matrix) for matrix in matrices)
        self.still = do.system.chemistry.diffusivity <= 0  # fields of which something is taken directly

    def kernels(self) -> dict[str, tuple[Callable[[], None], int]]:
        """Name -> what to call, and its bytes; arrays that are read and written count twice."""
        do, on, x, b, change, out = self.do, self.on, self.x, self.b, self.change, self.out
        found = {
            "relax": (
                lambda: do.relax(on, x, b, change, out, self.shifts, 0.1, 0.5),
                held(on.laplacian, on.diagonal, x, b, change, change, out),
            ),
            "defect": (
                lambda: do.defect(on, x, b, out, self.shifts),
                held(on.laplacian, x, b, out),
            ),
            "to_modes": (
                lambda: do.to_modes(self.to, self.state, out),
                held(self.state, out),
            ),
            "from_modes": (
                lambda: do.from_modes(self.back, x, self.direct, self.state, self.answer, keep=True),
                held(x, self.answer, self.answer) + int(self.still.mean() * held(self.state)),
            ),
        }
        if self.coarse is None:
            return found
        return found | {
            "transfer": (
                lambda: do.restrict(on, x, self.coarse),
                held(on.restrict, x, self.coarse),
            ),
            "transfer back": (
                lambda: do.prolong(on, self.coarse, x),
                held(on.prolong, self.coarse, x, x),
            ),
        }

    def rows(self, seconds: float, fewest: int) -> Iterator[dict[str, Any]]:
        """One for each kernel."""
        n = self.do.system.discretization.size
        for name, (action, size) in self.kernels().items():
            found = times(self.do, action, seconds, fewest)
            yield rated(self.do, name, self.do.system.chemistry.moving, size / n, found)
