"""The NumPy backend: written to be read as the specification of every kernel, and the last fall-back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.backends.base import Operations, Sides
from rdcalcium.backends.behind import with_behind
from rdcalcium.backends.program import STATES
from rdcalcium.chemistry import CALCIUM, FreeForm, Reaction, State, concentration, reaction_flux
from rdcalcium.discretization import Level, PointWeights
from rdcalcium.patches import Patch
from rdcalcium.patches.following import followed
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
        fields, n = self.system.shape
        return np.zeros(fields * n + self.system.patches.size, self.real)[: fields * n].reshape(fields, n)

    def from_host(self, values: np.ndarray, sites: np.ndarray | None = None) -> np.ndarray:
        """A copy in the precision of the run."""
        state = self.new()
        state[:] = values
        self._rows(state)[:] = 0 if sites is None else sites
        return state

    def sites(self, state: np.ndarray) -> np.ndarray:
        """A copy in double precision."""
        return self._rows(state).astype(np.float64)

    def _rows(self, state: np.ndarray) -> np.ndarray:
        """The numbers of the patches, (patches.size,)."""
        return with_behind(state, self.system.patches.size)[state.size :]

    def _whole(self, x: np.ndarray) -> np.ndarray:
        """All numbers of a state, flat; what is no state as it is."""
        return with_behind(x, self.system.patches.size) if x.shape == self.system.shape else x

    def to_host(self, state: np.ndarray) -> np.ndarray:
        """A copy in double precision."""
        return state.astype(np.float64)

    def rhs(self, y: np.ndarray, out: np.ndarray) -> None:
        """Diffusion of the mobile fields, then every reaction."""
        self._diffuse(y, out)
        for reaction in self.system.chemistry.reactions:
            apply_flux(reaction, reaction_flux(reaction, y), out)
        patches, states = self.system.patches, (self._rows(y), self._rows(out))
        for (patch, rows), (_, change) in zip(*map(patches.split, states), strict=True):
            rates = patch_rates(patch, y, rows)
            change[:] = rates
            self._take(patch, (patch.weights * (patch.mechanism.calcium @ rates)).astype(self.real), out)

    @staticmethod
    def _take(patch: Patch, amounts: np.ndarray, out: np.ndarray) -> None:
        """Take amounts (sites,) from calcium at the sites of a patch, of which a control volume may have several."""
        np.subtract.at(out[CALCIUM], patch.volumes, amounts)

    def _diffuse(self, y: np.ndarray, out: np.ndarray) -> None:
        for field, diffusivity in enumerate(self.diffusivity):
            out[field] = diffusivity * (self.laplacian @ y[field]) if diffusivity else 0.0

    def scale(self, a: float, x: np.ndarray, out: np.ndarray) -> None:
        """out = a x."""
        np.multiply(self._whole(x), self.real.type(a), out=self._whole(out))

    def triad(self, b: np.ndarray, c: np.ndarray, s: float, out: np.ndarray) -> None:
        """out = b + s c."""
        self._whole(out)[:] = self._whole(b) + self.real.type(s) * self._whole(c)

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
        patches, states = self.system.patches, [self._rows(x) for x in (y0, f0, z1, z2)]
        for (patch, rows), (_, f), (_, z), (_, out) in zip(*map(patches.split, states), strict=True):
            rates = patch_rates_increment(patch, y0, z1, rows, z)
            out[:] = mu * z + nu * out + mu_h * (f + rates.astype(self.real)) + gamma_h * f
            taken = patch.weights * (patch.mechanism.calcium @ rates)
            self._take(patch, mu_h * taken.astype(self.real), z2)

    def follow_calcium(self, y0: np.ndarray, z1: np.ndarray, z2: np.ndarray, span: float) -> None:
        """Rows that follow of every patch."""
        patches, states = self.system.patches, [self._rows(x) for x in (y0, z1, z2)]
        for (patch, rows), (_, before), (_, after) in zip(*map(patches.split, states), strict=True):
            if not len(patch.mechanism.following):
                continue
            (c0, b0), (c1, b1), (c2, b2) = (calcium_at(patch, x) for x in (y0, z1, z2))
            beyond = (None, None) if b0 is None or b1 is None or b2 is None else (b0 + b1, b0 + b2)
            start = rows.astype(np.float64)
            end = followed(patch, (c0 + c1, c0 + c2), (start + before, start + after), beyond, span)
            which = patch.mechanism.following
            after[which] = end - start[which]

    def advance(
        self, y: np.ndarray, carried: np.ndarray, z: np.ndarray, end: np.ndarray, carried_end: np.ndarray
    ) -> None:
        """Kahan's sum: what rounding takes from the end is carried to the next step."""
        y, carried, z, end, carried_end = map(self._whole, (y, carried, z, end, carried_end))
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
        y0, y1, z, f0, f1 = map(self._whole, (y0, y1, z, f0, f1))
        error = np.abs(real(a) * (f0 + f1) - real(b) * z)
        least = np.repeat(atol.astype(self.real), self.system.lengths).reshape(z.shape)
        allowed = least + real(rtol) * np.maximum(np.abs(y0), np.abs(y1))
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

    def settle(self, matrices: Sequence[np.ndarray], u: np.ndarray, out: np.ndarray, keep: bool) -> None:
        """rows = matrix rows, and what they were if `keep`."""
        states = (self._rows(u), self._rows(out))
        for matrix, (_, rows), (_, to) in zip(matrices, *map(self.system.patches.split, states), strict=True):
            to[:] = matrix @ rows + (to if keep else 0.0)

    def shift(self, target: np.ndarray, amounts: np.ndarray, part: int | None = None) -> None:
        """target_f += amounts_f in every control volume, or in those of a part."""
        change = amounts[:, None].astype(self.real)
        target += change if part is None else change * self._within(part)

    def only(self, part: int, x: np.ndarray, out: np.ndarray) -> None:
        """out = x where the part is."""
        np.multiply(x, self._within(part), out=out)

    def _within(self, part: int) -> np.ndarray:
        return self.system.discretization.within(part).astype(self.real)

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

    def weighted_sums(self, y: np.ndarray, part: int | None = None) -> np.ndarray:
        """Volume times concentration, added up pairwise."""
        cells = self.system.discretization
        volumes = cells.volumes if part is None else cells.part_volumes(part)
        return np.array([(volumes * field.astype(np.float64)).sum() for field in y])

    def site_sums(self, y: np.ndarray) -> np.ndarray:
        """Area times what a row holds on it, likewise."""
        rows = self.sites(y)
        return np.array([(s.patch.extents * rows[s.place]).sum() for s in self.system.patches.segments])


def patch_rates(patch: Patch, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rate of change of every row of a patch where the fields are y, (rows, sites), in double precision."""
    calcium, beyond = calcium_at(patch, y)
    return patch.rates(calcium, rows.astype(np.float64), beyond)


def calcium_at(patch: Patch, y: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Calcium at the sites of a patch and, if there are control volumes, beyond them; in double precision."""
    beyond = None if patch.beyond is None else y[CALCIUM, patch.beyond].astype(np.float64)
    return y[CALCIUM, patch.volumes].astype(np.float64), beyond


def patch_rates_increment(
    patch: Patch, y: np.ndarray, z: np.ndarray, rows: np.ndarray, change: np.ndarray
) -> np.ndarray:
    """Rates at y + z less those at y, where the rows change too; (rows, sites), in double precision."""
    (calcium, beyond), (more, more_beyond) = calcium_at(patch, y), calcium_at(patch, z)
    there = None if beyond is None or more_beyond is None else beyond + more_beyond
    end = patch.rates(calcium + more, rows.astype(np.float64) + change, there)
    return end - patch_rates(patch, y, rows)


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
