"""Operations as launches of the kernels, wherever these run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.backends.base import Array, Operations
from rdcalcium.backends.model_code import model_code
from rdcalcium.backends.rate_code import mode_width
from rdcalcium.backends.series import series
from rdcalcium.backends.site_tables import site_tables
from rdcalcium.backends.sources import AHEAD, HUGE, Kernel, kernels_for, prelude, read_kernels
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Level, PointWeights
from rdcalcium.discretization.sliced_ell import SLICE, slice_rows
from rdcalcium.patches.following import GAMMA
from rdcalcium.system import System
from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow
from rdcalcium.vesicles.series import Series

MAX_INT32 = 2**31 - 1024  # the last block reaches beyond the last value, and its index may not wrap
SINGLE = np.dtype(np.float32)
STORE_THREADS = 128  # that add up what lies in a store


@dataclass(frozen=True)
class KernelLevel:
    """One level of a multigrid on the device: matrices as start, column and weight of sliced ELL."""

    size: int
    laplacian: tuple[Array, Array, Array]
    diagonal: Array
    restrict: tuple[Array, Array, Array] | None
    prolong: tuple[Array, Array, Array] | None


def index_type(shape: tuple[int, int], guard: int) -> np.dtype:
    """The type that counts every value of a state (fields, n) with its guards: of 32 bits as long as it can."""
    fields, n = shape
    return np.dtype(np.int32 if fields * n + 2 * guard < MAX_INT32 else np.int64)


class KernelOperations(Operations):
    """Marshals arguments; a subclass owns memory and launches.

    All kernels of kernels/ are there to be launched, of those with a layout the ones of this layout; those of one
    folder are compiled when the first of them is launched. The state has a guard on both sides, as wide as its layout
    asks for, so that a stencil never leaves the allocation.

    looks_up  whether it launches kernels that look up for another one, which they call, what it has to do
    """

    takes_steps = True
    reduction_threads: int
    mask: np.dtype
    looks_up: ClassVar[bool] = True

    def __init__(self, system: System, precision: str = "float64", number: int = 0):
        super().__init__(system, precision, number)
        self.layout = system.discretization.layout
        self.index = index_type(system.shape, self.layout.guard)
        # What the number types of the kernels are here.
        self.types = {"real_t": self.real, "index_t": self.index, "offset_t": np.dtype(np.int64), "mask_t": self.mask}
        self.types |= {"float": SINGLE} | {name: np.dtype(np.float64) for name in ("double", "March", "Rules")}
        self.prelude = prelude(precision, "int" if self.index == np.int32 else "long long")
        self.code = model_code(system)
        folders = kernels_for(self.layout.kernels, bool(system.patches))
        self._folders = {folder: names for folder, names in folders.items() if self.looks_up or folder != AHEAD}
        self._kernels: dict[str, Any] = {}
        self.p = self.upload(self.code.p.astype(self.real))
        self.volumes = self.upload(system.discretization.volumes)
        self._parts: dict[int, Array] = {}
        self._masks: dict[int, Array] = {}
        tables = site_tables(system.patches)
        self.at_sites = tuple(self.upload(table) for table in (*tables.arrays(self.types), self.code.q))
        self.of_stores = tuple(self.upload(table) for table in tables.totals(self.types))
        kinds = len(system.patches.patches)
        self.total, self.added, self.added_later = (self.upload(np.zeros(kinds)) for _ in range(3))
        self.partial_total, self.partial_added = (self.upload(np.zeros((kinds, STORE_THREADS))) for _ in range(2))
        self.extents = [self.upload(segment.patch.extents) for segment in system.patches.segments]
        pieces = len(system.lengths)
        self.partial_error = self.upload(np.zeros((pieces, self.reduction_threads), self.real))
        self.partial_sum = self.upload(np.zeros((pieces, self.reduction_threads)))
        self.neighbours = tuple(self.upload(a) for a in self.layout.arrays(self.types))

    @abstractmethod
    def load(self, kernels: list[Kernel]) -> dict[str, Any]:
        """Compile the kernels of a folder for this model and precision; by their names, what launches each of them."""

    @abstractmethod
    def upload(self, values: np.ndarray) -> Array:
        """An array on the device with these values."""

    def lend(self, values: np.ndarray) -> Array:
        """An array on the device with these values, for as long as nobody changes them; maybe these themselves."""
        return self.upload(values)

    @abstractmethod
    def download(self, values: Array) -> np.ndarray:
        """An array of the device as NumPy."""

    @abstractmethod
    def address(self, values: Array) -> int:
        """Where an array begins in the memory of the device."""

    @abstractmethod
    def zeros(self, size: int) -> Array:
        """A flat array of zeros of the run's precision."""

    @abstractmethod
    def launch(self, name: str, extent: tuple[int, ...], *args: Any, block: int = 0, work: int = 0) -> None:
        """Run one thread for each index of the extent (x, or x, y, z).

        block  threads that a CPU core must take together; 0 if any number will do
        work   values that are touched, which decides how many cores are worth waking; 0: as many as threads
        """

    def has_kernel(self, name: str) -> bool:
        """Whether it is in one of the folders."""
        return any(name in names for names in self._folders.values())

    def prepare(self) -> None:
        """Compile those of every folder."""
        for names in self._folders.values():
            self.kernel(names[0])

    def kernel(self, name: str) -> Any:
        """What launches a kernel; those of its folder are compiled if none of them has been asked for yet."""
        if name not in self._kernels:
            together = next((names for names in self._folders.values() if name in names), [])
            self._kernels |= self.load(read_kernels(together, self.code)) if together else {}
        return self._kernels[name]

    @abstractmethod
    def with_behind(self, state: Array, count: int) -> Array:
        """A state and so many numbers that lie behind it in memory as one flat array."""

    def _rows(self, state: Array) -> Array:
        """The numbers of the patches, which lie behind the fields."""
        return self.with_behind(state, self.system.patches.size)[state.size :]

    @property
    def values_of_a_state(self) -> int:
        """Numbers of a state, those of its patches with them."""
        return sum(self.system.lengths)

    def _count(self, x: Array) -> int:
        """Numbers of a state; of other arrays their size."""
        return self.values_of_a_state if x.shape == self.system.shape else int(x.size)

    def on_sites(self, name: str, *args: Any) -> None:
        """One thread for each control volume with sites, if there are any."""
        if self.system.patches:
            n = len(self.at_sites[0])
            self.launch(name, (n,), *args, self.system.shape[1], n, work=self.system.patches.size)

    def add_up_stores(self, state: Array, total: Array) -> None:
        """What lies in every store in a state or in an increment, if there are any: kernels/patches/patch_totals.cu."""
        self.on_stores("patch_totals", self.partial_total, total, state)

    def on_stores(self, name: str, partial: Array, total: Array, *args: Any, ends: tuple[int, ...] = ()) -> None:
        """What lies in every store, by a kernel that adds up shares of it; nothing where there are no stores."""
        if self.system.patches.stores:
            kinds, n = total.size, self.system.shape[1]
            items = kinds * STORE_THREADS
            self.launch(name, (items,), *args, *self.of_stores, partial, *ends, n, STORE_THREADS, items)
            self.launch("patch_add_up", (kinds,), partial, total, STORE_THREADS, kinds)

    def _on_values(self, name: str, count: int, *args: Any) -> None:
        """One thread for each value."""
        self.launch(name, (count,), *args, count)

    def on_cells(self, name: str, *args: Any) -> None:
        """One thread for each control volume, and all its fields."""
        fields, n = self.system.shape
        extent, block = self.layout.extent, self.layout.block
        self.launch(f"{name}_{self.layout.kernels}", extent, *args, n, *extent, block=block, work=fields * n)

    def _reduce(self, name: str, *args: Any) -> None:
        """Arrays of n numbers to `reduction_threads` partial results."""
        n, threads = int(args[0].size), self.reduction_threads
        self.launch(name, (threads,), *args, n, threads, block=1, work=n)

    def new(self) -> Array:
        """A state of zeros inside its guard; a stencil that leaves the fields may read numbers of the patches."""
        fields, n = self.system.shape
        guard = self.layout.guard
        room = self.zeros(fields * n + self.system.patches.size + 2 * guard)
        return room[guard : guard + fields * n].reshape(fields, n)

    def from_host(self, values: np.ndarray, sites: np.ndarray | None = None) -> Array:
        """Copy to the device."""
        state = self.new()
        state[:] = self.upload(np.ascontiguousarray(values, dtype=self.real))
        if sites is not None:
            self._rows(state)[:] = self.upload(sites.astype(self.real))
        return state

    def sites(self, state: Array) -> np.ndarray:
        """Copy from the device."""
        return self.download(self._rows(state)).astype(np.float64)

    def to_host(self, state: Array) -> np.ndarray:
        """Copy from the device."""
        return self.download(state).astype(np.float64)

    def rhs(self, y: Array, out: Array) -> None:
        """kernels/cells/rhs_*.cu, then kernels/patches/patch_rhs.cu."""
        self.on_cells("rhs", y, *self.neighbours, self.p, out)
        self.add_up_stores(y, self.total)
        self.on_sites("patch_rhs", y, *self.at_sites, self.total, out)

    def stage(
        self, y0: Array, f0: Array, z1: Array, z2: Array, mu: float, nu: float, mu_h: float, gamma_h: float
    ) -> None:
        """kernels/cells/stage_*.cu, then kernels/patches/patch_stage.cu."""
        self.on_cells("stage", y0, f0, z1, *self.neighbours, self.p, z2, mu, nu, mu_h, gamma_h)
        self.add_up_stores(y0, self.total)
        self.add_up_stores(z1, self.added)
        self.on_sites("patch_stage", y0, f0, z1, *self.at_sites, self.total, self.added, z2, mu, nu, mu_h, gamma_h)

    def follow_calcium(self, y0: Array, z1: Array, z2: Array, span: float) -> None:
        """kernels/followers/patch_follow.cu."""
        self.add_up_stores(y0, self.total)
        self.add_up_stores(z1, self.added)
        self.add_up_stores(z2, self.added_later)
        stores = (self.total, self.added, self.added_later)
        self.on_sites("patch_follow", y0, z1, *self.at_sites, *stores, z2, GAMMA, span)

    def scale(self, a: float, x: Array, out: Array) -> None:
        """kernels/state/scale.cu."""
        self._on_values("scale", self._count(x), x, out, a)

    def triad(self, b: Array, c: Array, s: float, out: Array) -> None:
        """kernels/state/triad.cu."""
        self._on_values("triad", self._count(b), b, c, out, s)

    def advance(self, y: Array, carried: Array, z: Array, end: Array, carried_end: Array) -> None:
        """kernels/state/advance.cu."""
        self._on_values("advance", self._count(y), y, carried, z, end, carried_end)

    def error_norm(
        self, y0: Array, y1: Array, z: Array, f0: Array, f1: Array, a: float, b: float, rtol: float, atol: np.ndarray
    ) -> float:
        """kernels/state/error_norm.cu, once a field and a row, and the largest of its partial results."""
        states = zip(*map(self._pieces, (y0, y1, z, f0, f1)), strict=True)
        for pieces, partial, least in zip(states, self.partial_error, atol, strict=True):
            self._reduce("error_norm", *pieces, partial, a, b, rtol, least)
        largest = float(self.download(self.partial_error).max(initial=0.0))
        return largest if largest < HUGE[self.precision] else np.inf

    def _pieces(self, state: Array) -> list[Array]:
        """Each field, then each row of the patches."""
        rows = self._rows(state)
        return [*state, *(rows[segment.place] for segment in self.system.patches.segments)]

    def weighted_sums(self, y: Array, part: int | None = None) -> np.ndarray:
        """kernels/state/weighted_sum.cu, once a field, and the sum of its partial results."""
        fields, volumes = len(self.system.fields), self.volumes if part is None else self._volumes_of(part)
        for field, partial in zip(y, self.partial_sum[:fields], strict=True):
            self._reduce("weighted_sum", volumes, field, partial)
        return self.download(self.partial_sum[:fields]).sum(axis=1)

    def _volumes_of(self, part: int) -> Array:
        """Volumes of one part, uploaded when they are first asked for."""
        if part not in self._parts:
            self._parts[part] = self.upload(self.system.discretization.part_volumes(part))
        return self._parts[part]

    def site_sums(self, y: Array) -> np.ndarray:
        """kernels/state/weighted_sum.cu, once a row, likewise."""
        fields, rows = len(self.system.fields), self._rows(y)
        segments = zip(self.system.patches.segments, self.extents, self.partial_sum[fields:], strict=True)
        for segment, extents, partial in segments:
            self._reduce("weighted_sum", extents, rows[segment.place], partial)
        return self.download(self.partial_sum[fields:]).sum(axis=1)

    def level(self, level: Level) -> KernelLevel:
        """Sliced ELL, uploaded."""
        return KernelLevel(
            level.size,
            self._sliced(level.laplacian),
            self.upload(level.diagonal.astype(SINGLE)),
            None if level.restrict is None else self._sliced(level.restrict),
            None if level.prolong is None else self._sliced(level.prolong),
        )

    def _sliced(self, matrix: csr_array) -> tuple[Array, Array, Array]:
        start, column, weight = (self.upload(a) for a in slice_rows(matrix).arrays(self.types | {"real_t": SINGLE}))
        return start, column, weight

    def modes(self, size: int) -> Array:
        """Zeros."""
        return self.upload(np.zeros((size, mode_width(self.system.chemistry.moving)), SINGLE))

    def mode_values(self, values: np.ndarray) -> Array:
        """Upload, with ones for the modes that fill up a vector: zero, their solution stays zero."""
        moving = self.system.chemistry.moving
        filled = np.ones((*values.shape[:-1], mode_width(moving)), SINGLE)
        filled[..., :moving] = values
        return self.upload(filled)

    def _by_rows(self, name: str, n: int, *args: Any) -> None:
        """One thread for each row of a matrix, and all its modes."""
        self.launch(name, (n,), *args, n, block=SLICE, work=self.system.chemistry.moving * n)

    def relax(
        self,
        level: KernelLevel,
        x: Array | None,
        b: Array,
        change: Array,
        out: Array,
        shifts: Array,
        keep: float,
        gain: float,
    ) -> None:
        """kernels/multigrid/relax.cu."""
        arrays = (*level.laplacian, level.diagonal, b if x is None else x, b, change, out, shifts)
        self._by_rows("relax", level.size, *arrays, keep, gain, int(x is None))

    def defect(self, level: KernelLevel, x: Array, b: Array, out: Array, shifts: Array) -> None:
        """kernels/multigrid/defect.cu."""
        self._by_rows("defect", level.size, *level.laplacian, x, b, out, shifts)

    def restrict(self, level: KernelLevel, x: Array, out: Array) -> None:
        """kernels/multigrid/transfer.cu."""
        self._transfer(level.restrict, x, out, keep=False)

    def prolong(self, level: KernelLevel, x: Array, out: Array) -> None:
        """kernels/multigrid/transfer.cu."""
        self._transfer(level.prolong, x, out, keep=True)

    def _transfer(self, matrix: tuple[Array, Array, Array] | None, x: Array, out: Array, keep: bool) -> None:
        self._by_rows("transfer", len(out), *(matrix or ()), x, out, int(keep))

    def solve_dense(self, inverse: Array, b: Array, out: Array) -> None:
        """kernels/multigrid/solve_dense.cu."""
        self._on_values("solve_dense", len(b), inverse, b, out)

    def to_modes(self, matrix: Array, u: Array, out: Array) -> None:
        """kernels/multigrid/to_modes.cu."""
        self._by_rows("to_modes", len(out), matrix, u, out)

    def from_modes(self, back: Array, x: Array, direct: Array, u: Array, out: Array, keep: bool) -> None:
        """kernels/multigrid/from_modes.cu."""
        self._by_rows("from_modes", len(x), back, x, direct, u, out, int(keep))

    def settle(self, matrices: Sequence[np.ndarray], u: Array, out: Array, keep: bool) -> None:
        """kernels/patches/patch_settle.cu."""
        widest = max((len(matrix) for matrix in matrices), default=0)
        padded = [np.pad(matrix, (0, widest - len(matrix))).ravel() for matrix in matrices]
        self.on_sites("patch_settle", u, *self.at_sites, self.upload(np.concatenate([[], *padded])), out, int(keep))

    def shift(self, target: Array, amounts: np.ndarray, part: int | None = None) -> None:
        """Elementwise."""
        change = self.values(amounts)[:, None]
        target += change if part is None else change * self._within(part)

    def only(self, part: int, x: Array, out: Array) -> None:
        """Elementwise."""
        out[:] = x * self._within(part)

    def _within(self, part: int) -> Array:
        """1 in a part and 0 elsewhere, uploaded when it is first asked for."""
        if part not in self._masks:
            self._masks[part] = self.values(self.system.discretization.within(part))
        return self._masks[part]

    def indices(self, volumes: np.ndarray) -> Array:
        """Upload."""
        return self.upload(volumes.astype(self.index))

    def values(self, values: np.ndarray) -> Array:
        """Upload."""
        return self.upload(values.astype(self.real))

    def add_at(self, target: Array, cells: Array, values: Array, a: float) -> None:
        """kernels/state/add_at.cu."""
        self._on_values("add_at", cells.size, cells, values, target[CALCIUM], a)

    def points(self, points: PointWeights) -> tuple[Array, Array, Array]:
        """Indices, weights, and room for the answer."""
        room = np.zeros((len(self.system.fields), len(points.indices)))
        weights = points.weights.astype(np.float64)
        return self.upload(points.indices.astype(self.index)), self.upload(weights), self.upload(room)

    def gather(self, y: Array, points: tuple[Array, Array, Array]) -> np.ndarray:
        """kernels/state/gather.cu."""
        indices, weights, out = points
        count, corners = indices.shape
        self._on_values("gather", count, y, indices, weights, out, corners, *self.system.shape)
        return self.download(out).copy()

    def series(self, flow: Flow, rates: Rates) -> Series:
        """kernels/vesicles/series.cu."""
        return series(self, flow, rates)
