"""One cycle of multigrid for several Helmholtz problems (shift - L) x = b at once, L the discrete Laplacian."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rdcalcium.backends.base import Array, Operations
from rdcalcium.discretization.multigrid import Level

SMOOTHED = 5  # the upper part of the spectrum that a level damps: from 1/5 of the bound on; the rest is seen coarser


class Shifted(NamedTuple):
    """Helmholtz problems of a multigrid, as its device holds them: shifts, and the inverses on the coarsest level."""

    shifts: Array
    inverses: Array


class Multigrid:
    """A V-cycle with two Chebyshev steps before and after each visit to the coarser level.

    It is a linear operator, needs no dot product, and takes a third of any error or more.

    There is one problem for each field that moves, with a shift of its own.

    levels  finest first
    """

    def __init__(self, operations: Operations, levels: Iterable[Level]):
        self.do = operations
        self._levels, self._gains, sizes = [], [], []
        for level in levels:
            self._levels.append(operations.level(level))
            self._gains.append(chebyshev(level.bound))
            sizes.append(level.size)
        self._work = [[operations.modes(size) for _ in range(4)] for size in sizes]
        self._coarsest = np.diag(level.diagonal) - level.laplacian.toarray()

    @property
    def right_hand_side(self) -> Array:
        """Where `cycle` takes b from, of `modes`."""
        return self._work[0][3]

    def shifted(self, shifts: np.ndarray) -> Shifted:
        """The problems of shifts (modes,) µm⁻²."""
        eye = np.eye(len(self._coarsest))
        inverses = [np.linalg.inv(s * eye + self._coarsest) for s in shifts]
        return Shifted(self.do.mode_values(shifts), self.do.mode_values(np.stack(inverses, axis=-1)))

    def cycle(self, of: Shifted, number: int = 0) -> Array:
        """An approximate solution for `right_hand_side` from a level on, of `modes`."""
        do, level = self.do, self._levels[number]
        x, other, change, b = self._work[number]
        if number == len(self._levels) - 1:
            do.solve_dense(of.inverses, b, x)
            return x
        (first, (keep, gain)) = self._gains[number]
        do.relax(level, None, b, change, other, of.shifts, 0.0, first)
        do.relax(level, other, b, change, x, of.shifts, keep, gain)
        do.defect(level, x, b, other, of.shifts)
        do.restrict(level, other, self._work[number + 1][3])
        do.prolong(level, self.cycle(of, number + 1), x)
        do.relax(level, x, b, change, other, of.shifts, 0.0, first)
        do.relax(level, other, b, change, x, of.shifts, keep, gain)
        return x


def chebyshev(bound: float) -> tuple[float, tuple[float, float]]:
    """Gain of the first step, then what the second keeps of the last change, and its gain (Saad 2003, algorithm 12.1).

    bound  of the spectral radius of D⁻¹ A
    """
    middle, half = bound * (1 + 1 / SMOOTHED) / 2, bound * (1 - 1 / SMOOTHED) / 2
    sigma = middle / half
    rho = 1 / (2 * sigma - 1 / sigma)
    return 1 / middle, (rho / sigma, 2 * rho / half)
