"""Rows at even times: they say what the run would have said anyway, and nobody who looks changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.advice import check
from rdcalcium.recorders.schedule import every, row_times, snapshot_times

MODEL: dict[str, Any] = {
    "geometry": {"kind": "box", "size": [0.4, 0.4, 0.4]},
    "discretization": {"kind": "grid", "size_at_active_zone": 0.04},
    "buffers": [{"use": "EGTA", "total": "1 mM"}],
    "channels": [
        {
            "name": "bell",
            "positions": [[0, 0]],
            "current": {"kind": "gaussian", "amplitude": 0.2, "peak": 0.3, "width": 0.2},
        },
        {
            "name": "pulse",
            "positions": [[0.1, 0]],
            "current": {"kind": "pulse", "amplitude": 0.1, "start": 0.45, "duration": 0.1},
        },
    ],
    "sensors": [{"name": "vesicle", "use": "schneggenburger_neher2000", "positions": [[0.06, 0, 0.005]]}],
    "probes": [{"name": "far", "position": [0.1, 0.1, 0.2]}],
    "run": {"duration": 0.7},
}
EVERY = 0.01  # ms; the steps are up to some 0.02 ms


def run(folder: Path, tolerance: float = 1e-2, **record: Any) -> rc.Result:
    described = {**MODEL, "run": {"duration": 0.7, "tolerance": tolerance}, "record": record}
    return rc.run(rc.Model(**described), "numpy", folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@pytest.fixture(scope="module")
def even(place: Path) -> rc.Result:
    return run(place / "even", every="10 us")


@pytest.fixture(scope="module")
def at_steps(place: Path) -> rc.Result:
    return run(place / "steps")


def test_there_is_a_row_at_each_of_the_times_and_at_the_end(even: rc.Result) -> None:
    wanted = row_times(rc.Model(**MODEL, record={"every": EVERY}))
    for table in ("probes.csv", "sensors.csv"):
        np.testing.assert_array_equal(even.table(table)["time (ms)"], wanted)
    np.testing.assert_allclose(wanted, EVERY * np.arange(71), atol=1e-15)


def test_looking_at_even_times_changes_neither_steps_nor_results(even: rc.Result, at_steps: rc.Result) -> None:
    """Not by a bit; the peaks are those of all steps, also of those without a row."""
    assert (even.summary.steps, even.summary.evaluations) == (at_steps.summary.steps, at_steps.summary.evaluations)
    assert even.summary.points == at_steps.summary.points
    assert even.summary.points["vesicle"].peak > float(even.probes["vesicle"].calcium.max())


def test_looking_twice_within_a_step_shows_the_same(place: Path) -> None:
    """Rows and snapshots of one step, both between its ends, and the rows alone, and the snapshots alone."""
    both = run(place / "both", every="10 us", snapshots={"every": "7 us", "fields": "all"})
    rows, fields = run(place / "rows alone", every="10 us"), run(place / "fields", snapshots={"every": "7 us"})
    for t in (0.021, 0.301, 0.329, 0.497):
        np.testing.assert_array_equal(both.snapshot(f"{t} ms").calcium, fields.snapshot(f"{t} ms").calcium)
    for name, column in rows.table("probes.csv").items():
        np.testing.assert_array_equal(both.table("probes.csv")[name], column)


def test_snapshots_are_taken_at_the_moments_that_are_asked_for(place: Path, at_steps: rc.Result) -> None:
    """Besides those at rest and at the end, and those at an interval; the steps stay as they are."""
    chosen = run(place / "chosen", snapshots={"every": "0.3 ms", "times": ["0.413 ms", "7 us", 0.3, 0.6 + 1e-12, 99]})
    assert chosen.snapshots.times.tolist() == [0, 0.007, 0.3, 0.413, 0.6, 0.7]
    assert chosen.summary.steps == at_steps.summary.steps
    alone = run(place / "alone", snapshots={"times": ["0.413 ms"]})
    assert alone.snapshots.times.tolist() == [0, 0.413, 0.7]
    np.testing.assert_array_equal(alone.snapshot("0.413 ms").calcium, chosen.snapshot(0.413).calcium)
    assert snapshot_times(rc.Model(**MODEL, record={"snapshots": {"fields": "all"}})).tolist() == [0, 0.7]


def test_a_refused_interval_leaves_the_earlier_run_and_check_tells_of_it(place: Path) -> None:
    run(place / "kept")
    described = rc.Model(**{**MODEL, "record": {"every": 1e-8}})
    for act in (lambda: rc.run(described, "numpy", place / "kept", overwrite=True), lambda: check(described)):
        with pytest.raises(rc.RdcalciumError, match=r"record\.every = 1e-08 ms makes"):
            act()
    assert rc.Result(place / "kept").about.status == "finished"


@pytest.mark.parametrize("trace", ["calcium", "EGTA.bound", "release_probability", "release_rate"])
def test_what_a_row_says_is_as_true_as_the_steps_around_it(
    even: rc.Result, at_steps: rc.Result, place: Path, trace: str
) -> None:
    """Against a run of a hundredth of the tolerance, rows within steps err as little as those at their ends."""
    fine = place / "fine"
    exact = (rc.Result(fine) if fine.exists() else run(fine, 1e-4, every="10 us")).probes["vesicle"][trace]
    scale = float(exact.max())
    true = np.interp(at_steps.probes["vesicle"].time, exact.time, exact)
    at_ends = np.abs(at_steps.probes["vesicle"][trace] - true).max() / scale
    within = np.abs(even.probes["vesicle"][trace].values - exact.values).max() / scale
    assert within < 0.02
    assert within < 1.5 * float(at_ends) + 1e-3


def test_too_many_rows_are_refused() -> None:
    described = rc.Model(**MODEL, record={"every": "1 ps"})
    with pytest.raises(rc.RdcalciumError, match=r"record\.every = 1e-09 ms makes 7e\+08 times in 0\.7 ms; at most"):
        row_times(described)


def test_even_times_are_the_decimals_that_are_meant() -> None:
    """A table is asked for its row at 0.15, not at 0.15000000000000002."""
    assert every(0.05, 0.4, "key").tolist() == [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]
