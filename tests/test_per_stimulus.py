"""What each stimulus of a train brings."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.model import Sensor
from rdcalcium.recorders.stimuli import Stimuli
from rdcalcium.results import RunFolderError
from rdcalcium.results.csv_table import CsvTable, read_table
from rdcalcium.results.per_stimulus import PerStimulusTable, add_counts, counts_between
from rdcalcium.runner.beginnings import beginnings
from tests.models import small_model
from tests.support import StopAfter, assert_same_tables, need_backend


def test_release_and_peaks_are_divided_between_the_stimuli(tmp_path: Path) -> None:
    """F is 0.1, then 0.3, then 0.7, at 1, 3 and 4 ms; calcium has peaks at 1.5 and 3.5 ms, and rises when it ends."""
    sensor = Sensor(name="v", positions=[(0.02, 0.0, 0.005)], scheme=["X + Ca -> fused : 0.5"])
    model = small_model(chemistry="fixed", probes=(), sensors=(sensor,))
    stimuli = Stimuli([3.0, 1.0, 1.0 + 1e-10, 9.0], 4.0, points=1, columns=2)
    for t, calcium in ((0, 9), (1, 1), (1.5, 8), (2, 2), (3, 2), (3.5, 5), (4, 4)):
        stimuli.look(t, np.array([float(calcium)]))
    stimuli.released[:, 1] = 0.1, 0.3, 0.7
    table = PerStimulusTable(tmp_path, model, 2)
    table.write(1, stimuli.begins, stimuli.peaks, stimuli.released)
    table.close()
    head, *rows = (tmp_path / "per_stimulus.csv").read_text().splitlines()
    assert head == "time (ms),v: peak Ca (uM),v: time of peak (ms),v: releases,v: first release probability"
    expected = [[1, 8, 1.5, 0.2, 0.2 / 0.9], [3, 5, 3.5, 0.4, 0.4 / 0.7]]
    np.testing.assert_allclose(np.loadtxt(rows, delimiter=","), expected)


@pytest.mark.parametrize("refills", [False, True])
def test_the_stimuli_of_a_run_share_its_release(tmp_path: Path, refills: bool) -> None:
    need_backend("compiled")
    scheme = ["X + Ca <-> XCa : 0.5, 5", "XCa -> fused : 20", *(["fused -> X : 3"] * refills)]
    sensor = Sensor(name="v", positions=[(0.02, 0.0, 0.005)], scheme=scheme)
    current = {"kind": "gaussian", "amplitude": 0.1, "width": 0.03, "peak": 0.05}
    train = {"kind": "regular", "rate": "10000 Hz", "count": 3}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": {**current, "train": train}}]
    model = small_model(chemistry="fixed", sensors=(sensor,), channels=channels)
    result = rc.run(model, "compiled", out=tmp_path / "run")
    seen, whole = result.per_stimulus["v"], result.summary.points["v"]
    assert len(seen.time) == 3
    total = whole.cumulative_release if refills else whole.release_probability
    before = np.interp(seen.time[0], result.probes["v"].time, result.probes["v"].release_probability)
    assert seen.releases.sum() + before == pytest.approx(total, rel=1e-5)  # straight lines between steps tell no more
    assert 1 - (1 - before) * np.prod(1 - seen.first_release_probability) == pytest.approx(
        whole.release_probability, rel=1e-5
    )
    assert seen.peak_calcium.max() == pytest.approx(whole.peak, rel=1e-9)


def test_nothing_begins_where_a_current_is_constant(tmp_path: Path) -> None:
    result = rc.run(small_model(chemistry="fixed", run={"duration": 0.01}), "numpy", out=tmp_path / "run")
    with pytest.raises(RunFolderError, match="no stimulus begins in it"):
        result.per_stimulus  # noqa: B018


TWICE = {
    "kind": "pulse",
    "amplitude": 0.1,
    "start": 0.02,
    "duration": 0.005,
    "train": {"kind": "list", "times": [0, 0.05]},
}


def in_coarse_cells(**changes: Any) -> rc.Model:
    """Two brief pulses of current in a few cells, whose rows are few."""
    cells = {"kind": "grid", "size_at_active_zone": 0.05}
    channels = [{"name": "Ca", "positions": [[0, 0]], "current": TWICE}]
    return small_model(discretization=cells, chemistry="fixed", channels=channels, run={"duration": 0.1}, **changes)


def test_peaks_of_stimuli_are_those_of_all_steps_however_rare_the_rows_are(tmp_path: Path, backend: str) -> None:
    rare = rc.run(in_coarse_cells(record={"every": 0.06}), backend, tmp_path / "rare").per_stimulus["near"]
    each = rc.run(in_coarse_cells(), backend, tmp_path / "each")
    assert rare.equals(each.per_stimulus["near"])
    trace = each.probes["near"].calcium
    for begin, end, peak, at in zip(rare.time, (0.07, 0.1), rare.peak_calcium, rare.time_of_peak, strict=True):
        inside = trace[(trace.time >= begin - 1e-9) & (trace.time <= end + 1e-9)]
        assert (peak, at) == (inside.max(), inside.idxmax())


def test_a_stopped_run_forgets_no_peak(tmp_path: Path) -> None:
    model = in_coarse_cells(record={"every": 0.06})
    whole = rc.run(model, "numpy", tmp_path / "whole")
    result = rc.run(model, "numpy", tmp_path / "parts", should_stop=StopAfter(30))
    assert 0.03 < result.summary.time < 0.07
    rc.resume(tmp_path / "parts")
    assert_same_tables(whole.folder, tmp_path / "parts")


def test_everything_that_is_said_to_begin_begins_a_row() -> None:
    cage = {"use": "DM_nitrophen_faas2005", "total": "1 mM"}
    flashes = [{"time": t, "cage": "DM_nitrophen_faas2005", "efficiency": 0.1} for t in (0.5, 0.1)]
    pore, constant = {"positions": [[0, 0]]}, {"kind": "constant", "amplitude": 0.1}
    bell = {"kind": "gaussian", "amplitude": 0.1, "peak": 1, "width": 0.25}
    channels = [
        {**pore, "name": "bell", "current": bell},
        {**pore, "name": "told", "current": constant, "openings": [[0.2, 0.3], [0.6, 0.7]]},
        {"name": "each by itself", "positions": [[0, 0], [0, 0.1]], "current": constant, "openings": [[[0.4, 1]], []]},
        {**pore, "name": "always", "current": constant},
    ]
    steps = {"kind": "voltage_step", "holding": -70, "steps": [{"level": 0, "start": 2, "duration": 1}]}
    rows = ((1.5, 0.1), (1.5, 0.6), (2.5, 0.2), (2.6, 0.2), (3.5, 0.1), (4.5, 0.1))
    ip3 = [[t, f"{level} uM"] for t, level in rows]
    transports = [
        {"use": "SERCA_li_rinzel1994", "name": "SERCA", "parameters": {"V_max": "2e-3 uM*um/ms"}},
        {"use": "IP3R_li_rinzel1994", "name": "IP3R", "parameters": {"P": "1e-4 um/ms"}, "over_time": {"IP3": ip3}},
    ]
    stores = [{"name": "ER", "surface": "vesicles", "volume": 1e-4, "rest": 100, "transports": transports}]
    model = small_model(buffers=[cage], flashes=flashes, channels=channels, stimulus=steps, stores=stores)
    assert beginnings(model) == {
        "stimulus (ms)": [2],
        "bell (ms)": [0.75],
        "told (ms)": [0.2, 0.6],
        "flash of DM_nitrophen_faas2005 (ms)": [0.5, 0.1],
        "IP3 of IP3R (ms)": [1.5, 2.6],
    }


def test_currents_of_channels_called_stimulus_begin_beside_the_voltage() -> None:
    bell = {"kind": "gaussian", "amplitude": 0.1, "peak": 1, "width": 0.25}
    steps = {"kind": "voltage_step", "holding": -70, "steps": [{"level": 0, "start": 2, "duration": 1}]}
    channels = [{"name": "stimulus", "positions": [[0, 0]], "current": bell}]
    assert beginnings(small_model(channels=channels, stimulus=steps)) == {"stimulus (ms)": [2, 0.75]}


def test_failures_and_the_variance_of_counts_are_those_of_the_vesicles_that_fused(tmp_path: Path) -> None:
    """Of four trials; what fuses before the first stimulus is no answer to any."""
    trial, time = np.array([1, 1, 1, 2, 4, 4]), np.array([0.5, 1.2, 2.9, 1.5, 3.0, 3.5])
    begins = np.array([1.0, 3.0])
    assert counts_between(begins, trial, time, 4).tolist() == [[2, 0], [1, 0], [0, 0], [0, 2]]
    write(tmp_path / "per_stimulus.csv", ["time (ms)"], begins[:, None])
    fused = [[k, t, "v", 1] for k, t in zip(trial.tolist(), time.tolist(), strict=True)]
    write(tmp_path / "releases.csv", ["trial", "time (ms)", "sensor", "vesicle"], fused)
    sensor = Sensor(name="v", positions=[(0.02, 0, 0)], scheme=["X + Ca -> fused : 0.5"], fusion="stochastic")
    add_counts(tmp_path, small_model(sensors=[sensor], run={"duration": 4, "trials": 4}))
    text = (tmp_path / "per_stimulus.csv").read_text().splitlines()
    assert text[0] == ("time (ms),all sensors: failures,all sensors: mean fusions,all sensors: variance of fusions")
    expected = [[1, 0.5, 0.75, np.var([2, 1, 0, 0], ddof=1)], [3, 0.75, 0.5, 1]]
    np.testing.assert_allclose(np.loadtxt(text[1:], delimiter=","), expected)


def test_no_row_is_missing_at_any_moment_while_failures_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed meanwhile goes on from rows that are all there."""
    path, put = tmp_path / "per_stimulus.csv", os.replace
    write(path, ["time (ms)"], [[1.0], [3.0]])
    write(tmp_path / "releases.csv", ["trial", "time (ms)", "sensor", "vesicle"], [[1, 1.2, "v", 1]])
    seen = []

    def looking(old: Path, new: Path) -> None:
        put(old, new)
        seen.append(path.read_text().count("\n"))

    monkeypatch.setattr(os, "replace", looking)
    sensor = Sensor(name="v", positions=[(0.02, 0, 0)], scheme=["X + Ca -> fused : 0.5"], fusion="stochastic")
    add_counts(tmp_path, small_model(sensors=[sensor], run={"duration": 4, "trials": 4}))
    assert seen == [3]


