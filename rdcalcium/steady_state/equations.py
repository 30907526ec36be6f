"""What vanishes in a steady state, and how it changes with every concentration."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components

from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Level
from rdcalcium.discretization.held import reached
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.patches import Patches
from rdcalcium.steady_state.exchange import Exchange

STRENGTH = 0.04  # of couplings that count for the multigrid: a third of the iterations, on stretched grids, of 0


class Equations:
    """F(u) = F(rest) + (F(rest + u) - F(rest)) + sources, of the excess u over rest where it is free to be one.

    The difference is expanded exactly, so that far from a channel, where u is tiny, it has all its digits. What patches
    take follows from calcium.

    free     (k,) control volumes: those from which a way leads to a held one, all others stay at rest; if none is
             held, all that are not solid
    volumes  (k,) µm³
    sources  (fields, k) µM ms⁻¹
    outflow  (k, held) µm, conductance from a free control volume to each held one
    patches  what they take

    forgetting  ms⁻¹, of one implicit step of Euler's from rest: u / time = F(u)
    """

    def __init__(
        self,
        operations: NumpyOperations,
        sources: np.ndarray,
        moment: float = -np.inf,
        lumens: Mapping[str, float] | None = None,
        within: float = np.inf,
    ):
        """Operations in double precision; sources in every control volume, (fields, n) µM ms⁻¹.

        moment  of the voltage, ms
        lumens  free calcium in stores by their names, from which that of a steady state is looked for, µM; none: that
                of the model
        within  time (ms) from rest to the state that is looked for, in one implicit step; infinite: a steady state
        """
        self.forgetting = 1 / within
        self.system, self.chemistry = operations.system, operations.system.chemistry
        bare = replace(self.system, patches=Patches())
        self._do = NumpyOperations(bare) if self.system.patches else operations
        cells = operations.system.discretization
        self.free = reached(cells) if len(cells.held) else np.flatnonzero(cells.volumes > 0)
        self.volumes, self.sources = cells.volumes[self.free], sources[:, self.free]
        self._rows = csr_array(cells.conductance[self.free])
        self.outflow = csr_array(self._rows[:, cells.held])
        self.rest = operations.system.rest
        self.patches = Exchange(self.system, moment, lumens or {})
        self._y0, self._f0 = self._do.from_host(self.rest), self._do.new()
        self._do.rhs(self._y0, self._f0)

    @cached_property
    def parts(self) -> np.ndarray:
        """To which part of the terminal each free control volume belongs, (k,)."""
        parts = self.system.discretization.parts
        return np.zeros(len(self.free), dtype=np.int64) if parts is None else parts[self.free]

    @cached_property
    def there(self) -> np.ndarray:
        """Whether each field is in a free control volume, (fields, k): buffers stay on their side of a membrane."""
        return np.array([part.fields for part in self.system.parts]).T[:, self.parts]

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

    def calcium(self, u: np.ndarray) -> np.ndarray:
        """Free calcium of that state, (n,) µM."""
        found: np.ndarray = self.whole(u)[CALCIUM]
        return found

    def under(self, currents: float) -> Equations:
        """The same with a share of what all channels let in, also of those whose gate calcium changes."""
        found = copy(self)
        found.sources, found.patches = currents * self.sources, self.patches.under(currents)
        return found

    @property
    def entering(self) -> np.ndarray:
        """What channels let in, those whose gate calcium changes as far as it is open at rest; (k,) µM ms⁻¹."""
        found: np.ndarray = self.sources[CALCIUM] + self.patches.entering(self.rest[CALCIUM])[self.free]
        return found

    def rates(self, u: np.ndarray) -> np.ndarray:
        """F of an excess u, both (fields, k) µM ms⁻¹."""
        excess = np.zeros_like(self.rest)
        excess[:, self.free] = u
        out = self._do.new()
        # A stage with these coefficients is F(rest) + F(rest + u) - F(rest).
        self._do.stage(self._y0, self._f0, self._do.from_host(excess), out, 0.0, 0.0, 1.0, 0.0)
        rates = self._do.to_host(out)
        self.patches.take(self.calcium(u), rates[CALCIUM])
        found: np.ndarray = rates[:, self.free] + self.sources - self.forgetting * u
        return found

    def filled(self, u: np.ndarray) -> np.ndarray:
        """An excess u (fields, k), but with as much calcium in lumens that have control volumes as balances, evenly.

        In a time that ends nothing needs to balance.
        """
        if self.forgetting:
            return u
        found, rest = u.copy(), self.rest[CALCIUM, self.free]
        for number, level in self.patches.balanced(self.calcium(u)):
            there = self.parts == number
            found[CALCIUM, there] = level - rest[there]
        return found

    def slopes(self, u: np.ndarray) -> np.ndarray:
        """Derivative of the reactions by each field at an excess u (fields, k); (k, fields, fields) ms⁻¹.

        What stays in place, l·y, has no derivative: -lᵀl there leaves it as it is, and can be inverted. That stores
        join distant places is left to `couplings`, that membranes join their two sides to `across`.
        """
        slopes = self.chemistry.jacobian(self.rest[:, self.free] + u)
        slopes[CALCIUM, CALCIUM] -= self.pumping(u)
        slopes -= self.forgetting * np.eye(len(slopes))[:, :, None]
        kept = self.chemistry.kept_in_place
        return np.ascontiguousarray(np.moveaxis(slopes, -1, 0)) - kept.T @ kept

    def pumping(self, u: np.ndarray) -> np.ndarray:
        """Rate at which a little more calcium than an excess u (fields, k) would be taken up, (k,) ms⁻¹."""
        return self.patches.pumping(self.calcium(u))[self.free]

    def across(self, u: np.ndarray) -> csr_array | None:
        """Rate at which a little more calcium on one side of a membrane enters the other, (k, k) ms⁻¹.

        None where no membrane has control volumes on both sides.
        """
        found = self.patches.across(self.calcium(u))
        return None if found is None else csr_array(found[self.free][:, self.free])

    @cached_property
    def pieces(self) -> csr_array:
        """Parts that are closed to diffusion, as shares of their volumes in the free control volumes, (pieces, k)."""
        count, piece = connected_components(self._rows[:, self.free], directed=False)
        shares = csr_array((self.volumes, (piece, np.arange(len(piece)))), shape=(count, len(piece)))
        leaks = np.bincount(piece, self.outflow.sum(axis=1), count) > 0
        return csr_array((diags_array(1 / shares.sum(axis=1)) @ shares)[~leaks])

    @cached_property
    def kept(self) -> np.ndarray:
        """Sums of fields of which each of `pieces` keeps as much as there is, though they move, (sums, fields)."""
        return self.chemistry.spread if self.pieces.shape[0] and not self.forgetting else self.chemistry.spread[:0]

    @property
    def spreading(self) -> float:
        """About the rate at which what moves spreads over the terminal, ms⁻¹."""
        return float(self.chemistry.diffusivity.max() / self.volumes.sum() ** (2 / 3))

    def couplings(self, u: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """How stores join their sites at an excess u (fields, k): what each takes up is a(b·c) more for calcium c.

        returns  of each a (k,) ms⁻¹, and b (k,)
        """
        return [(a[self.free], b[self.free]) for a, b in self.patches.couplings(self.calcium(u))]

    def lowest(self, u: np.ndarray) -> float:
        """Lowest concentration of any reactant at an excess u (fields, k), µM; free forms of buffers too."""
        return self.chemistry.lowest(self.rest[:, self.free] + u)

    def unbalanced(self, rates: np.ndarray) -> float:
        """What the worst field gains or loses, wherever that is, Σ_i volume_i |F_i|; µM µm³ ms⁻¹."""
        return float((np.abs(rates) @ self.volumes).max())

    @property
    def rounding(self) -> float:
        """What seems to flow at rest, where nothing does, µM µm³ ms⁻¹."""
        return self.unbalanced(self.under(0.0).rates(np.zeros_like(self.sources)))

    @property
    def exchanged(self) -> float:
        """What all volumes give to their neighbours at rest, and calcium to its buffers, µM µm³ ms⁻¹."""
        moving = self.chemistry.diffusivity @ self.rest
        between = float(self._rows.sum(axis=0) @ moving)
        return between + float(self.volumes.sum()) * self.chemistry.turnover

    def exchanged_at(self, u: np.ndarray) -> float:
        """What the excess u (fields, k) gives to neighbours and to reactions, to and fro, of the busiest field.

        Its differences are what flows; the sum of their terms' sizes says how much of that is rounding, µM µm³ ms⁻¹.
        """
        ways = self._rows[:, self.free].sum(axis=0) + self._rows.sum(axis=1)
        moving = self.chemistry.diffusivity[:, None] * ways * np.abs(u)
        reacting = self.volumes * np.einsum("kfg,gk->fk", np.abs(self.slopes(u)), np.abs(u))
        return float((moving + reacting).sum(axis=1).max())

    def leaving(self, u: np.ndarray) -> np.ndarray:
        """Calcium, free and bound, that flows into each held control volume, (held,) µM µm³ ms⁻¹.

        From its neighbours, and out of a store behind it; what a pump takes there the pump counts.
        """
        held = self.system.discretization.held
        diffusing = (self.chemistry.calcium_content * self.chemistry.diffusivity) @ u
        amounts: np.ndarray = self.outflow.T @ diffusing - self.patches.taken_from(held, self.calcium(u))
        return amounts
