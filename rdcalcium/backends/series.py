"""Vesicles by a kernel: kernels/vesicles/series.cu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow
from rdcalcium.vesicles.series import Blocks, Series

if TYPE_CHECKING:
    from rdcalcium.backends.kernels import KernelOperations

MOST_SLOTS, MOST_ENTERING = 64, 256  # that the kernel has room for, of ways into all slots together
TERMS = 20  # of a series, about


class KernelSeries:
    """Sites of one kind on the device of a backend, to which their numbers go and from which they come back."""

    def __init__(self, do: KernelOperations, flow: Flow, rates: Rates):
        self.do, change = do, flow.change
        enters, way = _listed(change > 0)
        indices = [row.astype(do.index) for row in (rates.row, *_listed(change < 0), enters, way, flow.origin[way])]
        self.work = TERMS * len(way)  # for each position and stretch
        self._tables = [do.upload(table) for table in (rates.constant, rates.slope, *indices)]

    def after(self, y: np.ndarray, calcium: np.ndarray, given: np.ndarray, length: float) -> np.ndarray:
        """In one launch."""
        up, (slots, positions), (stretches, rows) = self.do.lend, y.shape, given.shape[:2]
        out = up(np.empty(y.shape))
        sizes = (length, stretches, slots, rows, positions)
        arrays = (up(y), up(calcium), up(given), *self._tables, out)
        self.do.launch("series", (positions,), *arrays, *sizes, work=self.work * stretches * positions)
        return self.do.download(out)


def series(do: KernelOperations, flow: Flow, rates: Rates) -> Series:
    """By the kernel, where it has room; a scheme of more states is NumPy's."""
    fits = len(flow.change) <= MOST_SLOTS and np.count_nonzero(flow.change > 0) <= MOST_ENTERING
    return KernelSeries(do, flow, rates) if fits else Blocks(flow, rates)


def _listed(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways of each slot, one after the other: where those of each begin, (slots + 1,), and all of them."""
    return np.append(0, np.cumsum(chosen.sum(axis=1))), np.nonzero(chosen)[1]
