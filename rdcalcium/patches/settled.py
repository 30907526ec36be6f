"""What a patch takes when its gates and states have settled, and when nothing more goes into its store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rdcalcium.alike import found_once
from rdcalcium.errors import RdcalciumError
from rdcalcium.patches.base import BOUND, ENTERED, JUMP, PUMPED, Patch
from rdcalcium.patches.stiffness import NUDGE, TINY

ROUNDS, SAME = 50, 1e-13  # of Newton's method, and the change of shares at which it is done
FULLEST = 1e6  # µM, more than any lumen holds
STEPS = 200  # of the search for two levels between which there is a balance
LEAST, EXACT = 1e-300, 1e-14  # by which that balance may be off, µM and relative


class UnsettledError(RdcalciumError):
    """A mechanism that settles nowhere."""


@dataclass(frozen=True)
class Settled:
    """A patch in a calcium that stays as it is, and so does the voltage from a moment on.

    moment  ms; before the run all courses are at their first value
    """

    patch: Patch
    moment: float = -np.inf

    @cached_property
    def lumped(self) -> Settled:
        """The same as one site, in a terminal that is well mixed."""
        patch = self.patch
        volume = float((patch.extents / patch.weights).sum())
        whole = np.array([patch.extents.sum()])
        return Settled(replace(patch, volumes=patch.volumes[:1], extents=whole, weights=whole / volume), self.moment)

    @property
    def takes(self) -> bool:
        """Whether calcium leaves the terminal through it, or enters: a store and what only binds are in balance."""
        return self.patch.mechanism.rests is None and self.patch.mechanism.store is None

    @property
    def pumps(self) -> bool:
        """Whether calcium can leave the terminal through it."""
        return any(row.account == PUMPED for row in self.patch.mechanism.rows)

    @property
    def lets_in(self) -> bool:
        """Whether these are channels, whose gate calcium changes."""
        return any(row.account == ENTERED for row in self.patch.mechanism.rows)

    def scaled(self, share: float) -> Settled:
        """A share of it."""
        patch = self.patch
        return Settled(replace(patch, extents=share * patch.extents, weights=share * patch.weights), self.moment)

    def rows(self, calcium: np.ndarray, lumen: float | np.ndarray = 0.0) -> np.ndarray:
        """Gates and states in their steady state, by Newton's method; what is counted is as before the run.

        calcium  (sites,) µM
        lumen    free calcium in the store, µM
        returns  (rows, sites)
        """
        mechanism, moving = self.patch.mechanism, self._moving
        rows = np.repeat(mechanism.start[:, None], len(calcium), axis=1)
        if mechanism.rests is not None:
            return found_once(mechanism.rests, calcium)
        if mechanism.courses:
            rows[-1] = self.moment
        if self.patch.holds_a_store:
            rows[0] = self._stored(lumen) / self.patch.extents.sum()
        for _ in range(ROUNDS if moving else 0):
            change = self._change(calcium, rows, lumen)
            rows[moving] = np.clip(rows[moving] - change, 0.0, 1.0)
            if np.abs(change).max(initial=0.0) < SAME:
                break
        return rows

    def at_rest(self, calcium: np.ndarray, lumen: float | np.ndarray = 0.0) -> np.ndarray:
        """The same as a run begins with it, its clock at 0 ms."""
        rows = self.rows(calcium, lumen)
        if self.patch.mechanism.courses:
            rows[-1] = self.patch.mechanism.start[-1]
        return rows

    @property
    def _moving(self) -> list[int]:
        """Rows that settle."""
        mechanism = self.patch.mechanism
        rows = mechanism.rows[: len(mechanism.rows) - bool(mechanism.courses)]
        return [i for i, row in enumerate(rows) if row.account in ("", BOUND)]

    def _change(self, calcium: np.ndarray, rows: np.ndarray, lumen: float | np.ndarray) -> np.ndarray:
        """A step of Newton's method, (moving rows, sites)."""
        moving, rates = self._moving, self._rates(calcium, rows, lumen)[self._moving]
        slopes = np.empty((len(calcium), len(moving), len(moving)))
        for column, row in enumerate(moving):
            nudged = rows.copy()
            nudged[row] += NUDGE
            slopes[:, :, column] = ((self._rates(calcium, nudged, lumen)[moving] - rates) / NUDGE).T
        step: np.ndarray = np.linalg.solve(slopes - TINY * np.eye(len(moving)), rates.T[:, :, None])[:, :, 0].T
        return step

    def _rates(self, calcium: np.ndarray, rows: np.ndarray, lumen: float | np.ndarray) -> np.ndarray:
        return self.patch.mechanism.rates(calcium, rows, self._stored(lumen))

    def _stored(self, lumen: float | np.ndarray) -> float | np.ndarray:
        """What all sites hold of their store where its free calcium is `lumen`, µM µm³."""
        store = self.patch.mechanism.store
        return lumen / store if store else 0.0

    def flux(self, calcium: np.ndarray, lumen: float | np.ndarray = 0.0) -> np.ndarray:
        """What is taken out of the cytosol for good, (sites,) µM µm ms⁻¹; calcium (sites,) µM, lumen µM.

        Of a membrane with control volumes beyond it the calcium there, (sites,) µM, stands for that of the lumen.
        """
        mechanism = self.patch.mechanism
        if mechanism.rests is not None:
            return np.zeros(len(calcium))
        counted = [i for i, row in enumerate(mechanism.rows) if row.account not in ("", BOUND)]
        rates = self._rates(calcium, self.rows(calcium, lumen), lumen)
        taken: np.ndarray = mechanism.calcium[counted] @ rates[counted]
        return taken

    def lumen(self, calcium: np.ndarray, near: float) -> float:
        """Free calcium in the store at which as much comes out of it as goes in, µM.

        UnsettledError where there is no such level.

        calcium  (sites,) µM in the cytosol
        near     where the search begins, µM
        """
        if self.patch.mechanism.store is None:
            return 0.0

        def inwards(lumen: float) -> float:
            return float(self.patch.extents @ self.flux(calcium, lumen))

        found = balance(inwards, near, FULLEST)
        if found is None:
            does = "fills, and nothing comes out of it" if inwards(near) > 0 else "empties, and nothing goes into it"
            raise UnsettledError(f"the store {self.patch.mechanism.name!r} {does}")
        return found

    @property
    def typed_lumen(self) -> float:
        """Free calcium in the store before the stimulus, as the model says it, µM."""
        store = self.patch.mechanism.store
        return float(store * self.patch.mechanism.start[0] * self.patch.extents.sum()) if store else 0.0

    def slope(self, calcium: np.ndarray, lumen: float | np.ndarray, nudge: float) -> np.ndarray:
        """Derivative of the flux by calcium, (sites,) µm ms⁻¹, by so many µM to both sides."""
        low, high = (self.flux(calcium + step, lumen) for step in (-nudge, nudge))
        found: np.ndarray = (high - low) / (2 * nudge)
        return found

    def by_lumen(self, calcium: np.ndarray, lumen: float | np.ndarray, nudge: float) -> np.ndarray:
        """Derivative of the flux by calcium in the lumen, (sites,) µm ms⁻¹."""
        step = NUDGE * np.maximum(lumen, nudge)
        low, high = (self.flux(calcium, lumen + change) for change in (-step, step))
        found: np.ndarray = (high - low) / (2 * step)
        return found

    def coupling(self, calcium: np.ndarray, lumen: float, nudge: float) -> tuple[np.ndarray, np.ndarray]:
        """How a store joins its sites: derivative of the flux by its lumen, and of the lumen by calcium at each site.

        returns  (sites,) µm ms⁻¹, and (sites,)
        """
        by_lumen = self.by_lumen(calcium, lumen, nudge)
        return by_lumen, -self.patch.extents * self.slope(calcium, lumen, nudge) / (self.patch.extents @ by_lumen)


