"""Single vesicles: drawn exactly from their chain, and the same from the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import rdcalcium as rc
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Model, Sensor
from rdcalcium.results import RunFolderError
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.sampled import DRAWN_AT_ONCE, SampledVesicles
from rdcalcium.vesicles.sites import Vesicles
from tests.models import small_model
from tests.support import need_backend

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


def test_too_many_are_refused_before_they_are_drawn() -> None:
    with pytest.raises(RdcalciumError, match=r"sensor 'hop' has 1000 vesicles, drawn in 5000 trials; at most 1e\+06"):
        rc.fusions(HOP, [0, 1], 0.1, vesicles=1000, trials=5000)


def test_none_are_drawn_of_none() -> None:
    with pytest.raises(RdcalciumError, match="vesicles is 0; it is a whole number from 1 on"):
        rc.fusions(HOP, [0, 1], 0.1, vesicles=0)


def terminal(trials: int = 1, **changes: object) -> Model:
    """Two places with three vesicles each, which see a pulse of calcium; the near ones fuse in half of the trials."""
    sensor = Sensor(
        name="v",
        positions=[(0.02, 0.0, 0.005), (0.1, 0.05, 0.01)],
        scheme=["X + Ca <-> XCa : 0.5, 5", "XCa -> fused : 20"],
        vesicles=3,
        fusion="stochastic",
    )
    model = small_model(chemistry="fixed", sensors=(sensor,), run={"duration": 0.2, "trials": trials})
    return model.changed(**changes)


def test_a_run_draws_as_many_fusions_as_it_expects(tmp_path: Path) -> None:
    """In all trials at once, for calcium is the same in each of them; names, numbers and times say which fused when."""
    need_backend("compiled")
    n = 400
    result = rc.run(terminal(n), "compiled", out=tmp_path / "many")
    once = rc.run(terminal(), "compiled", out=tmp_path / "once")
    assert result.summary.steps == once.summary.steps
    for name in ("v 1", "v 2"):
        drawn = result.releases.where(result.releases.sensor == name, drop=True)
        p = result.probes[name].release_probability
        share = np.searchsorted(np.sort(drawn.time), p.time, side="right") / (3 * n)
        within(4, share, p.values, np.sqrt(p.values * (1 - p.values) / (3 * n)) + 1 / n)
        assert len(np.unique(np.stack([drawn.trial, drawn.vesicle]), axis=1).T) == len(drawn.time)
    assert 0.1 < result.summary.points["v 1"].release_probability < 0.9
    assert set(result.releases.vesicle.values) == {1, 2, 3}
    assert result.releases.trial.max() <= n


def test_the_same_vesicles_fuse_on_every_backend_and_after_a_stop(tmp_path: Path) -> None:
    """The times are as alike as calcium is; a run that is stopped in between ends with the same bits."""
    need_backend("compiled")
    described = terminal(20)
    compiled = rc.run(described, "compiled", out=tmp_path / "compiled").releases
    plain = rc.run(described, "numpy", out=tmp_path / "numpy").releases
    assert len(plain.time) > 5
    for key in ("trial", "sensor", "vesicle"):
        np.testing.assert_array_equal(compiled[key], plain[key])
    np.testing.assert_allclose(compiled.time, plain.time, rtol=1e-6)
    stops = iter([False] * 30 + [True])
    rc.run(described, "numpy", out=tmp_path / "parts", should_stop=lambda: next(stops))
    rc.resume(tmp_path / "parts", "numpy")
    whole, parts = ((tmp_path / run / "releases.csv").read_text() for run in ("numpy", "parts"))
    assert whole == parts


def test_a_run_does_not_go_on_without_the_fusions_that_it_has_drawn(tmp_path: Path) -> None:
    stops = iter([False] * 60 + [True])
    rc.run(terminal(20), "numpy", out=tmp_path / "run", should_stop=lambda: next(stops))
    table = tmp_path / "run" / "releases.csv"
    head, _, *others = table.read_text().splitlines(keepends=True)
    table.write_text("".join([head, *others]))
    with pytest.raises(RunFolderError, match=r"of the \d+ releases before the checkpoint"):
        rc.resume(tmp_path / "run", "numpy")


def test_vesicles_are_drawn_in_the_calcium_of_their_trial(tmp_path: Path) -> None:
    """Where channels open by chance, each trial has calcium and fusions of its own; more trials change none of them."""
    need_backend("compiled")
    gate = {"gating": "stochastic", "gate": ["C <-> O : 8, 6"], "open_states": ["O"]}
    current = {"kind": "ohmic", "conductance": "3 pS", "reversal": "50 mV"}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": current, **gate}]
    clamp = {"kind": "voltage_step", "holding": "-20 mV", "steps": [{"level": 0, "start": 0, "duration": 1}]}
    runs = {n: terminal(n, channels=channels, stimulus=clamp) for n in (2, 4)}
    found = {n: rc.run(model, "compiled", out=tmp_path / str(n)).releases for n, model in runs.items()}
    assert len(found[2].time) > 0
    few, many = found[2], found[4].where(found[4].trial <= 2, drop=True)
    np.testing.assert_array_equal(few.time, many.time)
    np.testing.assert_array_equal(few.sensor, many.sensor)
    assert len(np.unique(found[4].trial)) > 1


def test_a_run_without_chance_has_no_releases_to_show(tmp_path: Path) -> None:
    sensor = terminal().sensors[0].changed(fusion="deterministic")
    result = rc.run(terminal().changed(sensors=[sensor]), "numpy", out=tmp_path / "run")
    with pytest.raises(RunFolderError, match='say fusion = "stochastic" of a sensor'):
        result.releases  # noqa: B018
    with pytest.raises(RdcalciumError, match='or fusion = "stochastic" of sensors'):
        terminal(7).changed(sensors=[sensor])
