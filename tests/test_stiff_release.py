"""Releases of sites that are far faster than the course of calcium: each moment is its own steady state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rdcalcium as rc

SITE = {"scheme": ["E -> X : k", "X + Ca <-> XCa : a, b", "XCa -> E : g"], "released": ["E"]}
POOL = {"scheme": ["reserve <-> X : k, u", "X + Ca <-> XCa : a, b", "XCa -> fused : g"], "reserve": "reserve"}
RATES = {"k": 2e-3, "u": 5e-4, "a": 0.1, "b": 4.0, "g": 6.0}
SPEED = 1e12


def steady_rate(calcium: np.ndarray, u: float, reserve: bool) -> np.ndarray:
    """Releases of a site, or out of a reserve of 1, in the calcium (µM) of the moment, ms⁻¹.

    x = XCa / X = a c / (b + g), and X from what comes, k, and what goes, u and g x; a site is empty, X or XCa.
    """
    k, a, b, g = (RATES[name] for name in "kabg")
    x = a * calcium / (b + g)
    return k * g * x / (u + g * x + (0.0 if reserve else k * (1 + x)))


@pytest.mark.parametrize("table", [SITE, POOL], ids=["a site that is refilled", "pools of a reserve"])
def test_the_count_of_releases_is_the_integral_of_a_steady_rate_and_never_falls(table: dict[str, Any]) -> None:
    """The count would otherwise take up what rounding makes of it at every doubling of a step."""
    reserve = "reserve" in table
    used = {name: rate for name, rate in RATES.items() if reserve or name != "u"}
    t = np.linspace(0.0, 2.0, 101)
    c = 0.05 + 20 * np.exp(-(((t - 0.8) / 0.2) ** 2))
    found = rc.release({**table, "parameters": used, "speed": SPEED}, t, c)
    counted = found.cumulative_release.to_numpy()
    assert np.all(np.diff(counted) > 0)
    fine = np.linspace(0.0, 2.0, 100_001)
    rates = steady_rate(np.interp(fine, t, c), used.get("u", 0.0), reserve)
    exact = SPEED * np.append(0.0, np.cumsum(0.5 * np.diff(fine) * (rates[1:] + rates[:-1])))[::1000]
    np.testing.assert_allclose(np.diff(counted), np.diff(exact), rtol=1e-4)
