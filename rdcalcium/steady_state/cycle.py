"""One cycle of multigrid for diffusion and reaction of all moving fields at once, wherever reactions differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csc_array, csr_array, diags_array, kron
from scipy.sparse.linalg import splu

from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Level
from rdcalcium.integrators.multigrid import chebyshev


class Cycle:
    """A V-cycle for (-D L + B - C) x = r, B a matrix of the fields in each control volume, C of calcium between them.

    Each level relaxes by two Chebyshev steps, with what all fields of one control volume do to each other inverted;
    the next level has the mean of B over each of its volumes, and C between them.

    levels       finest first
    diffusivity  (fields,) µm² ms⁻¹
    reactions    B, (n, fields, fields) ms⁻¹
    across       C, (n, n) ms⁻¹, which takes calcium, the first field, across membranes; none: there are none
    """

    def __init__(
        self,
        levels: Sequence[Level],
        diffusivity: np.ndarray,
        reactions: np.ndarray,
        across: csr_array | None = None,
    ):
        self._levels, self._diffusivity, self._across = levels, diffusivity, [across]
        self._gains = [chebyshev(level.bound) for level in levels]
        self._blocks, self._inverses = [], []
        for level in levels:
            blocks = level.diagonal[:, None, None] * np.diag(diffusivity) + reactions
            self._blocks.append(blocks)
            self._inverses.append(np.linalg.inv(blocks))
            if level.restrict is not None:
                reactions = (level.restrict @ reactions.reshape(level.size, -1)).reshape(-1, *blocks.shape[1:])
                self._across.append(None if across is None else _coarser(self._across[-1], level))
        self._coarsest = splu(_matrix(levels[-1], diffusivity, self._blocks[-1], self._across[-1]))

    def apply(self, x: np.ndarray, number: int = 0) -> np.ndarray:
        """(-D L + B - C) x on a level; x (n, fields)."""
        found = _each(self._blocks[number], x) - (self._levels[number].laplacian @ x) * self._diffusivity
        if (across := self._across[number]) is not None:
            found[:, CALCIUM] -= across @ x[:, CALCIUM]
        return found

    def solve(self, r: np.ndarray, number: int = 0) -> np.ndarray:
        """An approximate x for r, both (n, fields), from a level on."""
        level = self._levels[number]
        if level.restrict is None or level.prolong is None:
            return self._coarsest.solve(r.ravel()).reshape(r.shape)
        x = self._relaxed(None, r, number)
        x += level.prolong @ self.solve(level.restrict @ (r - self.apply(x, number)), number + 1)
        return self._relaxed(x, r, number)

    def _relaxed(self, x: np.ndarray | None, r: np.ndarray, number: int) -> np.ndarray:
        """Two Chebyshev steps from x, or from zero."""
        first, (keep, gain) = self._gains[number]
        change = first * _each(self._inverses[number], r if x is None else r - self.apply(x, number))
        x = change if x is None else x + change
        return x + keep * change + gain * _each(self._inverses[number], r - self.apply(x, number))


def _each(matrices: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The product in each control volume, (n, fields)."""
    return np.matmul(matrices, x[:, :, None])[:, :, 0]


def _coarser(matrix: csr_array, level: Level) -> csr_array:
    """The same on the next level."""
    return csr_array(level.restrict @ matrix @ level.prolong)


def _matrix(level: Level, diffusivity: np.ndarray, blocks: np.ndarray, across: csr_array | None) -> csc_array:
    """-D L + B - C as one matrix, fields innermost."""
    n, fields, _ = blocks.shape
    volume, row, column = np.indices(blocks.shape)
    place = ((volume * fields + row).ravel(), (volume * fields + column).ravel())
    local = csc_array((blocks.ravel(), place), shape=(n * fields, n * fields))
    local = local - kron(level.laplacian, diags_array(diffusivity))
    return csc_array(local if across is None else local - kron(across, diags_array(np.eye(fields)[CALCIUM])))
