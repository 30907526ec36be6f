"""The smoother of implicit steps on the finest level of its multigrid."""

from __future__ import annotations

from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.bench.kernels import rated
from rdcalcium.bench.timing import times
from rdcalcium.discretization import Discretization, Level
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.discretization.sliced_ell import slice_rows

ARRAYS = 5  # moved in each mode: x, b and the last change are read, the change and the new x are written


def finest_level(cells: Discretization) -> Level:
    """That of the control volumes themselves."""
    return next(build_levels(cells.conductance, cells.volumes))


class Relaxation:
    """One Chebyshev step on a level, with a mode for each field that moves."""

    def __init__(self, do: Operations, level: Level):
        self.do = do
        self.modes = do.system.chemistry.moving
        self.level, self.shifts = do.level(level), do.values(np.full(self.modes, 1e3))
        self.arrays = [do.modes(level.size) for _ in range(4)]
        matrix = slice_rows(level.laplacian).bytes_per_volume(do.real) + do.real.itemsize  # and its diagonal
        self.size = ARRAYS * self.modes * do.real.itemsize + matrix

    def once(self) -> None:
        """One step."""
        x, b, change, out = self.arrays
        self.do.relax(self.level, x, b, change, out, self.shifts, 0.1, 0.5)

    def __call__(self, seconds: float) -> dict[str, Any]:
        """A row, whose fields are the modes."""
        return rated(self.do, "relax", self.modes, self.size, times(self.do, self.once, seconds))