def settle(patches: tuple[Patch, ...], moment: float = -np.inf) -> list[Settled]:
    """All of them, in the voltage of a moment, ms."""
    return [Settled(patch, moment) for patch in patches]


def moment_of(patches: tuple[Patch, ...], time: float, before_jump: bool) -> float:
    """When courses are where they are at a time (ms): after a jump of that time, which takes a moment, or before it."""
    rows = [course.times for patch in patches for course in patch.mechanism.courses.values()]
    later = np.concatenate([np.zeros(0), *rows]) - time
    jumps = later[(later > 0) & (later <= 1.01 * JUMP)]
    return time if before_jump else float(time + jumps.max(initial=0.0))


def balance(excess: Callable[[float], float], near: float, most: float) -> float | None:
    """The level to which one rises or falls from `near`; None where it goes on to `most`, or to nothing.

    An excess is what makes the level rise, and a lack what makes it fall: so the way is up from `near` if there is an
    excess, else down.
    """
    before, at_before = near, excess(near)
    if at_before == 0.0:
        return near
    upwards = at_before > 0
    for _ in range(STEPS):
        after = min(before * 1.25, most) if upwards else before / 1.25
        at_after = excess(after)
        if (at_after > 0) != upwards:
            from scipy.optimize import brentq  # which no run imports that begins as its model says

            return float(brentq(excess, before, after, xtol=LEAST, rtol=EXACT))
        if after in (before, most) or after < near * 1e-9:
            return None
        before = after
    return None
