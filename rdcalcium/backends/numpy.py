"""The NumPy backend: written to be read as the specification of every kernel, and the last fall-back."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.backends.base import Operations, Sides
from rdcalcium.backends.program import STATES
from rdcalcium.chemistry import CALCIUM, FreeForm, Reaction, State, concentration, reaction_flux
from rdcalcium.discretization import Level, PointWeights
from rdcalcium.system import System


class NumpyOperations(Operations):
    """Each operation in the fewest lines of array arithmetic."""

    name = "numpy"
    host_states = len(STATES)
    host_bytes = 130  # measured: `scripts/benchmarks/all.py --only memory`
    sides = Sides(grid=(30, 62), mesh=(24, 40), triad=200)
    device = "CPU, one core"

    def __init__(self, system: System, precision: str = "float64", number: int = 0):
        super().__init__(system, precision, number)
        # Always in double precision: a row sums what nearly cancels; kernels take differences of neighbours first.
        self.laplacian = csr_array(system.discretization.laplacian())
        self.diffusivity = system.chemistry.diffusivity.astype(self.real)

    @classmethod
    def found(cls) -> str:
        """It is the last that is tried."""
        return "NumPy is always there, though several times slower than compiled kernels"

    def wait(self) -> None:
        """Everything is done at once."""

    def new(self) -> np.ndarray:
        """A state of zeros."""
        return np.zeros(self.system.shape, dtype=self.real)

    def from_host(self, values: np.ndarray) -> np.ndarray:
        """A copy in the precision of the run."""
        return np.array(values, dtype=self.real)

    def to_host(self, state: np.ndarray) -> np.ndarray:
        """A copy in double precision."""
        return state.astype(np.float64)

    def rhs(self, y: np.ndarray, out: np.ndarray) -> None:
        """Diffusion of the mobile fields, then every reaction."""
        self._diffuse(y, out)
        for reaction in self.system.chemistry.reactions:
            apply_flux(reaction, reaction_flux(reaction, y), out)

    def _diffuse(self, y: np.ndarray, out: np.ndarray) -> None:
        for field, diffusivity in enumerate(self.diffusivity):
            out[field] = diffusivity * (self.laplacian @ y[field]) if diffusivity else 0.0

    def scale(self, a: float, x: np.ndarray, out: np.ndarray) -> None:
        """out = a x."""
        np.multiply(x, self.real.type(a), out=out)

    def triad(self, b: np.ndarray, c: np.ndarray, s: float, out: np.ndarray) -> None:
        """out = b + s c."""
        out[:] = b + self.real.type(s) * c

    def stage(
        self,
        y0: np.ndarray,
        f0: np.ndarray,
        z1: np.ndarray,
        z2: np.ndarray,
        mu: float,
        nu: float,
        mu_h: float,
        gamma_h: float,
    ) -> None:
        """z2 = mu z1 + nu z2 + mu_h (f0 + dF) + gamma_h f0."""
        mu, nu, mu_h, gamma_h = (self.real.type(x) for x in (mu, nu, mu_h, gamma_h))
        change = np.empty_like(z1)
        self._diffuse(z1, change)
        for reaction in self.system.chemistry.reactions:
            apply_flux(reaction, reaction_flux_increment(reaction, y0, z1), change)
        z2[:] = mu * z1 + nu * z2 + mu_h * (f0 + change) + gamma_h * f0

    def advance(
        self, y: np.ndarray, carried: np.ndarray, z: np.ndarray, end: np.ndarray, carried_end: np.ndarray
    ) -> None:
        """Kahan's sum: what rounding takes from the end is carried to the next step."""
        increment = z + carried
        end[:] = y + increment
        carried_end[:] = increment - (end - y)

    def error_norm(
        self,
        y0: np.ndarray,
        y1: np.ndarray,
        z: np.ndarray,
        f0: np.ndarray,
        f1: np.ndarray,
        a: float,
        b: float,
        rtol: float,
        atol: np.ndarray,
    ) -> float:
        """In the maximum norm: an average would dilute the few cells under a channel."""
        real = self.real.type
        error = np.abs(real(a) * (f0 + f1) - real(b) * z)
        allowed = atol[:, None].astype(self.real) + real(rtol) * np.maximum(np.abs(y0), np.abs(y1))
        largest = float((error / allowed).max(initial=0.0))
        return largest if np.isfinite(largest) else np.inf

    def level(self, level: Level) -> Level:
        """As it is: rows in double precision, for the same reason as the Laplacian of the state."""
        return level

    def modes(self, size: int) -> np.ndarray:
        """Zeros."""
        return np.zeros((size, self.system.chemistry.moving), dtype=np.float32)

    def mode_values(self, values: np.ndarray) -> np.ndarray:
        """As they are."""
        return values

    def relax(
        self,
        level: Level,
        x: np.ndarray | None,
        b: np.ndarray,
        change: np.ndarray,
        out: np.ndarray,
        shifts: np.ndarray,
        keep: float,
        gain: float,
    ) -> None:
        """One step of Chebyshev iteration."""
        rest, before = (b, 0.0) if x is None else (self._defect(level, x, b, shifts), keep * change)
        change[:] = before + gain * rest / (shifts + level.diagonal[:, None])
        out[:] = change if x is None else x + change

    def defect(self, level: Level, x: np.ndarray, b: np.ndarray, out: np.ndarray, shifts: np.ndarray) -> None:
        """out = b - (shift - L) x."""
        out[:] = self._defect(level, x, b, shifts)

    def _defect(self, level: Level, x: np.ndarray, b: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        return b - (shifts + level.diagonal[:, None]) * x + level.laplacian @ x

    def restrict(self, level: Level, x: np.ndarray, out: np.ndarray) -> None:
        """out = R x."""
        out[:] = level.restrict @ x

    def prolong(self, level: Level, x: np.ndarray, out: np.ndarray) -> None:
        """out += P x."""
        out += level.prolong @ x

    def solve_dense(self, inverse: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """out_q = inverse_q b_q."""
        out[:] = np.einsum("ijq,jq->iq", inverse, b)

    def to_modes(self, matrix: np.ndarray, u: np.ndarray, out: np.ndarray) -> None:
        """out = matrix u."""
        out[:] = (matrix @ u).T

    def from_modes(
        self, back: np.ndarray, x: np.ndarray, direct: np.ndarray, u: np.ndarray, out: np.ndarray, keep: bool
    ) -> None:
        """out = back x + direct u, and what it was if `keep`."""
        out[:] = back @ x.T + direct @ u + (out if keep else self.real.type(0))

    def shift(self, target: np.ndarray, amounts: np.ndarray) -> None:
        """target_f += amounts_f in every control volume."""
        target += amounts[:, None].astype(self.real)

    def indices(self, volumes: np.ndarray) -> np.ndarray:
        """As they are."""
        return volumes

    def values(self, values: np.ndarray) -> np.ndarray:
        """In the precision of the run."""
        return values.astype(self.real)

    def add_at(self, target: np.ndarray, cells: np.ndarray, values: np.ndarray, a: float) -> None:
        """target[calcium, cells] += a values."""
        target[CALCIUM, cells] += self.real.type(a) * values

    def points(self, points: PointWeights) -> PointWeights:
        """As they are."""
        return points

    def gather(self, y: np.ndarray, points: PointWeights) -> np.ndarray:
        """Σ_k weight_k y[index_k]."""
        return (y[:, points.indices].astype(np.float64) * points.weights).sum(axis=-1)

    def weighted_sums(self, y: np.ndarray) -> np.ndarray:
        """Volume times concentration, added up pairwise."""
        return np.array([(self.system.discretization.volumes * field.astype(np.float64)).sum() for field in y])


def concentration_increment(state: State, z: np.ndarray) -> np.ndarray:
    """Change of a reactant that belongs to the change z of the fields."""
    if isinstance(state, FreeForm):
        return -sum(z[i] for i in state.others)
    return z[state]


def reaction_flux_increment(r: Reaction, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """flux(y + z) - flux(y) without cancellation: k_f (z_l (s + z_s) + l z_s) - k_b z_t, l of the ligand."""
    real = y.dtype.type
    z_s = concentration_increment(r.source, z)
    forward = z_s if r.ligand is None else z[r.ligand] * (concentration(r.source, y) + z_s) + y[r.ligand] * z_s
    return real(r.forward) * forward - real(r.backward) * concentration_increment(r.target, z)


def apply_flux(r: Reaction, flux: np.ndarray, out: np.ndarray) -> None:
    """Take the flux from the reactants that are fields and give it to the product."""
    if r.ligand is not None:
        out[r.ligand] -= flux
    if not isinstance(r.source, FreeForm):
        out[r.source] -= flux
    if not isinstance(r.target, FreeForm):
        out[r.target] += flux
