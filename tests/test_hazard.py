"""Rates that are straight lines: the integral that was waited for, and the way that was taken."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from rdcalcium.hazard import accumulated, integral, row_before, share, slopes, time_until, way_taken

TIMES = np.array([0.0, 0.5, 0.5, 2.0, 3.0])  # the rate jumps at 0.5 ms
RATES = np.array([1.0, 4.0, 0.5, 2.0, 0.0])


def test_the_integral_of_a_rate_is_that_of_a_quadrature() -> None:
    grown = accumulated(TIMES, RATES)
    for t in (0.3, 1.7, 2.9):
        row = row_before(TIMES, np.array([t]))
        found = grown[row] + integral(RATES[row], slopes(TIMES, RATES)[row], t - TIMES[row])
        points = [(0.0, 0.5, (1.0, 4.0)), (0.5, 2.0, (0.5, 2.0)), (2.0, 3.0, (2.0, 0.0))]
        parts = [quad(np.interp, a, min(b, t), ((a, b), ends))[0] for a, b, ends in points if a < t]
        assert found[0] == pytest.approx(sum(parts), rel=1e-12)


@pytest.mark.parametrize("slope", [-0.4, 0.0, 1e-12, 3.0])
def test_a_line_has_grown_by_what_is_wanted_when_it_is_reached(slope: float) -> None:
    wanted = np.array([1e-12, 0.1, 1.2])
    x = time_until(np.array(1.0), np.array(slope), wanted)
    assert integral(np.array(1.0), np.array(slope), x) == pytest.approx(wanted, rel=1e-12)


def test_each_way_is_taken_in_proportion_to_its_rate() -> None:
    u = (np.arange(1000) + 0.5) / 1000
    ways = way_taken(np.outer([2.0, 0.0, 6.0], np.ones(1000)), u)
    assert np.bincount(ways, minlength=3).tolist() == [250, 0, 750]


def test_two_rows_at_one_time_have_no_slope_and_no_way_between_them() -> None:
    assert slopes(TIMES, RATES)[1] == 0.0
    assert share(TIMES, np.array([1]), np.array([0.5]))[0] == 0.0
