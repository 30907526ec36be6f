"""The smoother of implicit steps on the finest level of its multigrid."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.bench.timing import times
from rdcalcium.discretization import Discretization, Level
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.discretization.sliced_ell import slice_rows

ARRAYS = 5  # moved in each mode: x, b and the last change are read, the change and the new x are written


@dataclass(frozen=True)
class Relaxation:
    """One Chebyshev step, and the bytes that it has to move for each control volume."""

    do: Operations
    level: Any
    arrays: tuple[Array, Array, Array, Array]
    shifts: Array
    size: float

    def once(self) -> None:
        """One step."""
        x, b, change, out = self.arrays
        self.do.relax(self.level, x, b, change, out, self.shifts, 0.1, 0.5)

    def row(self, seconds: float) -> dict[str, Any]:
        """As `rdcalcium.bench.kernels.updates` tells it."""
        found, (modes, n) = times(self.do, self.once, seconds), self.arrays[0].shape
        return {
            "kernel": "relax",
            "backend": self.do.name,
            "threads": self.do.threads,
            "precision": self.do.precision,
            "fields": modes,
            "control volumes": n,
            "bytes per update": self.size,
            "us": 1e6 * min(found),
            "Mupdates/s": n / min(found) / 1e6,
            "median Mupdates/s": n / median(found) / 1e6,
            "GB/s": self.size * n / min(found) / 1e9,
        }


def finest_level(cells: Discretization) -> Level:
    """That of the control volumes themselves."""
    return build_levels(cells.conductance, cells.volumes)[0]


def relaxation(do: Operations, level: Level) -> Relaxation:
    """The smoother on a level, with a mode for each field that moves."""
    real = do.real
    modes = int((do.system.chemistry.diffusivity > 0).sum())
    matrix = slice_rows(level.laplacian).bytes_per_volume(real) + real.itemsize  # and its diagonal
    arrays = tuple(do.modes(modes, level.size) for _ in range(4))
    return Relaxation(
        do, do.level(level), arrays, do.values(np.full(modes, 1e3)), ARRAYS * modes * real.itemsize + matrix
    )
