"""What every stabilised explicit method states: its order, its coefficients, and how far its stages reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rdcalcium.backends.program import Ladder

MAX_STAGES = 1000
# Numbers of stages that are taken: each up to 32, then every 3 % more, so that a table of all coefficients is small.
# A step takes 1.5 % more stages than it needs, at most 3 %.
LADDER = np.unique(np.concatenate([np.arange(2, 33), np.geomspace(32, MAX_STAGES, 118).round()]).astype(int))

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
    lists = [a.tolist() for a in (mu, nu, mu_t, gamma_t)]  # many small numbers, one after the other
    return Coefficients(mu, nu, mu_t, gamma_t, np.array(_times(*lists)), np.array(_quadrature(*lists)))


def _times(mu: list[float], nu: list[float], mu_t: list[float], gamma_t: list[float]) -> list[float]:
    """Time of every stage, from 0 to 1."""
    c = [0.0, mu_t[1]]
    for j in range(2, len(mu)):
        c.append(mu[j] * c[j - 1] + nu[j] * c[j - 2] + mu_t[j] + gamma_t[j])
    return c


def _quadrature(mu: list[float], nu: list[float], mu_t: list[float], gamma_t: list[float]) -> list[float]:
    """Share of every F_j in z_s, by following the recursion backwards."""
    s = len(mu) - 1
    weights, share = [0.0] * (s + 1), [0.0] * s + [1.0]
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

    @cached_property
    def reaches(self) -> np.ndarray:
        """Reach of each member of the ladder."""
        return np.array([self.reach(s) for s in LADDER.tolist()])

    def stages_for(self, h: float, radius: float) -> int:
        """Fewest stages of the ladder that are stable for a step h (ms) and a radius (ms⁻¹); its last if none are."""
        rung = int(np.searchsorted(self.reaches, h * radius, side="left"))
        return int(LADDER[min(rung, len(LADDER) - 1)])

    def longest_stable_step(self, radius: float) -> float:
        """Longest step (ms) that can be taken."""
        return float(self.reaches[-1]) / radius

    def ladder(self) -> Ladder:
        """Coefficients of all members of the ladder."""
        members = [self.coefficients(s) for s in LADDER.tolist()]
        rows = [np.column_stack([k.mu, k.nu, k.mu_t, k.gamma_t, k.c, k.weights]) for k in members]
        first = np.cumsum([0, *(len(r) for r in rows[:-1])])
        return Ladder(LADDER, self.reaches, first, np.concatenate(rows))
