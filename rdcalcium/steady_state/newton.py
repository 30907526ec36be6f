"""Newton's method, from the state in which nothing binds the calcium that enters.

There a buffer is as free as at rest, and calcium as high as it can be. Where one mobile buffer binds, what it takes up
is a convex function of its free form, so that from there the iterates come down on the solution without a detour
(Ortega & Rheinboldt 1970, Iterative solution of nonlinear equations in several variables, section 13.3). Where buffers
bind ions together, and are used up, they may not: then half of the currents is turned up first, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import RdcalciumError
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.linear import correction, free_calcium

TOLERANCE = 1e-9  # share of what flows that may be unbalanced
LOOSE = 1e-2  # accuracy of a linear solution that is far from the end
ON_THE_WAY = 1e-3  # share that may be unbalanced with a part of the currents
ROUNDING = 2.0**-50  # share of what goes to and fro that comes out of its differences as if it were unbalanced
SMALLEST = 2.0**-8  # part of the currents by which to turn them up


class NoSteadyStateError(RdcalciumError):
    """A terminal that comes to no rest, or to none that was found."""


@dataclass(frozen=True)
class Convergence:
    """How a steady state was found.

    unbalanced  share of what flows that was unbalanced in the beginning, and after each step, with all of the currents
    iterations  of the linear solver, in all steps
    """

    unbalanced: tuple[float, ...]
    iterations: int


def find(equations: Equations, flow: float, tolerance: float = TOLERANCE) -> tuple[np.ndarray, Convergence]:
    """The excess over rest in a steady state, (fields, k) µM; NoSteadyStateError where none is found.

    flow       what enters, µM µm³ ms⁻¹; where nothing does, what is exchanged at rest
    tolerance  share of it that may be unbalanced
    """
    u = np.zeros_like(equations.sources)
    at_rest = _share(equations, equations.rates(u), flow)
    if at_rest <= tolerance:
        return u, Convergence((at_rest,), 0)
    equations.filled(u)  # which refuses a lumen that fills, of which the linear equations have no solution
    free, iterations = free_calcium(equations, LOOSE)
    reached, part = 0.0, 1.0
    while reached < 1:
        aim = min(reached + part, 1.0)
        search = _Search(equations.under(aim), flow, tolerance if aim == 1 else max(tolerance, ON_THE_WAY))
        found = search.go(equations.filled(u + (aim - reached) * free))
        iterations += search.iterations
        if found is not None:
            u, reached, part = found, aim, 2 * part
        elif (part := part / 2) < SMALLEST:
            raise NoSteadyStateError(
                f"no steady state was found: with {reached:.2g} of the currents there is one, from where Newton's "
                "method finds no other; check the currents and rates, or let a long run get there"
            )
    return u, Convergence(tuple(search.unbalanced), iterations)


def search_from(equations: Equations, u: np.ndarray, flow: float) -> np.ndarray | None:
    """Where Newton's method ends from an excess u over rest (fields, k) µM with all currents; None: nowhere."""
    return _Search(equations, flow, TOLERANCE).go(u)


class _Search:
    """One search."""

    def __init__(self, equations: Equations, flow: float, tolerance: float):
        self.equations, self.flow, self.tolerance = equations, flow, tolerance
        self.unbalanced: list[float] = []
        self.iterations = 0

    def go(self, u: np.ndarray) -> np.ndarray | None:
        """Where it ends from an excess u (fields, k); None where more is unbalanced from one step to the next.

        Where so little is left that it is rounding, it has ended. None too where a concentration would be negative:
        the equations have such solutions, and nature has not.
        """
        rates = self._look(u)
        while not self.unbalanced[-1] <= self.tolerance:
            # As accurate as the step is long, which keeps the second order, and no more than will be asked for.
            left = self.unbalanced[-1]
            accuracy = max(min(LOOSE, 0.1 * left), 0.1 * self.tolerance / left)
            try:
                change, iterations = correction(self.equations, u, rates, accuracy)
            except np.linalg.LinAlgError:
                return None
            u = u + change
            self.iterations += iterations
            rates = self._look(u)
            if not self.unbalanced[-1] < left:
                if not self._is_rounding(u):
                    return None
                break
        return u if self.equations.lowest(u) >= -self.tolerance * np.abs(u).max() else None

    def _is_rounding(self, u: np.ndarray) -> bool:
        """Whether buffers pass on so much more than what flows that no more digits of this are to be had."""
        left = self.unbalanced[-1]
        return left <= ON_THE_WAY and left * self.flow <= ROUNDING * self.equations.exchanged_at(u)

    def _look(self, u: np.ndarray) -> np.ndarray:
        rates = self.equations.rates(u)
        self.unbalanced.append(_share(self.equations, rates, self.flow))
        return rates


def _share(equations: Equations, rates: np.ndarray, flow: float) -> float:
    amount = equations.unbalanced(rates)
    return amount / flow if amount else 0.0
