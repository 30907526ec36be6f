"""Calcium close to pores, where it falls more steeply than control volumes can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rdcalcium.chemistry import CALCIUM, reaction_flux
from rdcalcium.discretization.mirrors import computed_share
from rdcalcium.system import System
from rdcalcium.units import AMOUNT_PER_CHARGE

RATES = 9  # of capture, from none to that of all buffers at rest, over which fields are tabulated
PAIRS = 2**19  # of a point and a pore whose fields are found at once, some hundred megabytes
NONE = 1e-9  # µM above rest, below which there is nothing to correct
# How the field of a current that has ended lingers in cells of width h, r away from the pore: half of what they miss is
# gone after HALF (r² + CELL h²) / D. Read off the exact field of a pulse, at 1 to 4 cells from it.
HALF, CELL, STEEPNESS = 0.085, 0.3, 1.8


def half_life(squared: np.ndarray, widths: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """When half of the correction for a current that has ended is gone, HALF (r² + CELL h²) / D, ms.

    squared  r², µm²
    widths   h of the cells at the pore, µm
    spread   D there, µm² ms⁻¹
    """
    half: np.ndarray = HALF * (squared + CELL * widths**2) / spread
    return half


def faded(ages: np.ndarray, half: np.ndarray) -> np.ndarray:
    """By which the correction for a current that ended so long ago (ms) is to be divided."""
    divisor: np.ndarray = 1 + (ages / half) ** STEEPNESS
    return divisor


class NearPores:
    """Adds to calcium at points what control volumes miss of the steady field of the open channels around.

    c + s (i · exact - i · discrete), never below rest. With q = (c - rest) / (i · discrete), the share of the steady
    field of the control volumes that has arrived, s = 1 - (1 - q)²: nothing is added before calcium comes, and what is
    still on its way far from the pore (q a little below 1) does not count. The fields belong to the rate κ² D at which
    buffers take up calcium at the point at that moment, relative to its excess: all that is free in the beginning, none
    where they are in equilibrium.

    exact, discrete  (rates, points, groups) µM per pA of one channel of each group
    half             (points, groups) ms, after which half of the correction for a current that has ended is gone
    """

    def __init__(
        self, system: System, groups: Sequence[np.ndarray], planes: Sequence[tuple[int, float]], points: np.ndarray
    ):
        self.chemistry, self.points = system.chemistry, len(points)
        self.diffusivity, self.rest = system.fields[CALCIUM].diffusivity, system.fields[CALCIUM].rest
        self.reactions = [r for r in self.chemistry.reactions if r.ligand == CALCIUM]
        self._spread = self.diffusivity * system.discretization.mobility_at(points)
        slowest = min(self._spread, default=self.diffusivity)
        fastest = np.sqrt(self.chemistry.capture / slowest) if self.diffusivity else 0.0
        self.kappas = np.linspace(0.0, fastest, RATES if fastest else 1)
        shape = (len(self.kappas), len(points), len(groups))
        self.exact, self.discrete = np.zeros(shape), np.zeros(shape)
        self.half = np.full(shape[1:], np.inf)
        # Room for sums: with many points, new memory for each would take longer than they do.
        self._totals, self._of_group = np.zeros((2, *shape[:2])), np.zeros(shape[:2])
        for g, pores in enumerate(groups):
            if len(points) and len(pores) and self.diffusivity:
                parts = -(-len(points) * len(pores) // PAIRS)
                for part in np.array_split(pores, min(parts, len(pores))):
                    self._add(g, part, system, planes, points)

    def _add(
        self, g: int, pores: np.ndarray, system: System, planes: Sequence[tuple[int, float]], points: np.ndarray
    ) -> None:
        """Take some pores of a group into its fields."""
        spread = self.diffusivity * system.discretization.mobility_at(pores)
        unit = computed_share(pores, planes) * AMOUNT_PER_CHARGE / spread
        exact, discrete = system.discretization.locator.near_fields(points, pores, self.kappas)
        self.exact[:, :, g] += exact @ unit
        self.discrete[:, :, g] += discrete @ unit
        squared = (system.discretization.offsets(points[:, None], pores) ** 2).sum(axis=2)
        widths = system.discretization.locator.widths(pores).max(axis=1)
        self.half[:, g] = np.minimum(self.half[:, g], half_life(squared, widths, spread).min(axis=1))

    def lingering(self, group: int, ages: np.ndarray) -> np.ndarray:
        """Share of the correction left at ages (n,) ms after a current of the group has dropped, (n, points)."""
        return 1 / faded(ages[:, None], self.half[:, group])

    def fields(self, currents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact and discrete field at the points, (rates, points) µM each, until it is asked for others.

        currents  (points, groups) pA, of one channel of each group, with what lingers of it around each point
        """
        for total, field in zip(self._totals, (self.exact, self.discrete), strict=True):
            total[:] = 0.0
            for group, current in enumerate(currents.T):
                total += np.multiply(field[:, :, group], current, out=self._of_group)
        return self._totals[0], self._totals[1]

    def calcium(self, values: np.ndarray, exact: np.ndarray, discrete: np.ndarray) -> np.ndarray:
        """Calcium at the points, (points,) µM.

        values           (fields, points) µM, of the control volumes
        exact, discrete  (rates, points) µM, the fields around all channels
        """
        calcium = values[CALCIUM]
        excess = calcium - self.rest
        known = (excess > NONE) & (discrete > 0).all(axis=0)
        if not known.any():
            return calcium
        with np.errstate(all="ignore"):  # of points that are not known nothing is taken
            near = self._at_rate(exact, discrete, values, np.where(known, self._spread * excess, np.inf))
            coming = 1 - np.clip(excess / near[1], 0.0, 1.0)
            corrected = calcium + (1 - coming**2) * (near[0] - near[1])
        return np.where(known, np.maximum(corrected, self.rest), calcium)

    def _at_rate(
        self, exact: np.ndarray, discrete: np.ndarray, values: np.ndarray, spreading: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both fields at the rate of capture of the moment; their logarithms are nearly straight lines in κ.

        spreading  (points,) diffusivity times the excess, µM µm² ms⁻¹
        """
        if len(self.kappas) == 1:
            return exact[0], discrete[0]
        uptake = sum(reaction_flux(r, values) for r in self.reactions)
        kappa = np.sqrt(np.clip(uptake / spreading, 0.0, self.kappas[-1] ** 2))
        place = kappa / self.kappas[1]
        low = np.minimum(place.astype(int), len(self.kappas) - 2)
        share, each = place - low, np.arange(len(low))
        exact, discrete = (
            np.exp((1 - share) * np.log(f[low, each]) + share * np.log(f[low + 1, each])) for f in (exact, discrete)
        )
        return exact, discrete
