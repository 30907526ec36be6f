"""Diffusion and reaction, linearised: fields that do not move are eliminated, the others are solved for together."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from rdcalcium.steady_state.cycle import Cycle
from rdcalcium.steady_state.equations import Equations

RESTART, RESTARTS = 40, 10  # of GMRES: vectors that it keeps, and how often it begins anew at most


def free_calcium(equations: Equations, accuracy: float) -> tuple[np.ndarray, int]:
    """The excess where nothing binds calcium and pumps take as they do near rest, (fields, k) µM, and iterations.

    accuracy  share of the sources that may be unbalanced
    """
    pumping = equations.pumping(np.zeros_like(equations.sources))[:, None, None]
    cycle = Cycle(equations.levels, equations.chemistry.diffusivity[:1], pumping)
    found, iterations = _solve(cycle, equations.sources[:1].T, equations.volumes, accuracy)
    u = np.zeros_like(equations.sources)
    u[:1] = found.T
    return u, iterations


def correction(equations: Equations, u: np.ndarray, rates: np.ndarray, accuracy: float) -> tuple[np.ndarray, int]:
    """The change d of u for which (D L + R) d = -rates, R the slopes of the reactions at u; and iterations.

    With m the fields that move and f the others, d_f = -R_ff⁻¹ (rates_f + R_fm d_m) leaves
    -(D L + R_mm - R_mf R_ff⁻¹ R_fm) d_m = rates_m - R_mf R_ff⁻¹ rates_f.

    u, rates  (fields, k) µM and µM ms⁻¹
    accuracy  share of the right-hand side that may be left
    """
    d = equations.chemistry.diffusivity
    m, f = np.flatnonzero(d > 0), np.flatnonzero(d <= 0)
    slopes = equations.slopes(u)
    known = np.concatenate([slopes[:, f][:, :, m], rates[f].T[:, :, None]], axis=2)
    known = np.linalg.solve(slopes[:, f][:, :, f], known)  # R_ff⁻¹ of R_fm and of rates_f
    indirect = slopes[:, m][:, :, f] @ known
    cycle = Cycle(equations.levels, d[m], indirect[:, :, :-1] - slopes[:, m][:, :, m])
    change = np.empty_like(u)
    found, iterations = _solve(cycle, rates[m].T - indirect[:, :, -1], equations.volumes, accuracy)
    change[m] = found.T
    change[f] = -(known[:, :, -1] + np.matmul(known[:, :, :-1], found[:, :, None])[:, :, 0]).T
    return change, iterations


def _solve(cycle: Cycle, r: np.ndarray, volumes: np.ndarray, accuracy: float) -> tuple[np.ndarray, int]:
    """x of cycle.apply(x) = r, both (k, fields), by GMRES on amounts, which all volumes have alike; and iterations."""
    weights, iterations = volumes[:, None], 0

    def approximate(amounts: np.ndarray) -> np.ndarray:
        return cycle.solve(amounts.reshape(r.shape) / weights)

    def count(_: float) -> None:
        nonlocal iterations
        iterations += 1

    matrix = LinearOperator((r.size, r.size), matvec=lambda z: (weights * cycle.apply(approximate(z))).ravel())
    options = {"restart": RESTART, "maxiter": RESTARTS, "callback": count, "callback_type": "pr_norm"}
    # What it has not found after the last restart, the next step of Newton will look for.
    z, _ = gmres(matrix, (weights * r).ravel(), rtol=accuracy, atol=0.0, **options)
    return approximate(z), iterations