def write(path: Path, headings: list[str], rows: Iterable[Any]) -> None:
    table = CsvTable(path, headings)
    for row in rows:
        table.append(row)
    table.close()


@pytest.mark.parametrize("sites", [3, 30])
def test_failures_are_those_of_independent_vesicles(tmp_path: Path, sites: int) -> None:
    """With n vesicles that fuse with probability p the share of failures is (1 - p)ⁿ, the variance n p (1 - p)."""
    sensor = Sensor(
        name="v", positions=[(0.02, 0, 0)], scheme=["X + Ca -> fused : 0.5"], vesicles=sites, fusion="stochastic"
    )
    model = in_coarse_cells(sensors=(sensor,)).changed(run={"duration": 0.1, "trials": 2000})
    result = rc.run(model, "numpy", tmp_path / "run")
    seen, all_sensors = result.per_stimulus["v"], result.per_stimulus["all sensors"]
    p = seen.releases.values
    assert np.all(p > 0.01)
    for found, expected, spread in (
        (all_sensors.failures, (1 - p) ** sites, np.sqrt((1 - p) ** sites * (1 - (1 - p) ** sites))),
        (all_sensors.mean_fusions, sites * p, np.sqrt(sites * p * (1 - p))),
        (all_sensors.variance_of_fusions, sites * p * (1 - p), np.sqrt(3) * sites * p * (1 - p)),
    ):
        assert np.all(np.abs(found - expected) < 4 * spread / np.sqrt(2000))
    assert result.summary.drawn_failures == pytest.approx(1 - len(np.unique(result.releases.trial)) / 2000)
    assert result.summary.drawn in f"{result.summary}"


