"""The contract between the time-stepping schemes and the machine that carries the arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from rdcalcium.errors import RdcalciumError
from rdcalcium.vesicles.chain import Rates
from rdcalcium.vesicles.flow import Flow
from rdcalcium.vesicles.series import Blocks, Series

if TYPE_CHECKING:
    from rdcalcium.backends.program import Marcher, Program
    from rdcalcium.discretization import Level, PointWeights
    from rdcalcium.system import System

Array = Any  # lives on the device of the backend; only the backend looks inside


class BackendError(RdcalciumError):
    """A backend that is not there, or cannot do what is asked."""


@dataclass(frozen=True)
class Sides:
    """What `rdcalcium bench` fills a cube with, counted along one side: within the caches, and beyond them.

    No powers of two: fields that lie whole pages apart compete for the same lines of the cache.

    grid   cells
    mesh   nodes
    triad  numbers, beyond the caches
    """

    grid: tuple[int, int]
    mesh: tuple[int, int]
    triad: int


class Operations(ABC):
    """All arithmetic on the state of one System, on one device and in one precision.

    A state is an array (fields, n) on the device, made by `new` or `from_host`; the numbers of its patches lie behind
    it, and all that is done with whole states is done with these too. Outputs are given by the caller.

    name         as in the registry
    on_gpu       whether it computes on a GPU
    sends_ahead  whether it can go on while what was sent is under way
    takes_steps  whether it has a `marcher`
    host_states  states that lie in the memory of this machine while it runs
    host_bytes   temporary arrays in that memory, bytes for each control volume
    sides        sizes with which its speed is measured
    serial_below  values of a state under which it works on one core, whatever `threads` is
    device       what it runs on, in words
    number       of that device among `devices`
    threads      how many of its threads it may use, one of `thread_counts`
    """

    name: ClassVar[str]
    on_gpu: ClassVar[bool] = False
    sends_ahead: ClassVar[bool] = False
    takes_steps: ClassVar[bool] = False
    host_states: ClassVar[int]
    host_bytes: ClassVar[int] = 0
    sides: ClassVar[Sides]
    serial_below: float = 0
    device: str
    number: int
    threads: int

    @classmethod
    def missing(cls) -> str | None:
        """Why this backend cannot run here, in one line; None if it can."""
        return None

    @classmethod
    def found(cls) -> str:
        """What speaks for it where it can run, in one line."""
        return f"{cls.name} can run here"

    @classmethod
    def software(cls) -> dict[str, str]:
        """Name and version of what it needs besides this package."""
        return {}

    @classmethod
    def memory_available(cls, number: int) -> int | None:
        """Bytes that are free on its device of this number; None where that is this machine."""
        return None

    @classmethod
    def thread_counts(cls, most: int | None = None) -> tuple[int, ...]:
        """Numbers of threads worth measuring, up to `most`; 0 where they are not counted."""
        return (1,)

    @classmethod
    def sharing(cls, values: int, threads: int | None = None) -> int:
        """How many threads share a loop over so many values, where it may use `threads` of them (none: all)."""
        return 1

    @classmethod
    def devices(cls) -> tuple[str, ...]:
        """Names of the devices that it can run on, chosen by number; none where there is nothing to choose."""
        return ()

    def __init__(self, system: System, precision: str = "float64", number: int = 0):
        self.system = system
        self.number = number
        self.precision = precision
        self.real = np.dtype(precision)
        self.threads = max(self.thread_counts())

    def has_kernel(self, name: str) -> bool:
        """Whether it can launch this one of kernels/."""
        return False

    def prepare(self) -> None:
        """Compile now what else would be compiled when it is first needed."""
        return

    @abstractmethod
    def wait(self) -> None:
        """Come back when all that was asked for is done."""

    @abstractmethod
    def new(self) -> Array:
        """A state of zeros."""

    @abstractmethod
    def from_host(self, values: np.ndarray, sites: np.ndarray | None = None) -> Array:
        """A state with the values of a NumPy array (fields, n), and numbers of its patches; none: zeros."""

    @abstractmethod
    def to_host(self, state: Array) -> np.ndarray:
        """The only way from the device to NumPy: (fields, n) float64."""

    @abstractmethod
    def sites(self, state: Array) -> np.ndarray:
        """The numbers of the patches, (patches.size,) float64, on the host."""

    def send(self, state: Array) -> Callable[[], np.ndarray]:
        """`to_host` of a state as it is now, which may change at once; what comes back waits for the copy."""
        found = self.to_host(state)
        return lambda: found

    @abstractmethod
    def rhs(self, y: Array, out: Array) -> None:
        """out = D ∇²y + reactions(y), in µM ms⁻¹, without sources."""

    @cached_property
    def nothing(self) -> Array:
        """A state of zeros, which nobody writes to."""
        return self.new()

    def refined_rhs(self, y: Array, carried: Array, out: Array) -> None:
        """out = right-hand side of y + carried, where `carried` holds what rounding took from y.

        The difference that it makes is a stage of weight one: exact where the sum of both arrays would be y again.
        """
        self.rhs(y, out)
        self.stage(y, self.nothing, carried, out, 0.0, 1.0, 1.0, 0.0)

    @abstractmethod
    def scale(self, a: float, x: Array, out: Array) -> None:
        """out = a x."""

    @abstractmethod
    def triad(self, b: Array, c: Array, s: float, out: Array) -> None:
        """out = b + s c, on states or `values`; out may be b. Also the measure of memory bandwidth."""

    @abstractmethod
    def stage(
        self,
        y0: Array,
        f0: Array,
        z1: Array,
        z2: Array,
        mu: float,
        nu: float,
        mu_h: float,
        gamma_h: float,
    ) -> None:
        """z2 = mu z1 + nu z2 + mu_h (f0 + F(y0 + z1) - F(y0)) + gamma_h f0; the difference of F is expanded exactly."""

    def stages(
        self, y0: Array, f0: Array, z1: Array, z2: Array, rows: np.ndarray, cells: Array | None, changes: Array | None
    ) -> tuple[Array, Array]:
        """Many stages, one after the other; each also adds its mu_h times its row of changes to calcium at the cells.

        z1, z2   the last two increments; both are overwritten
        rows     (stages, 5)  mu, nu, mu_h, gamma_h of each stage, and by how much later it is than the one before, ms
        changes  (stages, k)  µM ms⁻¹, of the sources since the beginning of the step; or nothing
        returns  the last increment, and the one before
        """
        for j, (mu, nu, mu_h, gamma_h, span) in enumerate(rows.tolist()):
            self.stage(y0, f0, z1, z2, mu, nu, mu_h, gamma_h)
            if cells is not None and changes is not None:
                self.add_at(z2, cells, changes[j], mu_h)
            self.follow(y0, z1, z2, span)
            z1, z2 = z2, z1
        return z1, z2

    def follow(self, y0: Array, z1: Array, z2: Array, span: float) -> None:
        """Rows of patches that follow: what they are in y0 + z2, `span` ms after what they were in y0 + z1.

        Meanwhile all other numbers change evenly. Nothing where no row follows.
        """
        if self.system.patches.have_followers:
            self.follow_calcium(y0, z1, z2, span)

    @abstractmethod
    def follow_calcium(self, y0: Array, z1: Array, z2: Array, span: float) -> None:
        """The same where some do: see `patches.following`."""

    def marcher(self, program: Program) -> Marcher:
        """What takes explicit steps without the host, if `takes_steps`."""
        raise NotImplementedError

    @abstractmethod
    def advance(self, y: Array, carried: Array, z: Array, end: Array, carried_end: Array) -> None:
        """end + carried_end = y + carried + z, where `carried` holds what rounding took from y."""

    @abstractmethod
    def error_norm(
        self, y0: Array, y1: Array, z: Array, f0: Array, f1: Array, a: float, b: float, rtol: float, atol: np.ndarray
    ) -> float:
        """Largest |a (f0 + f1) - b z| / (atol_field + rtol max(|y0|, |y1|)); infinite if there is a NaN.

        atol  (fields + rows,) µM of each field, then in its unit of each row of the patches
        """

    @abstractmethod
    def level(self, level: Level) -> Any:
        """One level of a multigrid on the device."""

    @abstractmethod
    def modes(self, size: int) -> Array:
        """Zeros on a level in single precision: one mode for each field that moves, (size, modes)."""

    @abstractmethod
    def mode_values(self, values: np.ndarray) -> Array:
        """Numbers of each mode, (…, modes), for `relax`, `defect` and `solve_dense`."""

    @abstractmethod
    def relax(
        self,
        level: Any,
        x: Array | None,
        b: Array,
        change: Array,
        out: Array,
        shifts: Array,
        keep: float,
        gain: float,
    ) -> None:
        """change = keep change + gain (b - A x) / diag A, out = x + change, A = shift - L of each mode; no x: zero."""

    @abstractmethod
    def defect(self, level: Any, x: Array, b: Array, out: Array, shifts: Array) -> None:
        """out = b - A x, A = shift - L of each mode."""

    @abstractmethod
    def restrict(self, level: Any, x: Array, out: Array) -> None:
        """out = x on the next level."""

    @abstractmethod
    def prolong(self, level: Any, x: Array, out: Array) -> None:
        """out += x of the next level."""

    @abstractmethod
    def solve_dense(self, inverse: Array, b: Array, out: Array) -> None:
        """out = inverse b of each mode; inverse (n, n, modes), from `mode_values`."""

    @abstractmethod
    def to_modes(self, matrix: Array, u: Array, out: Array) -> None:
        """out_q = Σ_f matrix_qf u_f of a state u; matrix (modes, fields), from `values`."""

    @abstractmethod
    def from_modes(self, back: Array, x: Array, direct: Array, u: Array, out: Array, keep: bool) -> None:
        """out_f = Σ_q back_fq x_q + Σ_g direct_fg u_g, added to the state out if `keep`; matrices from `values`.

        direct  only between fields that do not move
        """

    @abstractmethod
    def settle(self, matrices: Sequence[np.ndarray], u: Array, out: Array, keep: bool) -> None:
        """Numbers of patches: rows of out = matrix rows of u at every site, added to what they were if `keep`.

        matrices  (rows, rows) of each patch
        """

    @abstractmethod
    def shift(self, target: Array, amounts: np.ndarray, part: int | None = None) -> None:
        """target_f += amounts_f in every control volume, (fields,) µM; or in those of a part, as of `weighted_sums`."""

    @abstractmethod
    def only(self, part: int, x: Array, out: Array) -> None:
        """Fields of out = x in the control volumes of a part, 0 in all others."""

    @abstractmethod
    def indices(self, volumes: np.ndarray) -> Array:
        """Indices of control volumes on the device, for `add_at` and `stages`."""

    @abstractmethod
    def values(self, values: np.ndarray) -> Array:
        """Numbers on the device in the precision of the run, for `add_at`, `scale` and `triad`."""

    @abstractmethod
    def add_at(self, target: Array, cells: Array, values: Array, a: float) -> None:
        """Calcium of target at the distinct `cells` += a `values`."""

    @abstractmethod
    def points(self, points: PointWeights) -> Any:
        """Interpolation weights on the device, for `gather`."""

    @abstractmethod
    def gather(self, y: Array, points: Any) -> np.ndarray:
        """Every field at every point: (fields, points), on the host."""

    @abstractmethod
    def weighted_sums(self, y: Array, part: int | None = None) -> np.ndarray:
        """Σ_i volume_i y_i of each field, (fields,) µM µm³, in double precision and a fixed order.

        part  of the control volumes: 0 the cytosol, 1 the first lumen, …; none: all
        """

    @abstractmethod
    def site_sums(self, y: Array) -> np.ndarray:
        """Σ_i extent_i x_i of each row of the patches, (rows,) likewise."""

    def series(self, flow: Flow, rates: Rates) -> Series:
        """Who takes vesicles of one kind through stretches of constant rates; on the host by NumPy, unless it does."""
        return Blocks(flow, rates)
