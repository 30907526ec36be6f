"""Diffusion and reaction, linearised: fields that do not move are eliminated, the others are solved for together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, gmres

from rdcalcium.chemistry import CALCIUM
from rdcalcium.steady_state.cycle import Cycle
from rdcalcium.steady_state.equations import Equations

RESTART, RESTARTS = 40, 10  # of GMRES: vectors that it keeps, and how often it begins anew at most


class Tie(NamedTuple):
    """What joins distant places, which the multigrid does not know: a (b·x), with the product over all of them.

    a, b  (k, fields)
    """

    a: np.ndarray
    b: np.ndarray

    def of(self, x: np.ndarray) -> np.ndarray:
        """What it adds for x (k, fields)."""
        return self.a * np.vdot(self.b, x)


class Amount(NamedTuple):
    """The same for something of which each piece keeps as much as there is: a times the mean of b·x in the piece.

    pieces  shares of the control volumes in each, (pieces, k)
    inside  of which piece each is, (k, pieces)
    b, a    (k, fields), and (fields,) ms⁻¹
    """

    pieces: csr_array
    inside: csr_array
    b: np.ndarray
    a: np.ndarray

    def of(self, x: np.ndarray) -> np.ndarray:
        """What it adds for x (k, fields)."""
        return np.outer(self.inside @ (self.pieces @ (self.b * x).sum(axis=1)), self.a)


def free_calcium(equations: Equations, accuracy: float) -> tuple[np.ndarray, int]:
    """The excess where nothing binds calcium, and pumps take as they do near rest, (fields, k) µM, and iterations.

    Gates that calcium changes are as open as they are at rest.

    accuracy  share of what enters that may be unbalanced
    """
    u, without = np.zeros_like(equations.sources), equations.under(0.0)
    pumping, across = without.pumping(u)[:, None, None], without.across(u)
    taken = pumping + equations.forgetting
    cycle = Cycle(equations.levels, equations.chemistry.diffusivity[:1], taken, across)
    stores = [_store(a, b, np.array([CALCIUM])) for a, b in equations.couplings(u)]
    found, iterations = _solve(cycle, equations.entering[:, None], equations.volumes, accuracy, stores)
    u[:1] = found.T
    return u, iterations


def correction(equations: Equations, u: np.ndarray, rates: np.ndarray, accuracy: float) -> tuple[np.ndarray, int]:
    """The change d of u for which (D L + R) d = -rates, R the slopes of the reactions at u; and iterations.

    With m the fields that move and f the others, d_f = -R_ff⁻¹ (rates_f + R_fm d_m) leaves
    -(D L + R_mm - R_mf R_ff⁻¹ R_fm) d_m = rates_m - R_mf R_ff⁻¹ rates_f, and what stores and membranes join. In each
    closed piece of the terminal there is as much of each buffer as before.

    u, rates  (fields, k) µM and µM ms⁻¹
    accuracy  share of the right-hand side that may be left
    """
    d = equations.chemistry.diffusivity
    m, f = np.flatnonzero(d > 0), np.flatnonzero(d <= 0)
    slopes = equations.slopes(u)
    known = np.concatenate([slopes[:, f][:, :, m], rates[f].T[:, :, None]], axis=2)
    known = np.linalg.solve(slopes[:, f][:, :, f], known)  # R_ff⁻¹ of R_fm and of rates_f
    indirect = slopes[:, m][:, :, f] @ known
    ties: list[Tie | Amount] = [_store(a, b, m) for a, b in equations.couplings(u)]
    right, kept = rates[m].T - indirect[:, :, -1], equations.kept
    follows = kept[:, m] - kept[:, f] @ known[:, :, :-1]  # of what is kept by the fields that move, (k, kept, moving)
    pieces = equations.pieces
    inside = csr_array((pieces > 0).T, dtype=float)  # of which piece each control volume is
    for number, amount in enumerate(equations.spreading * kept[:, m]):
        ties.append(Amount(pieces, inside, follows[:, number], amount))
        too_much = kept[number] @ u - known[:, :, -1] @ kept[number, f]
        right = right - np.outer(inside @ (pieces @ too_much), amount)
    even = np.multiply.outer(inside.sum(axis=1), equations.spreading * kept[:, m].T @ kept[:, m])
    reactions = indirect[:, :, :-1] - slopes[:, m][:, :, m] + even
    cycle = Cycle(equations.levels, d[m], reactions, equations.across(u))
    change = np.empty_like(u)
    found, iterations = _solve(cycle, right, equations.volumes, accuracy, ties, even)
    change[m] = found.T
    change[f] = -(known[:, :, -1] + np.matmul(known[:, :, :-1], found[:, :, None])[:, :, 0]).T
    return change * equations.there, iterations


def _store(a: np.ndarray, b: np.ndarray, moving: np.ndarray) -> Tie:
    """How a store joins calcium at its sites; a, b (k,)."""
    is_calcium = (moving == CALCIUM).astype(float)
    return Tie(np.outer(a, is_calcium), np.outer(b, is_calcium))


def _solve(
    cycle: Cycle,
    r: np.ndarray,
    volumes: np.ndarray,
    accuracy: float,
    ties: Sequence[Tie | Amount] = (),
    without: np.ndarray | None = None,
) -> tuple[np.ndarray, int]:
    """x of cycle.apply(x) + ties - without x = r, both (k, fields), by GMRES on amounts, which all volumes have alike.

    without  (k, fields, fields) ms⁻¹, what the cycle has and the equations have not; none: nothing
    returns  x, and the number of iterations
    """
    weights, iterations = volumes[:, None], 0

    def approximate(amounts: np.ndarray) -> np.ndarray:
        return cycle.solve(amounts.reshape(r.shape) / weights)

    def apply(amounts: np.ndarray) -> np.ndarray:
        x = approximate(amounts)
        flows = cycle.apply(x)
        for tie in ties:
            flows += tie.of(x)
        if without is not None:
            flows -= np.matmul(without, x[:, :, None])[:, :, 0]
        return (weights * flows).ravel()

    def count(_: float) -> None:
        nonlocal iterations
        iterations += 1

    matrix = LinearOperator((r.size, r.size), matvec=apply)
    options = {"restart": RESTART, "maxiter": RESTARTS, "callback": count, "callback_type": "pr_norm"}
    # What it has not found after the last restart, the next step of Newton will look for.
    z, _ = gmres(matrix, (weights * r).ravel(), rtol=accuracy, atol=0.0, **options)
    return approximate(z), iterations
