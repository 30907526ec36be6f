"""A function of time as polynomials between knots: when it jumps, when it begins, and what flows meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline, PPoly

SAME_KNOT = 1e-9  # ms, between knots of copies of a course that are one
STEADY = 1e-5  # of the peak of a current, by which it may change in a step that sees its mean alone
STIR = 0.1  # ms; a current is moving where it would change by more than STEADY of its peak within this time
PAUSE = 0.5  # ms of rest, at least, before it begins to flow anew
JUMP = 1e-6  # of the peak, above which a difference at a knot is a jump, and no rounding of a spline


@dataclass(frozen=True)
class TimeCourse:
    """A function of time, a polynomial between knots, zero after them; it may jump at knots.

    polynomial  scipy PPoly over ms
    before      its value before the first knot
    """

    polynomial: PPoly
    before: float = 0.0

    @classmethod
    def through(cls, times: np.ndarray, values: np.ndarray, smooth: bool = False, before: float = 0.0) -> TimeCourse:
        """Linear between rows, or a cubic spline through them; two rows at one time are a jump, or a kink."""
        if smooth:
            return cls(_splines(times, values), before)
        long = np.diff(times) > 0
        slope = np.diff(values)[long] / np.diff(times)[long]
        return cls(PPoly(np.stack([slope, values[:-1][long]]), np.append(times[:-1][long], times[-1])), before)

    def again(self, moments: Sequence[float], until: float) -> TimeCourse:
        """The sum of its copies, each later by one of the moments (ms, ascending); of those after the end the first."""
        kept = np.array([moment for moment in moments if moment + self.knots[0] <= until] or moments[:1])
        if len(kept) == 1 and not kept[0]:
            return self
        knots, places = _merged(kept[:, None] + self.knots)
        coefficients = np.zeros((len(self.polynomial.c), len(knots) - 1))
        for moment, place in zip(kept, places, strict=True):
            pieces = np.arange(place[0], place[-1])
            own = np.searchsorted(place, pieces, side="right") - 1
            coefficients[:, pieces] += _moved(self.polynomial.c[:, own], knots[pieces] - moment - self.knots[own])
        return TimeCourse(PPoly.construct_fast(coefficients, knots))

    @property
    def knots(self) -> np.ndarray:
        """Ends of the pieces, ms."""
        return self.polynomial.x

    @property
    def powers(self) -> np.ndarray:
        """Coefficients of the powers 0 to 3 of the time since the knot before, (pieces, 4)."""
        ascending = self.polynomial.c[::-1].T
        return np.pad(ascending, ((0, 0), (0, 4 - ascending.shape[1])))

    @property
    def charge(self) -> np.ndarray:
        """The integral up to each knot, (knots,)."""
        last = self.integral(-np.inf, np.inf)
        return np.append(self._charge.c[-1] - self._charge.c[-1][0], last)

    @cached_property
    def _charge(self) -> PPoly:
        return self.polynomial.antiderivative()

    @cached_property
    def _at_ends(self) -> np.ndarray:
        """Value at the end of each piece, from within it."""
        width = np.diff(self.knots)
        return np.polynomial.polynomial.polyval(width, self.polynomial.c[::-1], tensor=False)

    @cached_property
    def peak(self) -> float:
        """Largest size at a knot."""
        return float(max(np.abs(self.polynomial.c[-1]).max(), np.abs(self._at_ends).max()))

    @property
    def jumps(self) -> np.ndarray:
        """Times at which the value jumps, ms."""
        before = np.append(self.before, self._at_ends)
        after = np.append(self.polynomial.c[-1], 0.0)
        return self.knots[np.abs(after - before) > JUMP * self.peak]

    @property
    def onsets(self) -> np.ndarray:
        """Times at which it begins to change after a pause, ms."""
        p, ends = self.polynomial.derivative(), self.knots
        width = np.diff(ends)
        fastest = np.maximum(np.abs(p.c[-1]), np.abs(np.polynomial.polynomial.polyval(width, p.c[::-1], tensor=False)))
        stirs = np.flatnonzero(fastest * STIR > STEADY * self.peak)
        begins, still_since = ends[stirs], np.append(-np.inf, ends[stirs + 1][:-1])
        return begins[begins - still_since > PAUSE]

    def drops(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (ms) at which the value jumps towards zero, and by how much."""
        before, after = self.value(self.jumps, before=True), self.value(self.jumps)
        falls = np.abs(after) < np.abs(before)
        return self.jumps[falls], (before - after)[falls]

    def value(self, t: np.ndarray | float, before: bool = False) -> np.ndarray:
        """Value at each time; at a jump the value after it, or before it if asked."""
        t = np.asarray(t, dtype=float)
        outside = np.searchsorted(self.knots, t, side="left" if before else "right") - 1
        inside = (outside >= 0) & (outside < len(self.knots) - 1)
        piece = np.where(inside, outside, 0)
        local = t - self.knots[piece]
        value = np.zeros(np.shape(t))
        for coefficient in self.polynomial.c:
            value = value * local + coefficient[piece]
        return np.where(inside, value, np.where(outside < 0, self.before, 0.0))

    def seen(self, a: float, b: float) -> np.ndarray:
        """Values from a to b: at both ends, from within, and at the knots between them."""
        first, last = np.searchsorted(self.knots, (a, b), side="right")
        between = self.knots[first:last]
        return np.concatenate(
            [self.value(np.array([a])), self.value(between, before=True), self.value(np.array([b]), True)]
        )

    def integral(self, a: float, b: float) -> float:
        """∫ from a to b."""
        a, b = (float(np.clip(x, self.knots[0], self.knots[-1])) for x in (a, b))
        return float(self._charge(b) - self._charge(a))


def _splines(times: np.ndarray, values: np.ndarray) -> PPoly:
    """A cubic spline through the rows between one jump and the next, joined."""
    ends = [0, *(np.flatnonzero(np.diff(times) == 0) + 1), len(times)]
    pieces = [CubicSpline(times[a:b], values[a:b]) for a, b in pairwise(ends)]
    knots = np.concatenate([times[:1], *(piece.x[1:] for piece in pieces)])
    return PPoly.construct_fast(np.concatenate([piece.c for piece in pieces], axis=1), knots)


def _merged(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different times of an array, ascending, and for each entry the place of its time among them.

    Those that differ by rounding are one: a step between them would be none.
    """
    order = np.argsort(times, axis=None)
    ascending = times.ravel()[order]
    begins = np.append(True, np.diff(ascending) > SAME_KNOT)
    places = np.empty(times.size, dtype=int)
    places[order] = np.cumsum(begins) - 1
    return ascending[begins], places.reshape(times.shape)


def _moved(coefficients: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Those of the same polynomials about points that lie further on, highest power first, (powers, pieces)."""
    moved, highest = np.zeros_like(coefficients), len(coefficients) - 1
    for power, row in enumerate(coefficients[::-1]):
        for lower in range(power + 1):
            moved[highest - lower] += math.comb(power, lower) * row * by ** (power - lower)
    return moved
