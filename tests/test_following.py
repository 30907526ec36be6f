"""States that are too fast for steps follow calcium by themselves, as their master equation does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from rdcalcium.patches import Patch
from rdcalcium.patches.following import followed
from tests.models import FOLLOWING

ONE = np.ones(1)


def after(patch: Patch, calcium: tuple[float, float], begins: np.ndarray, span: float, parts: int) -> np.ndarray:
    """x and y where calcium goes evenly from one level to another (µM), in so many parts of a span (ms)."""
    rows = np.array([[2.0], *begins[:, None]])
    levels = np.linspace(*calcium, parts + 1)[:, None]
    for pair in pairwise(levels):
        rows[1:] = followed(patch, pair, (rows, rows), (None, None), span / parts)
    return rows[1:, 0]


@pytest.fixture
def patch() -> Patch:
    return Patch(FOLLOWING, np.zeros(1, dtype=int), ONE, ONE)


def test_two_parts_of_a_step_are_four_times_as_right(patch: Patch) -> None:
    begins, calcium, span = np.array([0.1, 0.2]), (0.02, 0.05), 1.0

    def rates(t: float, p: np.ndarray) -> np.ndarray:
        at = np.array([calcium[0] + (calcium[1] - calcium[0]) * t / span])
        return patch.rates(at, np.array([[2.0], *p[:, None]]))[1:, 0]

    exact = solve_ivp(rates, (0, span), begins, method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    errors = [np.abs(after(patch, calcium, begins, span, parts) - exact).max() for parts in (8, 16, 32)]
    assert errors[0] < 5e-2
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(4, rel=0.2)


def test_where_calcium_is_high_they_are_where_it_leads_at_the_end(patch: Patch) -> None:
    """Nothing is left of where they began; x is then in equilibrium with what y has not taken."""
    found = [after(patch, (10.0, 20.0), begins, 1e-3, 1) for begins in (np.array([0.1, 0.2]), np.array([0.7, 0.2]))]
    for x, y in found:
        assert x == pytest.approx(1 - y, rel=1e-6)
