"""ROS2: an L-stable step of second order for quiet stretches, where explicit stages would be many.

Verwer JG, Spee EJ, Blom JG, Hundsdorfer W (1999) A second-order Rosenbrock method applied to photochemical dispersion
problems. SIAM J Sci Comput 20:1456-1480.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rdcalcium.backends.base import Array, Operations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.multigrid import build_levels
from rdcalcium.integrators.base import HERMITE_ESTIMATE
from rdcalcium.integrators.modes import decouple, given_back
from rdcalcium.integrators.multigrid import Multigrid, Shifted
from rdcalcium.integrators.stepper import Step, StepSources
from rdcalcium.patches.following import GAMMA  # the smaller of the two for which this method is L-stable too
from rdcalcium.patches.quiet import clearance, mean_slopes, settling
from rdcalcium.system import Part

SWEEPS = 3  # of the approximate inverse, for each of the two systems of a step
CAUTION = 2.0  # times the estimate: the error of a step is up to twice as large; explicit methods stay far below theirs
SMALL = 2.0**-30  # scale of the systems: F of a state and of the state + SMALL x differ by SMALL J x, squares are lost
STRENGTH = 0.02  # of a coupling that joins volumes: flat cells are then joined across their wide faces


class Problem(NamedTuple):
    """I - γ h J near the mean state of one part of the terminal: see `Modes`.

    part  its number; none: there is one
    """

    part: int | None
    shifted: Shifted
    to: Array
    back: Array
    direct: Array


class Rosenbrock:
    """u = y + h k1,  z = h (3 k1 + k2) / 2 with (I - γ h J) k1 = F(y),  (I - γ h J) k2 = F(u) - 2 k1.

    The systems are solved by a fixed number of sweeps of k += B (b - (I - γ h J) k), B being one multigrid cycle for
    each mode of diffusion and reaction at the mean state. That is a linear operator, so the method is one of the
    W-methods, which keep their order with any J. Of patches it knows the mean clearance, and their rows at the mean
    state. What the sweeps leave of total calcium is given back evenly, bound as in equilibrium, less what patches have
    taken. The error estimate passes through B too: stiff modes that have long decayed would fill it.

    The lumen of a store has its own mean state, and so its own modes, and keeps its own account; B takes the cytosol
    and each lumen by itself, and sweeps alone see that what leaves one enters the other.

    evaluations  of diffusion and reaction so far
    """

    order = 2

    def __init__(self, operations: Operations):
        self.do, self.system = operations, operations.system
        self.chemistry = self.system.chemistry
        cells = self.system.discretization
        levels = build_levels(cells.assemble(), cells.volumes, strength=STRENGTH)  # the matrix is not kept
        self.multigrid = Multigrid(operations, levels)
        self._defect = operations.new()
        self._alone = operations.new() if len(self.system.parts) > 1 else None  # a state, but for all other parts
        self.evaluations = 0

    def increment(self, step: Step, sources: StepSources | None) -> Array:
        """z; sources stay what they are in the beginning."""
        do, h = self.do, step.h
        first, second, k1 = step.spare
        means = [do.weighted_sums(step.y, part.number) / part.room.volume for part in self.system.parts]
        self._prepare(means, GAMMA * h, step.y)
        do.scale(SMALL, step.f0, first)
        self._solve(step.y, first, k1)
        do.triad(step.y, k1, h / SMALL, second)
        do.rhs(second, first)
        if sources is not None:
            do.add_at(first, sources.cells, sources.first, 1.0)
        do.scale(SMALL, first, second)
        do.triad(second, k1, -2.0, second)
        self._solve(step.y, second, first)
        do.scale(1.5 * h / SMALL, k1, second)
        do.triad(second, first, 0.5 * h / SMALL, second)
        self._give_back(second, means, sources.amount if sources else 0.0)
        self.evaluations += 1
        return second

    def error(self, step: Step, z: Array, end: Array, f1: Array, rtol: float, atol: np.ndarray) -> float:
        """The end against the cubic through both ends and their slopes, without its stiff part."""
        do, (slopes, increment) = self.do, HERMITE_ESTIMATE
        for rate in (step.f0, f1):
            do.triad(z, rate, -slopes / increment * step.h, z)
        self._approximate(z, self._defect)
        return do.error_norm(step.y, end, self._defect, step.f0, f1, 0.0, CAUTION * increment, rtol, atol)

    def smooth(self, rate: Array) -> None:
        """(2 B - B²) rate, which is 1 - x² / (1 + x)² of a mode that decays by x = γ h |λ|: slow ones stay as they are.

        F of the ends holds the residue of stiff modes times their rates, which a cubic would swing by.
        """
        do = self.do
        self._approximate(rate, self._defect)
        do.triad(rate, self._defect, -0.5, rate)
        self._approximate(rate, self._defect)
        do.scale(2.0, self._defect, rate)

    def _prepare(self, means: Sequence[np.ndarray], tau: float, y: Array) -> None:
        patches, calcium = self.system.patches, [float(mean[CALCIUM]) for mean in means]
        slopes = mean_slopes(patches, calcium, self.do.site_sums(y)) if patches else []
        self._settling, self._tau = settling(slopes, tau), tau
        self._problems = [
            self._problem(mean, tau, clearance(patches, slopes, i, part.room.volume), part)
            for i, (mean, part) in enumerate(zip(means, self.system.parts, strict=True))
        ]

    def _problem(self, mean: np.ndarray, tau: float, cleared: float, part: Part) -> Problem:
        modes = decouple(self.chemistry, mean, tau, cleared, part.fields)
        matrices = (self.do.values(m) for m in (modes.to, modes.back, modes.direct))
        return Problem(part.number, self.multigrid.shifted(modes.shifts), *matrices)

    def _approximate(self, r: Array, out: Array, keep: bool = False) -> None:
        """out = B r, added to out if `keep`."""
        for before, problem in enumerate(self._problems):
            own = self._of(problem.part, r)
            self.do.to_modes(problem.to, own, self.multigrid.right_hand_side)
            found = self.multigrid.cycle(problem.shifted)
            self.do.from_modes(problem.back, found, problem.direct, own, out, keep or before > 0)
        self.do.settle(self._settling, r, out, keep)

    def _of(self, part: int | None, r: Array) -> Array:
        """A state in one part of the terminal, and zero in all others."""
        if part is None or self._alone is None:
            return r
        self.do.only(part, r, self._alone)
        return self._alone

    def _solve(self, y: Array, b: Array, out: Array) -> None:
        """(I - τ J) out = b, nearly; J at y, and b so small that F is linear in out."""
        do = self.do
        self._approximate(b, out)
        for _ in range(SWEEPS - 1):
            # b - (I - τ J) out, as a stage does it: (1 - τ) b - out + τ (b + J out), b being its z and its f0.
            do.scale(1.0, b, self._defect)
            do.stage(y, b, out, self._defect, -1.0, 1 - self._tau, self._tau, 0.0)
            self._approximate(self._defect, out, keep=True)
            self.evaluations += 1

    def _give_back(self, z: Array, means: Sequence[np.ndarray], amount: float) -> None:
        """Change z evenly so that it holds as much calcium as enters, µM µm³, and no more of what else is conserved.

        It enters the cytosol, and patches take it out of one part or bring it into one.
        """
        segments = self.system.patches.segments
        passed = self.do.site_sums(z) if segments else np.zeros(0)
        for i, (mean, part) in enumerate(zip(means, self.system.parts, strict=True)):
            held = [s.row.calcium if s.patch.parts[0] == i else 0.0 for s in segments]
            self._balance(z, mean, part, (0.0 if i else amount) - float(np.dot(held, passed)))

    def _balance(self, z: Array, mean: np.ndarray, part: Part, gained: float) -> None:
        """The same in one part, which has gained so much, µM µm³."""
        conserved, directions = given_back(self.chemistry, mean)
        amounts = np.append(np.zeros(len(conserved) - 1), gained)
        for _ in range(2):  # the second time for the rounding of the first
            surplus = (conserved @ self.do.weighted_sums(z, part.number) - amounts) / part.room.volume
            self.do.shift(z, -surplus @ directions * part.fields, part.number)
