"""exp(h A) for many small linear systems at once, where A has nothing negative beside its diagonal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LONGEST_SERIES = 48.0  # changes of the fastest slot in a step; beyond it matrices are squared
SQUARED_FROM = 0.5  # the same, in the steps that are squared
TOGETHER = 4  # powers of a matrix that share a higher one
NEGLIGIBLE = 1e-16  # of all that the series adds up


@dataclass(frozen=True)
class Flow:
    """What goes from slot to slot: dy/dt = D (r y[from]) with a rate r for each of the ways.

    origin  (ways,) slots
    change  D, (slots, ways): -1 where a way takes from a slot, 1 where it gives, 0 elsewhere
    keeps   (slots,) whether its part of a sum stays: all but those that count, or of what has a reserve that alone

    Uniformisation (Jensen 1953): with λ the fastest rate, exp(hA) = Σ_k w_k Bᵏ, where B = 1 + A/λ has nothing negative
    and w_k are the weights of a Poisson distribution of mean hλ. No occupancy falls below zero, none is lost, and small
    ones are found with as many digits as large ones. Where hλ is large the series is that of h / 2ˢ, and its matrix is
    squared s times: stiff steps cost the logarithm of their length.
    """

    origin: np.ndarray
    change: np.ndarray
    keeps: np.ndarray

    def after(self, y: np.ndarray, rates: np.ndarray, h: float) -> np.ndarray:
        """y after h ms at constant rates, (slots, positions).

        y      (slots, positions)
        rates  (ways, positions) ms⁻¹
        """
        fastest = self.fastest(rates)
        if h * fastest == 0:
            return self._idle(y, rates, h)
        if h * fastest <= LONGEST_SERIES:
            return self._series(y, rates / fastest, poisson(h * fastest))
        return times(self.exponentials(rates, h), y)

    def fastest(self, rates: np.ndarray) -> float:
        """The fastest that any slot is left at any position, ms⁻¹."""
        return float((np.maximum(-self.change, 0.0) @ rates).max(initial=0.0))

    def _idle(self, y: np.ndarray, rates: np.ndarray, h: float) -> np.ndarray:
        """Nothing leaves a slot: what comes in does so evenly."""
        return y + h * (self.change @ (rates * y[self.origin]))

    def _series(self, y: np.ndarray, shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Σ_k w_k Bᵏ y, with the rates as shares of the fastest one."""
        # In one memory layout, whoever made y: another sums up in another order.
        power, moved, changed = np.array(y, order="C"), np.empty(shares.shape), np.empty(y.shape)
        total: np.ndarray = weights[0] * power
        for weight in weights[1:].tolist():
            power.take(self.origin, axis=0, out=moved, mode="clip")  # "clip" writes to `out` without a copy
            np.multiply(moved, shares, out=moved)
            power += np.matmul(self.change, moved, out=changed)
            total += np.multiply(power, weight, out=changed)
        return total

    def exponentials(self, rates: np.ndarray, h: float) -> np.ndarray:
        """exp(hA) of each position, (positions, slots, slots): the series for a short step, squared."""
        fastest = self.fastest(rates)
        squarings = max(int(np.ceil(np.log2(h * fastest / SQUARED_FROM))), 0) if h * fastest else 0
        matrix = self._series_of_matrices(rates, h / 2**squarings, fastest)
        for _ in range(squarings):
            matrix = self._kept(matrix @ matrix)
        return matrix

    def _kept(self, matrices: np.ndarray) -> np.ndarray:
        """Without what rounding made or lost of all that is in the slots, which every squaring would double."""
        stays = np.where(self._ends, np.diagonal(matrices, axis1=1, axis2=2), 1.0)
        found: np.ndarray = matrices / np.where(self.keeps, self.keeps @ matrices, stays)[:, None]
        return found

    @cached_property
    def _ends(self) -> np.ndarray:
        """Slots that nothing leaves, (slots,)."""
        found: np.ndarray = np.asarray(np.all(self.change >= 0, axis=1))
        return found

    def _series_of_matrices(self, rates: np.ndarray, h: float, fastest: float) -> np.ndarray:
        """Σ_k w_k Bᵏ, in groups of a few powers that share a higher one (Paterson & Stockmeyer 1973)."""
        unit = np.eye(len(self.change))
        from_slots = unit[self.origin]  # (ways, slots)
        generators = (self.change * rates.T[:, None]) @ from_slots
        if h * fastest == 0:
            found: np.ndarray = unit + h * generators
            return found
        powers = [np.broadcast_to(unit, generators.shape), unit + generators / fastest]
        while len(powers) <= TOGETHER:
            powers.append(powers[-1] @ powers[1])
        weights = poisson(h * fastest)
        total = np.zeros(generators.shape)
        for first in range((len(weights) - 1) // TOGETHER * TOGETHER, -1, -TOGETHER):
            total = total @ powers[TOGETHER]
            for weight, power in zip(weights[first:].tolist(), powers[:TOGETHER], strict=False):
                total += weight * power
        return total


def times(matrices: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A matrix for each position (positions, slots, slots) times what is there, (slots, positions)."""
    found: np.ndarray = matrices @ np.ascontiguousarray(y.T)[:, :, None]
    return np.ascontiguousarray(found[:, :, 0].T)


def poisson(mean: float) -> np.ndarray:
    """Weights of a Poisson distribution up to those that are negligible, (k,), which sum to 1."""
    most = int(mean + 12 * np.sqrt(mean) + 24)
    logs = np.cumsum(np.log(mean / np.arange(1, most)))
    weights = np.exp(np.concatenate([[0.0], logs]) - mean)
    last = np.flatnonzero(weights > NEGLIGIBLE)[-1]
    kept: np.ndarray = weights[: last + 1] / weights[: last + 1].sum()
    return kept
