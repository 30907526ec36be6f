"""RKC2: the stabilised explicit Runge-Kutta-Chebyshev method of second order.

Sommeijer BP, Shampine LF, Verwer JG (1998) RKC: an explicit solver for parabolic PDEs. J Comput Appl Math 88:315-326.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rdcalcium.backends.base import Array, Operations

ORDER = 2
DAMPING = 2 / 13
MAX_STAGES = 1000


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


@lru_cache(maxsize=2048)
def coefficients(s: int) -> Coefficients:
    """Coefficients of the s-stage method, s >= 2 (Sommeijer et al. 1998, eqs. 2.2 to 2.6)."""
    w0 = 1 + DAMPING / s**2
    t, dt, d2t = (
        np.zeros(s + 1),
        np.zeros(s + 1),
        np.zeros(s + 1),
    )  # Chebyshev polynomials and derivatives at w0
    t[0], t[1], dt[1] = 1.0, w0, 1.0
    for j in range(2, s + 1):
        t[j] = 2 * w0 * t[j - 1] - t[j - 2]
        dt[j] = 2 * w0 * dt[j - 1] + 2 * t[j - 1] - dt[j - 2]
        d2t[j] = 2 * w0 * d2t[j - 1] + 4 * dt[j - 1] - d2t[j - 2]
    w1 = dt[s] / d2t[s]
    b = np.zeros(s + 1)
    b[2:] = d2t[2:] / dt[2:] ** 2
    b[0] = b[1] = b[2]
    a = 1 - b * t
    mu, nu, mu_t, gamma_t, c = (np.zeros(s + 1) for _ in range(5))
    mu_t[1] = c[1] = b[1] * w1
    for j in range(2, s + 1):
        mu[j] = 2 * b[j] * w0 / b[j - 1]
        nu[j] = -b[j] / b[j - 2]
        mu_t[j] = 2 * b[j] * w1 / b[j - 1]
        gamma_t[j] = -a[j - 1] * mu_t[j]
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


def stages_for(h: float, radius: float) -> int:
    """Fewest stages that are stable for a step h (ms) and a spectral radius (ms⁻¹)."""
    return max(2, 1 + int(np.sqrt(1.54 * h * radius + 1)))


def longest_stable_step(stages: int, radius: float) -> float:
    """Longest step (ms) that this many stages can take."""
    return ((stages - 1) ** 2 - 1) / (1.54 * radius)


@dataclass(frozen=True)
class StepSources:
    """Sources over one step, on the device of the backend.

    cells   distinct control volumes, (k,)
    first   at the beginning of the step, (k,) µM ms⁻¹
    change  since then, at the time of every stage, (stages + 1, k) µM ms⁻¹
    """

    cells: Array
    first: Array
    change: Array


class RungeKuttaChebyshev:
    """Owns the state of a run and advances it; says which operations, never how they are done.

    y        the state
    carried  what rounding took from it
    """

    def __init__(self, operations: Operations, initial: np.ndarray):
        self.do = operations
        self.y = operations.from_host(initial)
        self.carried = operations.new()
        self._carried_end, self._z, self._older, self._f0, self._f1 = (operations.new() for _ in range(5))
        self._f0_is_current = False
        self.evaluations = 0

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restored` goes on with the same bits.

        The derivative is kept as it is: the sources of the last step went into it and out of it again, which leaves
        the rounding of two additions.
        """
        kept = {"y": self.y, "carried": self.carried} | ({"derivative": self._f0} if self._f0_is_current else {})
        return {name: self.do.to_host(array) for name, array in kept.items()}

    @classmethod
    def restored(cls, operations: Operations, saved: Mapping[str, np.ndarray]) -> RungeKuttaChebyshev:
        """The scheme as it was when `saved`."""
        scheme = cls(operations, saved["y"])
        scheme.carried = operations.from_host(saved["carried"])
        if "derivative" in saved:
            scheme._f0, scheme._f0_is_current = operations.from_host(saved["derivative"]), True
        return scheme

    def attempt(self, h: float, stages: int, sources: StepSources | None, rtol: float, atol: np.ndarray) -> float:
        """Try one step of h ms; the error relative to the tolerance comes back. Then `accept`, or attempt again."""
        do = self.do
        if not self._f0_is_current:
            do.rhs(self.y, self._f0)
            self._f0_is_current = True
            self.evaluations += 1
        self._add(self._f0, sources, 1.0, at_end=False)
        self._stages(h, coefficients(stages), sources)
        do.advance(self.y, self.carried, self._z, self._older, self._carried_end)
        do.rhs(self._older, self._f1)
        self._add(self._f1, sources, 1.0, at_end=True)
        error = do.error_norm(self.y, self._older, self._z, self._f0, self._f1, h, rtol, atol)
        self._add(self._f0, sources, -1.0, at_end=False)
        self._add(self._f1, sources, -1.0, at_end=True)
        self.evaluations += stages
        return error

    def _stages(self, h: float, k: Coefficients, sources: StepSources | None) -> None:
        """Increments z_1 … z_s over the start of the step; the last is left in _z."""
        do, f0 = self.do, self._f0
        do.scale(0.0, f0, self._older)
        do.scale(k.mu_t[1] * h, f0, self._z)
        for j in range(2, len(k.c)):
            do.stage(self.y, f0, self._z, self._older, k.mu[j], k.nu[j], k.mu_t[j] * h, k.gamma_t[j] * h)
            if sources is not None:
                do.add_at(self._older, sources.cells, sources.change[j - 1], k.mu_t[j] * h)
            self._z, self._older = self._older, self._z

    def _add(self, target: Array, sources: StepSources | None, sign: float, at_end: bool) -> None:
        """Add the sources to a right-hand side, or take them away: the next step brings its own."""
        if sources is not None:
            self.do.add_at(target, sources.cells, sources.first, sign)
            if at_end:
                self.do.add_at(target, sources.cells, sources.change[-1], sign)

    def within(self, h: float, shares: np.ndarray, sources: StepSources | None) -> Iterator[np.ndarray]:
        """States inside the step that was just accepted, at shares (0 to 1) of its length; (fields, n) on the host.

        The cubic through both ends and their derivatives (Hermite): of third order, so that nobody who wants to look
        makes a step shorter.
        """
        do = self.do
        self._add(self._f1, sources, 1.0, at_end=False)  # after `accept` _f1 belongs to the beginning
        self._add(self._f0, sources, 1.0, at_end=True)
        start, end, slope_0, slope_1 = (do.to_host(a) for a in (self._older, self.y, self._f1, self._f0))
        self._add(self._f0, sources, -1.0, at_end=True)
        for s in shares:
            bend = slope_0 * s * (1 - s) ** 2 - slope_1 * s * s * (1 - s)
            yield start + (end - start) * s * s * (3 - 2 * s) + h * bend

    def accept(self) -> None:
        """Make the end of the last attempt the state; its derivative serves the next step."""
        self.y, self._older = self._older, self.y
        self.carried, self._carried_end = self._carried_end, self.carried
        self._f0, self._f1 = self._f1, self._f0
