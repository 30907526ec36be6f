"""What every stabilised explicit method states: its order, its coefficients, and how far its stages reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MAX_STAGES = 1000

# Of second order: the end against the cubic through both ends and their slopes (Sommeijer et al. 1998, eq. 2.9).
HERMITE_ESTIMATE = (0.4, 0.8)


@dataclass(frozen=True)
class Coefficients:
    """One row per stage 0…s of z_j = mu z_{j-1} + nu z_{j-2} + mu_t h F_{j-1} + gamma_t h F_0.

    c        times of the stages, from 0 to 1
    weights  of F_0 … F_s in z_s, where F does not depend on z: the quadrature of a source
    """

    mu: np.ndarray
    nu: np.ndarray
    mu_t: np.ndarray
    gamma_t: np.ndarray
    c: np.ndarray
    weights: np.ndarray


def complete(mu: np.ndarray, nu: np.ndarray, mu_t: np.ndarray, gamma_t: np.ndarray) -> Coefficients:
    """Coefficients with the times and the quadrature that follow from the recursion."""
    c = np.zeros(len(mu))
    c[1] = mu_t[1]
    for j in range(2, len(mu)):
        c[j] = mu[j] * c[j - 1] + nu[j] * c[j - 2] + mu_t[j] + gamma_t[j]
    return Coefficients(mu, nu, mu_t, gamma_t, c, _quadrature(mu, nu, mu_t, gamma_t))


def _quadrature(mu: np.ndarray, nu: np.ndarray, mu_t: np.ndarray, gamma_t: np.ndarray) -> np.ndarray:
    """Share of every F_j in z_s, by following the recursion backwards."""
    s = len(mu) - 1
    weights, share = np.zeros(s + 1), np.zeros(s + 1)
    share[s] = 1.0
    for j in range(s, 1, -1):
        weights[j - 1] += mu_t[j] * share[j]
        weights[0] += gamma_t[j] * share[j]
        share[j - 1] += mu[j] * share[j]
        share[j - 2] += nu[j] * share[j]
    weights[0] += mu_t[1] * share[1]
    return weights


@dataclass(frozen=True)
class Method:
    """One family of methods, a member for every number of stages.

    order         of accuracy in time
    coefficients  of the member with s stages, s >= 2
    reach         largest h × spectral radius for which s stages are stable
    estimate      (a, b) of the local error a h (F_0 + F(y_0 + z_s)) - b z_s
    """

    name: str
    order: int
    coefficients: Callable[[int], Coefficients]
    reach: Callable[[int], float]
    estimate: tuple[float, float]

    def stages_for(self, h: float, radius: float) -> int:
        """Fewest stages that are stable for a step h (ms) and a spectral radius (ms⁻¹)."""
        low, high = 1, 2
        while self.reach(high) < h * radius:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.reach(middle) < h * radius else (low, middle)
        return high

    def longest_stable_step(self, stages: int, radius: float) -> float:
        """Longest step (ms) that this many stages can take."""
        return self.reach(stages) / radius
