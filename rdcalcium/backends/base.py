"""The contract between the time-stepping schemes and the machine that carries the arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from rdcalcium.discretization import PointWeights
from rdcalcium.errors import RdcalciumError
from rdcalcium.system import System

Array = Any  # lives on the device of the backend; only the backend looks inside


class BackendError(RdcalciumError):
    """A backend that is not there, or cannot do what is asked."""


class Operations(ABC):
    """All arithmetic on the state of one System, on one device and in one precision.

    A state is an array (fields, n) on the device, made by `new` or `from_host`. Outputs are given by the caller.
    """

    name: str
    device: str

    def __init__(self, system: System, precision: str = "float64"):
        self.system = system
        self.precision = precision
        self.real = np.dtype(precision)

    @abstractmethod
    def new(self) -> Array:
        """A state of zeros."""

    @abstractmethod
    def from_host(self, values: np.ndarray) -> Array:
        """A state with the values of a NumPy array (fields, n)."""

    @abstractmethod
    def to_host(self, state: Array) -> np.ndarray:
        """The only way from the device to NumPy: (fields, n) float64."""

    @abstractmethod
    def rhs(self, y: Array, out: Array) -> None:
        """out = D ∇²y + reactions(y), in µM ms⁻¹, without sources."""

    @abstractmethod
    def scale(self, a: float, x: Array, out: Array) -> None:
        """out = a x."""

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

    @abstractmethod
    def advance(self, y: Array, carried: Array, z: Array, end: Array, carried_end: Array) -> None:
        """end + carried_end = y + carried + z, where `carried` holds what rounding took from y."""

    @abstractmethod
    def error_norm(
        self, y0: Array, y1: Array, z: Array, f0: Array, f1: Array, h: float, rtol: float, atol: np.ndarray
    ) -> float:
        """Largest |0.4 h (f0 + f1) - 0.8 z| / (atol_field + rtol max(|y0|, |y1|)); infinite if there is a NaN.

        atol  (fields,) µM
        """

    @abstractmethod
    def cells(self, cells: np.ndarray) -> Array:
        """Control volumes on the device, for `add_at`."""

    @abstractmethod
    def values(self, values: np.ndarray) -> Array:
        """Numbers on the device, for `add_at`."""

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
    def weighted_sums(self, y: Array) -> np.ndarray:
        """Σ_i volume_i y_i of each field, (fields,) µM µm³, in double precision and a fixed order."""