def test_failures_are_to_be_expected_where_channels_alone_are_drawn(tmp_path: Path) -> None:
    """In three trials two sensors of one and of two vesicles release with p and q: a mixture of binomial numbers."""
    p, q = np.array([0.1, 0.5, 0.2]), np.array([0.3, 0.0, 0.6])
    gate = {"gating": "stochastic", "gate": ["C <-> O : 20, 15"], "open_states": ["O"]}
    channels = [
        {"name": "Ca", "positions": [[0, 0]], "current": {"kind": "ohmic", "conductance": 2e-3, "reversal": 50}}
    ]
    clamp = {"kind": "voltage_step", "holding": -20, "steps": [{"level": 0, "start": 0.02, "duration": 1}]}
    sensors = [Sensor(name=name, positions=[(0.02, 0, 0)], scheme=["X + Ca -> fused : 0.5"], vesicles=n)
               for name, n in (("one", 1), ("two", 2))]  # fmt: skip
    model = small_model(
        sensors=sensors, channels=[{**channels[0], **gate}], stimulus=clamp, run={"duration": 1, "trials": 3}
    )
    headings = ["trial", "time (ms)", "one: releases", "two: releases"]
    write(tmp_path / "per_stimulus.csv", headings, [[i + 1, 0.02, p[i], q[i]] for i in range(3)])
    add_counts(tmp_path, model)
    table = read_table(tmp_path / "per_stimulus.csv")
    chances = [[(1 - a) * (1 - b) ** 2, a * (1 - b) ** 2 + (1 - a) * 2 * b * (1 - b),
                a * 2 * b * (1 - b) + (1 - a) * b**2, a * b**2] for a, b in zip(p, q, strict=True)]  # fmt: skip
    of = np.arange(4.0)
    means = chances @ of
    within = np.mean([c @ (of - m) ** 2 for c, m in zip(np.array(chances), means, strict=True)])
    assert table["all sensors: failures"] == pytest.approx(np.mean(np.array(chances)[:, 0]))
    assert table["all sensors: mean fusions"] == pytest.approx(np.mean(means))
    assert table["all sensors: variance of fusions"] == pytest.approx(within + np.var(means, ddof=1))
