"""What patches take in a steady state: gates and states have settled, and as much comes out of a store as goes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.chemistry import CALCIUM
from rdcalcium.model.levels import LEAST_REST
from rdcalcium.patches.settled import Settled, settle
from rdcalcium.system import System

NUDGE = 1e-4  # share of resting calcium by which a slope is taken


class Exchange:
    """The patches of a system in a calcium (n,) µM of all control volumes.

    settled  each of them
    """

    def __init__(self, system: System, moment: float, lumens: Mapping[str, float]):
        """In the voltage of a moment, ms; a search for free calcium in stores begins at `lumens` (µM), or at rest."""
        self.system, self.settled = system, settle(system.patches.patches, moment)
        near = [lumens.get(one.patch.mechanism.name, one.typed_lumen) for one in self.settled]
        # Of each patch: calcium at its sites when its store was in balance last, and the level of that.
        self._found: list[tuple[np.ndarray | None, float]] = [(None, level) for level in near]
        self._nudge = NUDGE * max(float(system.chemistry.rest[CALCIUM]), LEAST_REST)

    def under(self, currents: float) -> Exchange:
        """The same with a share of what channels let in; where its search for stores ends, ours does not begin."""
        found = copy(self)
        found._found = [*self._found]
        found.settled = [one.scaled(currents) if one.lets_in else one for one in self.settled]
        return found

    def _each(self, calcium: np.ndarray) -> Iterator[tuple[Settled, np.ndarray, float | np.ndarray]]:
        """Every patch, with calcium at its sites and behind them.

        That is free calcium in a store, 0 where there is none, or that in each control volume beyond, (sites,) µM.
        """
        for number, one in enumerate(self.settled):
            here = calcium[one.patch.volumes]
            if one.patch.beyond is not None:
                yield one, here, calcium[one.patch.beyond]
            else:
                yield one, here, self._lumen(number, here)

    def _lumen(self, number: int, here: np.ndarray) -> float:
        """Free calcium in the store of a patch, µM, looked for once for all that is asked of one state."""
        there, level = self._found[number]
        if there is None or not np.array_equal(there, here):
            level = self.settled[number].lumen(here, level)
            self._found[number] = here, level
        return level

    def take(self, calcium: np.ndarray, rates: np.ndarray) -> None:
        """Take from the rates of calcium (n,) µM ms⁻¹ what goes through patches."""
        for one, here, behind in self._each(calcium):
            if one.patch.mechanism.rests is None:
                np.subtract.at(rates, one.patch.volumes, one.patch.weights * one.flux(here, behind))

    def entering(self, calcium: np.ndarray) -> np.ndarray:
        """What channels let in whose gate calcium changes, (n,) µM ms⁻¹."""
        rates = np.zeros(len(calcium))
        for one in self.settled:
            if one.lets_in:
                np.subtract.at(rates, one.patch.volumes, one.patch.weights * one.flux(calcium[one.patch.volumes]))
        return rates

    def pumping(self, calcium: np.ndarray) -> np.ndarray:
        """Rate at which a little more calcium would be taken up, (n,) ms⁻¹."""
        rates = np.zeros(len(calcium))
        for one, here, behind in self._each(calcium):
            np.add.at(rates, one.patch.volumes, one.patch.weights * one.slope(here, behind, self._nudge))
        return rates

    def across(self, calcium: np.ndarray) -> csr_array | None:
        """Rate at which a little more calcium on one side of a membrane enters the other, (n, n) ms⁻¹.

        None where no membrane has control volumes on both sides.
        """
        shape, found = (len(calcium), len(calcium)), None
        for one, here, behind in self._each(calcium):
            patch = one.patch
            if patch.beyond is not None:
                rates = -patch.weights * one.by_lumen(here, behind, self._nudge)
                one_way = csr_array((rates, (patch.volumes, patch.beyond)), shape=shape)
                found = one_way if found is None else csr_array(found + one_way)
        return found

    def couplings(self, calcium: np.ndarray) -> Iterator[np.ndarray]:
        """How each store without control volumes joins its sites: it takes up a(b·c) more for calcium c.

        returns  a (ms⁻¹) and b, (2, n)
        """
        for one, here, behind in self._each(calcium):
            if one.patch.holds_a_store:
                ends = np.zeros((2, len(calcium)))
                by_lumen, lumen_by = one.coupling(here, float(behind), self._nudge)
                ends[:, one.patch.volumes] = one.patch.weights * by_lumen, lumen_by
                yield ends

    def taken(self, calcium: np.ndarray) -> list[tuple[Settled, float]]:
        """What leaves through each patch that is no store and does not only bind, µM µm³ ms⁻¹."""
        passing = (one for one in self.settled if one.takes)
        return [(one, float(one.patch.extents @ one.flux(calcium[one.patch.volumes]))) for one in passing]

    def taken_from(self, volumes: np.ndarray, calcium: np.ndarray) -> np.ndarray:
        """What leaves each of some control volumes (k,), ascending, through all patches, (k,) µM µm³ ms⁻¹."""
        amounts = np.zeros(len(volumes))
        for one, here, behind in self._each(calcium):
            at = np.isin(one.patch.volumes, volumes)
            passed = one.patch.extents * one.flux(here, behind)
            np.add.at(amounts, np.searchsorted(volumes, one.patch.volumes[at]), passed[at])
        return amounts

    def sites(self, calcium: np.ndarray) -> np.ndarray:
        """The numbers of all patches, (size,): gates and states, and what stores hold; nothing has passed yet."""
        found = (one.at_rest(here, behind) for one, here, behind in self._each(calcium))
        return np.concatenate([np.zeros(0), *(rows.ravel() for rows in found)])

    def stored(self, calcium: np.ndarray) -> dict[str, float]:
        """Name of each store -> free calcium in it, on average, µM."""
        found = {}
        for one, _, behind in self._each(calcium):
            if one.patch.holds_a_store:
                found[one.patch.mechanism.name] = float(behind)
            elif number := one.patch.parts[1]:
                volumes = self.system.discretization.part_volumes(number)
                found[one.patch.mechanism.name] = float(volumes @ calcium / volumes.sum())
        return found

    def balanced(self, calcium: np.ndarray) -> Iterator[tuple[int, float]]:
        """Number of each lumen that has control volumes, and the even calcium of which as much comes as goes, µM."""
        for one in self.settled:
            if number := one.patch.parts[1]:
                near = float(calcium[one.patch.beyond].mean())
                yield number, one.lumen(calcium[one.patch.volumes], near)
