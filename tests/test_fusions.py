"""Single vesicles: drawn exactly from their chain, and the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import rdcalcium as rc
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Sensor
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.sampled import DRAWN_AT_ONCE, SampledVesicles
from rdcalcium.vesicles.sites import Vesicles

TIMES = np.linspace(0, 3, 301)
SPIKE = 0.05 + 25 * np.exp(-(((TIMES - 1) / 0.3) ** 2))
HOP = Sensor(name="hop", positions=[[0, 0, 0]], scheme=["X -> fused : 0.7"])
CYCLE = Sensor(name="cycle", positions=[[0, 0, 0]], scheme=["X -> fused : 0.03*Ca", "fused -> X : 0.4"])


def within(sd: float, found: np.ndarray, expected: np.ndarray, error: np.ndarray) -> None:
    assert np.all(np.abs(found - expected) <= sd * error + 1e-12)


def test_waiting_times_are_exponential() -> None:
    drawn = rc.fusions(HOP, [0, 4, 40], 0.1, vesicles=4000)
    assert len(drawn.time) == 4000
    assert stats.kstest(drawn.time, stats.expon(scale=1 / 0.7).cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", ["schneggenburger_neher2000", "felmy2003"])
def test_as_many_fuse_until_each_time_as_are_expected(name: str) -> None:
    """Within four standard deviations of a binomial distribution, at every tenth time, under a spike of calcium."""
    n = 4000
    expected = rc.release(name, TIMES, SPIKE).release_probability.values[::10]
    drawn = rc.fusions(name, TIMES, SPIKE, vesicles=n)
    share = np.searchsorted(drawn.time.values, TIMES[::10], side="right") / n
    within(4, share, expected, np.sqrt(expected * (1 - expected) / n) + 1 / n)
    assert expected[-1] > 0.05


def test_states_are_as_often_drawn_as_they_are_occupied() -> None:
    chain, n = Chain(rc.sensor("felmy2003", positions=[[0, 0, 0]])), 4000
    vesicles, drawn = Vesicles(chain), SampledVesicles(chain, "v", 1, [1], 2, n)
    y, course = vesicles.start(2.0, 2), tuple(np.array([low, 3 * low]) for low in (2.0, 9.0, 6.0))
    drawn.begin(chain.start(2.0))
    for _ in range(3):
        y = vesicles.after(y, course, 0.2)
        drawn.follow([*vesicles.stretches(course, 0.2)])
    for position in (0, 1):
        states = drawn.states[drawn.place == position]
        share = np.bincount(states, minlength=len(chain.states)) / n
        p = vesicles.occupancy(y)[:, position]
        within(4, share, p, np.sqrt(p * (1 - p) / n) + 1 / n)


def test_sites_that_are_refilled_fuse_again() -> None:
    n, times = 3000, [0.0, 1.0, 6.0]
    expected = rc.release(CYCLE, times, 10.0).cumulative_release.values[-1]
    drawn = rc.fusions(CYCLE, times, 10.0, trials=n)
    counts = np.bincount(drawn.trial.values, minlength=n + 1)[1:]
    assert counts.max() > 2
    assert abs(counts.mean() - expected) < 4 * counts.std() / np.sqrt(n)


def test_a_site_has_the_same_chances_whoever_else_is_drawn() -> None:
    few = rc.fusions("felmy2003", TIMES, SPIKE, vesicles=3, trials=20, seed=5)
    many = rc.fusions("felmy2003", TIMES, SPIKE, vesicles=7, trials=40, seed=5)
    kept = many.isel(fusion=(many.vesicle <= 3) & (many.trial <= 20))
    assert len(few.time) > 0
    for key in ("trial", "vesicle", "time"):
        np.testing.assert_array_equal(few[key], kept[key])
    other = rc.fusions("felmy2003", TIMES, SPIKE, vesicles=3, trials=20, seed=6)
    assert not np.array_equal(other.time, few.time)


def test_sites_go_on_from_where_they_were_saved() -> None:
    """At any number of draws, before and after the ends of what is drawn at once."""
    chain = Chain(CYCLE)
    stretch = [(Chain(CYCLE).rates(np.array([30.0])), 2.0)]
    whole, parts = (SampledVesicles(chain, "v", 3, [2], 1, 50) for _ in range(2))
    for sites in (whole, parts):
        sites.begin(chain.start(0.05))
    for _ in range(3 * DRAWN_AT_ONCE):
        whole.follow(stretch)
        saved = parts.saved()
        parts = SampledVesicles(chain, "v", 3, [2], 1, 50)
        parts.restore(saved)
        parts.follow(stretch)
        np.testing.assert_array_equal(whole.fusions().time, parts.fusions().time)
        np.testing.assert_array_equal(whole.fusions().vesicle, parts.fusions().vesicle)


def test_none_are_drawn_of_none() -> None:
    with pytest.raises(RdcalciumError, match="0 vesicles in 1 trials are none to draw"):
        rc.fusions(HOP, [0, 1], 0.1, vesicles=0)
