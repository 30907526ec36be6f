"""What vanishes in a steady state, and how it changes with every concentration."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.backends import Operations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Level
from rdcalcium.discretization.held import reached
from rdcalcium.discretization.multigrid import build_levels

NUDGE, LEAST = 1e-4, 0.01  # share of resting calcium by which a slope is taken, which is at least so many µM
STRENGTH = 0.04  # of couplings that count for the multigrid: a third of the iterations, on stretched grids, of 0


class Equations:
    """F(u) = F(rest) + (F(rest + u) - F(rest)) + sources, of the excess u over rest where it is free to be one.

    The difference is expanded exactly, so that far from a channel, where u is tiny, it has all its digits.

    free     (k,) control volumes: those from which a way leads to a held one, all others stay at rest; if none is
             held, all that are not solid
    volumes  (k,) µm³
    sources  (fields, k) µM ms⁻¹
    outflow  (k, held) µm, conductance from a free control volume to each held one
    """

    def __init__(self, operations: Operations, sources: np.ndarray):
        """Operations in double precision; sources in every control volume, (fields, n) µM ms⁻¹."""
        self._do, self.chemistry = operations, operations.system.chemistry
        cells = operations.system.discretization
        self.free = reached(cells) if len(cells.held) else np.flatnonzero(cells.volumes > 0)
        self.volumes, self.sources = cells.volumes[self.free], sources[:, self.free]
        self._rows = csr_array(cells.conductance[self.free])
        self.outflow = csr_array(self._rows[:, cells.held])
        self.rest = operations.system.rest
        self.patches = operations.system.patches.patches
        self._span = max(float(self.chemistry.rest[CALCIUM]), LEAST)
        self._y0, self._f0 = operations.from_host(self.rest), operations.new()
        operations.rhs(self._y0, self._f0)

    @cached_property
    def levels(self) -> list[Level]:
        """Of diffusion between the free control volumes, and from them to the held ones."""
        outward = self.outflow.sum(axis=1)
        return [*build_levels(csr_array(self._rows[:, self.free]), self.volumes, outward, STRENGTH)]

    def whole(self, u: np.ndarray) -> np.ndarray:
        """The state with excess u (fields, k) in the free control volumes, (fields, n) µM."""
        y = self.rest.copy()
        y[:, self.free] += u
        return y

    def rates(self, u: np.ndarray, currents: float = 1.0) -> np.ndarray:
        """F of an excess u, both (fields, k), with all of the currents or a share of them; µM ms⁻¹."""
        excess = np.zeros_like(self.rest)
        excess[:, self.free] = u
        out = self._do.new()
        # A stage with these coefficients is F(rest) + F(rest + u) - F(rest).
        self._do.stage(self._y0, self._f0, self._do.from_host(excess), out, 0.0, 0.0, 1.0, 0.0)
        return self._do.to_host(out)[:, self.free] + currents * self.sources

    def slopes(self, u: np.ndarray) -> np.ndarray:
        """Derivative of the reactions by each field at an excess u (fields, k); (k, fields, fields) ms⁻¹.

        What stays in place, l·y, has no derivative: -lᵀl there leaves it as it is, and can be inverted.
        """
        slopes = self.chemistry.jacobian(self.rest[:, self.free] + u)
        slopes[CALCIUM, CALCIUM] -= self.pumping(u)
        kept = self.chemistry.kept_in_place
        return np.ascontiguousarray(np.moveaxis(slopes, -1, 0)) - kept.T @ kept

    def pumping(self, u: np.ndarray) -> np.ndarray:
        """Rate at which a little more calcium than an excess u (fields, k) would be pumped away, (k,) ms⁻¹."""
        calcium, nudge = self.whole(u)[CALCIUM], NUDGE * self._span
        rates = np.zeros_like(calcium)
        for patch in self.patches:
            low, high = (patch.outflow(calcium[patch.volumes] + step) for step in (-nudge, nudge))
            rates[patch.volumes] += (high - low) / (2 * nudge) / patch.areas * patch.weights
        return rates[self.free]

    def pumped(self, u: np.ndarray) -> dict[str, float]:
        """What leaves through each pump, µM µm³ ms⁻¹."""
        calcium = self.whole(u)[CALCIUM]
        return {p.mechanism.name: float(p.outflow(calcium[p.volumes]).sum()) for p in self.patches}

    def lowest(self, u: np.ndarray) -> float:
        """Lowest concentration of any reactant at an excess u (fields, k), µM; free forms of buffers too."""
        return self.chemistry.lowest(self.rest[:, self.free] + u)

    def unbalanced(self, rates: np.ndarray) -> float:
        """What the worst field gains or loses, wherever that is, Σ_i volume_i |F_i|; µM µm³ ms⁻¹."""
        return float((np.abs(rates) @ self.volumes).max())

    @property
    def rounding(self) -> float:
        """What seems to flow at rest, where nothing does, µM µm³ ms⁻¹."""
        return self.unbalanced(self.rates(np.zeros_like(self.sources), currents=0.0))

    @property
    def exchanged(self) -> float:
        """What all volumes give to their neighbours at rest, and calcium to its buffers, µM µm³ ms⁻¹."""
        between = float(self._rows.sum()) * float(self.chemistry.diffusivity @ self.chemistry.rest)
        return between + float(self.volumes.sum()) * self.chemistry.turnover

    def leaving(self, u: np.ndarray) -> np.ndarray:
        """Calcium, free and bound, that flows into each held control volume, (held,) µM µm³ ms⁻¹."""
        return self.outflow.T @ ((self.chemistry.calcium_content * self.chemistry.diffusivity) @ u)
