"""Operations as launches of the kernels, wherever these run."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from rdcalcium.backends.base import Array, Operations
from rdcalcium.backends.rate_code import rate_code
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import PointWeights
from rdcalcium.discretization.grid import GridLayout
from rdcalcium.system import System

MAX_INT32 = 2**31 - 1024  # the last block reaches beyond the last value, and its index may not wrap
EVERYWHERE = ("scale", "advance", "error_norm", "weighted_sum", "add_at", "gather")


class KernelOperations(Operations):
    """Marshals arguments; a subclass owns memory and launches.

    The state has a guard of one layer of cells on both sides, so that a stencil never leaves the allocation.
    """

    reduction_threads: int

    def __init__(self, system: System, precision: str = "float64"):
        super().__init__(system, precision)
        fields, n = system.shape
        layout = system.discretization.layout
        self.on_grid = isinstance(layout, GridLayout)
        self.guard = layout.shape[0] * layout.shape[1] if self.on_grid else 0
        self.index = np.dtype(np.int32 if fields * n + 2 * self.guard < MAX_INT32 else np.int64)
        self.header, numbers = rate_code(system.chemistry)
        self.kind = "grid" if self.on_grid else "mesh"
        self.load((*EVERYWHERE, f"rhs_{self.kind}", f"rkc_stage_{self.kind}"))
        self.p = self.upload(numbers.astype(self.real))
        self.volumes = self.upload(system.discretization.volumes)
        self.partial_error = self.upload(np.zeros((fields, self.reduction_threads), self.real))
        self.partial_sum = self.upload(np.zeros((fields, self.reduction_threads)))
        self.layout = self._upload_layout(layout)

    @abstractmethod
    def load(self, names: tuple[str, ...]) -> None:
        """Compile kernels for this model and precision."""

    @abstractmethod
    def upload(self, values: np.ndarray) -> Array:
        """An array on the device with these values."""

    @abstractmethod
    def download(self, values: Array) -> np.ndarray:
        """An array of the device as NumPy."""

    @abstractmethod
    def zeros(self, size: int) -> Array:
        """A flat array of zeros of the run's precision."""

    @abstractmethod
    def launch(self, name: str, extent: tuple[int, ...], *args: Any) -> None:
        """Run one thread for each index of the extent (x, or x, y, z)."""

    def _upload_layout(self, layout: Any) -> tuple[Array, ...]:
        if self.on_grid:
            return (self.upload(layout.open), *(self.upload(a.astype(self.real)) for a in layout.axes))
        arrays = (
            layout.start.astype(self.index),
            layout.column.astype(self.index),
            layout.weight.astype(self.real),
        )
        return tuple(self.upload(a) for a in arrays)

    def _launch_on_cells(self, name: str, *args: Any) -> None:
        n = self.system.shape[1]
        extent = self.system.discretization.layout.shape if self.on_grid else (n,)
        self.launch(f"{name}_{self.kind}", extent, *args, n, *extent)

    def new(self) -> Array:
        """A state of zeros inside its guard."""
        fields, n = self.system.shape
        flat = self.zeros(fields * n + 2 * self.guard)
        return flat[self.guard : self.guard + fields * n].reshape(fields, n)

    def from_host(self, values: np.ndarray) -> Array:
        """Copy to the device."""
        state = self.new()
        state[:] = self.upload(np.ascontiguousarray(values, dtype=self.real))
        return state

    def to_host(self, state: Array) -> np.ndarray:
        """Copy from the device."""
        return self.download(state).astype(np.float64)

    def rhs(self, y: Array, out: Array) -> None:
        """kernels/rhs_*.cu."""
        self._launch_on_cells("rhs", y, out, *self.layout, self.p)

    def stage(self, y0, f0, z1, z2, mu, nu, mu_h, gamma_h) -> None:
        """kernels/rkc_stage_*.cu."""
        self._launch_on_cells("rkc_stage", y0, f0, z1, z2, *self.layout, self.p, mu, nu, mu_h, gamma_h)

    def scale(self, a: float, x: Array, out: Array) -> None:
        """kernels/scale.cu."""
        self.launch("scale", (x.size,), x, out, a, x.size)

    def advance(self, y, carried, z, end, carried_end) -> None:
        """kernels/advance.cu."""
        self.launch("advance", (y.size,), y, carried, z, end, carried_end, y.size)

    def error_norm(self, y0, y1, z, f0, f1, h, rtol, atol) -> float:
        """kernels/error_norm.cu, once a field, and the largest of its partial results."""
        n, threads = self.system.shape[1], self.reduction_threads
        for f, a in enumerate(atol):
            states = (s[f] for s in (y0, y1, z, f0, f1))
            self.launch("error_norm", (threads,), *states, self.partial_error[f], h, rtol, a, n, threads)
        largest = float(self.download(self.partial_error).max(initial=0.0))
        return largest if largest < 1e30 else np.inf

    def weighted_sums(self, y: Array) -> np.ndarray:
        """kernels/weighted_sum.cu, once a field, and the sum of its partial results."""
        n, threads = self.system.shape[1], self.reduction_threads
        for f in range(len(self.system.fields)):
            self.launch("weighted_sum", (threads,), self.volumes, y[f], self.partial_sum[f], n, threads)
        return self.download(self.partial_sum).sum(axis=1)

    def cells(self, cells: np.ndarray) -> Array:
        """Upload."""
        return self.upload(cells.astype(self.index))

    def values(self, values: np.ndarray) -> Array:
        """Upload."""
        return self.upload(values.astype(self.real))

    def add_at(self, target, cells, values, a) -> None:
        """kernels/add_at.cu."""
        self.launch("add_at", (cells.size,), target[CALCIUM], cells, values, a, cells.size)

    def points(self, points: PointWeights) -> tuple[Array, Array, Array]:
        """Indices, weights, and room for the answer."""
        count = len(points.indices)
        room = self.upload(np.zeros((len(self.system.fields), count)))
        return (
            self.upload(points.indices.astype(self.index)),
            self.upload(points.weights.astype(np.float64)),
            room,
        )

    def gather(self, y: Array, points: tuple[Array, Array, Array]) -> np.ndarray:
        """kernels/gather.cu."""
        indices, weights, out = points
        fields, n = self.system.shape
        count, corners = indices.shape
        self.launch("gather", (count,), y, indices, weights, out, corners, fields, n, count)
        return self.download(out).copy()
