"""Pools that a reserve fills which never runs out: their equations, and single vesicles with Poisson statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Sensor
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.supplied import drawn
from tests.models import small_model

TIMES = np.linspace(0, 20, 401)
TRAIN = 0.227 + sum(15 * np.exp(-(((TIMES - at) / 0.4) ** 2)) for at in (2.0, 7.0, 12.0))
OPEN = {"scheme": ["reserve <-> X : 0.4, 0.1", "X -> reserve : 0.3*Ca"], "reserve": "reserve", "released": ["reserve"]}


def pools(**changes: Any) -> Sensor:
    return Sensor(**{"name": "v", "positions": [[0, 0, 0]], **OPEN, **changes})


def binding(y: np.ndarray, calcium: float, k_on: float, k_off: float) -> np.ndarray:
    """Change of five sites with cooperative unbinding, and fusion out of the last state, ms⁻¹."""
    up = np.array([(5 - n) * k_on * calcium * y[n] - (n + 1) * k_off * 0.25**n * y[n + 1] for n in range(5)])
    change = np.append(0.0, up) - np.append(up, 0.0)
    change[5] -= 17.717296 * y[5]
    return change


def sequential(t: float, y: np.ndarray) -> np.ndarray:
    """Model 2 of Eshra et al. 2021: a pool R, docked vesicles with their calcium, and releases."""
    c, r, x = float(np.interp(t, TIMES, TRAIN)), y[0], y[1:7]
    saturated, at_rest = c / (c + 2), 0.227 / 2.227
    filled = (0.1 + 0.8 * saturated) * r - (0.1 + 0.8 * at_rest) * x[0]
    primed = (2.5 + 60 * saturated) / 1000 - (2.5 + 60 * at_rest) / 1000 * r
    change = binding(x, c, 0.511454, 25.572714)
    change[0] += filled
    return np.array([primed - filled, *change, 17.717296 * x[5]])


def parallel(t: float, y: np.ndarray) -> np.ndarray:
    """Model 3: slow vesicles, fast vesicles, and releases."""
    c, s, f = float(np.interp(t, TIMES, TRAIN)), y[:6], y[6:12]
    quickened = (0.5 + 30 * c / (c + 2)) / 1000 * s[0] - (0.5 + 30 * 0.227 / 2.227) / 1000 * f[0]
    slow, fast = binding(s, c, 0.255727, 255.727138), binding(f, c, 0.511454, 25.572714)
    slow[0] += 0.03 - 0.03 * s[0] - quickened
    fast[0] += quickened
    return np.array([*slow, *fast, 17.717296 * (s[5] + f[5])])


@pytest.mark.parametrize(
    ("name", "equations", "states"),
    [
        ("sequential_pools_eshra2021", sequential, ["R", *(f"X{n}" for n in range(6))]),
        ("parallel_pools_eshra2021", parallel, [f"{pool}{n}" for pool in "SF" for n in range(6)]),
    ],
)
def test_pools_of_the_library_follow_the_equations_of_their_paper(name: str, equations: Any, states: list[str]) -> None:
    found = rc.release(name, TIMES, TRAIN, rest=0.227)
    held = found.occupancy.sel(state=states)
    start = np.append(held.isel(time=0), 0.0)
    y = solve_ivp(equations, (0, 20), start, method="LSODA", t_eval=TIMES, rtol=1e-9, atol=1e-13, max_step=0.05).y
    np.testing.assert_allclose(held.values.T, y[:-1], atol=2e-4)
    np.testing.assert_allclose(found.cumulative_release, y[-1], atol=2e-4)
    np.testing.assert_allclose(found.release_probability, 1 - np.exp(-y[-1]), atol=2e-4)
    assert y[-1, -1] > 1


@pytest.mark.parametrize("name", ["sequential_pools_eshra2021", "parallel_pools_eshra2021"])
def test_pools_of_the_library_are_one_at_the_resting_calcium_of_their_paper(name: str) -> None:
    """But for vesicles that have bound calcium, and for what is released at rest."""
    rest = rc.release(name, [0, 1], 0.227, rest=0.227).occupancy.isel(time=0)
    np.testing.assert_allclose(rest.sel(state=["S0", "F0"] if "parallel" in name else ["R", "X0"]), 1.0, rtol=1e-3)
    assert rest.sel(state="reserve") == 1


def test_a_pool_grows_and_shrinks_exponentially() -> None:
    """dx/dt = k - (u + f) x has the solution x∞ + (x0 - x∞) exp(-(u + f) t), however long the step."""
    for times in ([0.0, 3.0], np.linspace(0, 3, 7), [0.0, 1e3]):
        found = rc.release(pools(start={"X": 5.0}), times, 2.0)
        end, rate = 0.4 / 0.7, 0.7
        t = np.array(times)
        expected = end + (5 - end) * np.exp(-rate * t)
        np.testing.assert_allclose(found.occupancy.sel(state="X"), expected, rtol=1e-12)
        released = 0.6 * (end * t + (5 - end) * -np.expm1(-rate * t) / rate)
        np.testing.assert_allclose(found.cumulative_release, released, rtol=1e-12)


def test_rest_is_where_a_pool_gains_as_much_as_it_loses() -> None:
    start = Chain(pools()).start(3.0)
    np.testing.assert_allclose(start, [1.0, 0.4 / (0.1 + 0.9)], rtol=1e-14)


def test_releases_are_a_poisson_process() -> None:
    """Their number in each of two halves of the time, and both together: mean, variance, and no correlation."""
    n, times = 4000, [0.0, 2.0, 4.0]
    found = rc.fusions(pools(), times, [[1.0, 6.0]], rest=1.0, trials=n, seed=3)
    expected = np.diff(rc.release(pools(), times, [[1.0, 6.0]], rest=1.0).cumulative_release, axis=0)
    for trace in (0, 1):
        of = found.isel(fusion=found.trace == trace)
        first, second = (
            np.bincount(of.trial[(of.time > a) & (of.time <= b)], minlength=n + 1)[1:] for a, b in ((0, 2), (2, 4))
        )
        for counts, mean in zip((first, second), expected[:, trace], strict=True):
            assert abs(counts.mean() - mean) < 4 * np.sqrt(mean / n)
            assert abs(counts.var() - mean) < 4 * np.sqrt((mean + 2 * mean**2) / n)
            none = np.exp(-mean)
            assert abs(np.mean(counts == 0) - none) < 4 * np.sqrt(none * (1 - none) / n)
        assert abs(stats.pearsonr(first, second).statistic) < 4 / np.sqrt(n)


def test_there_are_as_many_vesicles_in_each_state_as_are_expected() -> None:
    chain = Chain(rc.sensor("sequential_pools_eshra2021", positions=[[0, 0, 0]]))
    n, start = 3000, np.array([1, 0.8, 2.0, *np.zeros(5)])
    sites = drawn(chain, "v", 2, [1], 1, n)
    sites.begin(start)
    rates = chain.rates(np.array([8.0]))
    for _ in range(3):
        sites.follow([(rates, 0.5), (rates, 0.5)])
    sensor = rc.sensor("sequential_pools_eshra2021", positions=[[0, 0, 0]], start={"R": 0.8, "X0": 2.0})
    y = rc.release(sensor, [0, 3], 8.0).occupancy.values[-1, 1:]
    counts = np.bincount(sites.states[n:], minlength=8)[1:8]
    assert np.all(np.abs(counts - n * y) < 4 * np.sqrt(n * y) + 1)


def test_a_pool_has_the_same_chances_whoever_else_is_drawn_and_whatever_the_steps() -> None:
    few = rc.fusions(pools(), [0, 1, 5], 2.0, vesicles=3, trials=20)
    many = rc.fusions(pools(), [0, 1, 5], 2.0, vesicles=5, trials=40)
    kept = many.isel(fusion=(many.vesicle <= 3) & (many.trial <= 20))
    finer = rc.fusions(pools(), [0, 0.5, 1, 5], 2.0, vesicles=3, trials=20)
    assert len(few.time) > 30
    np.testing.assert_array_equal(few.vesicle, kept.vesicle)
    np.testing.assert_array_equal(few.time, kept.time)
    np.testing.assert_allclose(few.time, finer.time, rtol=1e-12)


def test_a_run_draws_pools_and_goes_on_after_a_stop(tmp_path: Path) -> None:
    sensor = pools(positions=[(0.02, 0.0, 0.005), (0.1, 0.05, 0.01)], fusion="stochastic", vesicles=2)
    model = small_model(chemistry="fixed", sensors=(sensor,), run={"duration": 0.2, "trials": 60})
    whole = rc.run(model, "numpy", out=tmp_path / "whole")
    stops = iter([False] * 30 + [True])
    rc.run(model, "numpy", out=tmp_path / "parts", should_stop=lambda: next(stops))
    rc.resume(tmp_path / "parts", "numpy")
    tables = [(tmp_path / name / "releases.csv").read_text() for name in ("whole", "parts")]
    assert tables[0] == tables[1]
    near = whole.probes["v 1"]
    mean = 2 * 60 * near.cumulative_release.values[-1]
    assert mean > 30
    assert abs(np.sum(whole.releases.sensor == "v 1") - mean) < 4 * np.sqrt(mean)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reserve": "reserv"}, "the reserve 'reserv' is not in the scheme; .*Did you mean 'reserve'"),
        ({"start": {"X": float("nan")}}, "the numbers of vesicles in start are nan; they must not be negative"),
        ({"start": {"reserve": 5}}, "starts with 5 in its reserve 'reserve', which is 1 whatever comes and goes"),
        ({"start": {"X": -1}}, "the numbers of vesicles in start are -1; they must not be negative, nor more"),
        (
            {"scheme": ["X -> fused : 0.3*Ca", "X -> reserve : 1"], "released": ["fused"]},
            "no vesicle goes from 'reserve' to 'X' and back",
        ),
        (
            {"scheme": ["reserve <-> X : 1, 1", "X + Ca <-> C : 1, 1", "C -> reserve : 1"], "binds": True},
            "has pools, whose vesicles bring no calcium of the cytosol with them",
        ),
    ],
)
def test_pools_that_cannot_be_are_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RdcalciumError, match=sentence) as caught:
        pools(**changes)
    assert "\n" not in str(caught.value)
