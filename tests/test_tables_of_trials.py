"""What the tables of a run with several trials hold: whole numbers, names, openings, and the ledger at its times."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.cli.report import _sentences
from rdcalcium.currents import channel_currents
from rdcalcium.model import Model, ModelError, Sensor
from rdcalcium.results import RunFolderError
from rdcalcium.results.folder import OPENINGS, PER_STIMULUS, RELEASES, TRIALS
from rdcalcium.units import AMOUNT_PER_CHARGE
from rdcalcium.view.openings import openings
from tests.models import small_model

CLAMP = {"kind": "voltage_step", "holding": -20, "steps": [{"level": 0, "start": "0.02 ms", "duration": "1 ms"}]}


def terminal(**changes: Any) -> Model:
    """Channels that open and close, some by chance and some when they are told, and vesicles that fuse."""
    current = {"kind": "ohmic", "conductance": "3 pS", "reversal": "50 mV"}
    chance = {"gating": "stochastic", "gate": ["C <-> O : 20, 15"], "open_states": ["O"]}
    told = {"openings": [[[0.02, 0.05]], []], "current": {"kind": "constant", "amplitude": 0.1}}
    channels = [
        {"name": "by chance", "positions": [[0, 0], [0.05, 0]], "current": current, **chance},
        {"name": "told", "positions": [[0, 0.05], [0.05, 0.05]], **told},
    ]
    scheme = ["X + Ca <-> XCa : 0.5, 5", "XCa -> fused : 20"]
    sensor = Sensor(name="v", positions=[(0.02, 0, 0), (0.05, 0.03, 0)], scheme=scheme, vesicles=3, fusion="stochastic")
    model = small_model(chemistry="fixed", sensors=(sensor,), channels=channels, stimulus=CLAMP)
    run = {"duration": 0.1, "trials": 3, "seed": 4}
    return model.changed(**{"run": run, "record": {"openings": True, "snapshots": {"every": 0.03}}, **changes})


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> rc.Result:
    return rc.run(terminal(), "numpy", tmp_path_factory.mktemp("trials") / "run")


def test_counts_are_whole_numbers_and_sensors_have_their_names(result: rc.Result) -> None:
    rows = (result.folder / RELEASES).read_text().splitlines()[1:]
    assert len(rows) > 3
    assert all(re.fullmatch(r"[123],[\d.e-]+,v [12],[123]", row) for row in rows)
    assert set(result.releases.sensor.values) <= {"v 1", "v 2"}
    assert result.releases.trial.dtype.kind == "i"
    per_stimulus = (result.folder / PER_STIMULUS).read_text().splitlines()[1:]
    assert [row.partition(",")[0] for row in per_stimulus] == ["1", "2", "3"]
    trials = (result.folder / TRIALS).read_text().splitlines()
    first = dict(zip(trials[0].split(","), trials[1].split(","), strict=True))
    assert first["told: channels that opened"] == first["told: openings"] == "1"


def test_every_opening_of_every_trial_is_told(result: rc.Result) -> None:
    """Those that the gate draws with this seed, cut off at both ends of the run."""
    for trial in (1, 2, 3):
        by_chance, _ = channel_currents(terminal()).openings(4, trial)
        assert by_chance is not None
        found = result.openings.where(result.openings.trial == trial, drop=True)
        mine = found.where(found.channels == "by chance", drop=True)
        inside = by_chance.within(0.1)
        np.testing.assert_array_equal(mine.channel, inside.channel + 1)
        np.testing.assert_array_equal(mine.time, inside.opened.clip(0))
        np.testing.assert_array_equal(mine.closes, inside.closed.clip(max=0.1))
        other = found.where(found.channels == "told", drop=True)
        assert set(mine.gating.values.tolist()) | {*other.gating.values.tolist()} == {"stochastic", "prescribed"}
        assert (other.channel.values.tolist(), other.time.values.tolist(), other.closes.values.tolist()) == (
            [1],
            [0.02],
            [0.05],
        )


def test_openings_go_on_after_a_stop_and_not_without_those_before(result: rc.Result, tmp_path: Path) -> None:
    """In the middle of the second trial."""
    steps = int(1.5 * result.summary.steps / 3)
    stops = iter([False] * steps + [True])
    rc.run(terminal(), "numpy", tmp_path / "run", should_stop=lambda: next(stops))
    assert rc.Result(tmp_path / "run").summary.trials == 1
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    for name in (PER_STIMULUS, OPENINGS):
        (tmp_path / "copy" / name).unlink()
        with pytest.raises(RunFolderError, match=rf"there is no whole .*{name}"):
            rc.resume(tmp_path / "copy", "numpy")
        shutil.copy(tmp_path / "run" / name, tmp_path / "copy")
    rc.resume(tmp_path / "run", "numpy")
    for name in (OPENINGS, RELEASES, TRIALS, PER_STIMULUS, "ledger.csv"):
        assert (tmp_path / "run" / name).read_text() == (result.folder / name).read_text()


def test_openings_that_nobody_asked_for_are_not_there(tmp_path: Path) -> None:
    quiet = terminal(run={"duration": 0.01}, record={})
    with pytest.raises(RunFolderError, match=r"say \[record\] openings = true"):
        rc.run(quiet, "numpy", tmp_path / "run").openings  # noqa: B018
    with pytest.raises(ModelError, match="asks when channels open, and none opens by itself: leave it out"):
        small_model(record={"openings": True})


def test_the_ledger_is_that_of_the_times_of_the_snapshots(result: rc.Result) -> None:
    """Not of the ends of steps: what entered through a channel that is told when to open is known at every moment."""
    ledger = result.ledger
    np.testing.assert_array_equal(ledger["trial"], np.repeat([1, 2, 3], 5))
    np.testing.assert_array_equal(ledger["time (ms)"], np.tile([0, 0.03, 0.06, 0.09, 0.1], 3))
    assert ledger["relative error"].max() < 1e-12
    told = terminal().channels[1]
    alone = terminal(channels=[told], stimulus=None, sensors=(), run={"duration": 0.1})
    found = rc.run(alone, "numpy", result.folder.parent / "told").ledger
    entered = 0.1 * AMOUNT_PER_CHARGE * np.clip(found["time (ms)"] - 0.02, 0, 0.03)
    np.testing.assert_allclose(found["entered (uM um^3)"], entered, rtol=1e-12, atol=1e-15)
    assert found["relative error"].max() < 1e-12


def test_a_run_says_of_which_trial_its_snapshots_are(result: rc.Result) -> None:
    assert result.snapshots.trial == result.snapshot(0.1).attrs["trial"] == 1
    said = " ".join(_sentences(result))
    assert "snapshots and their pictures are of trial 1, ledger.csv has rows of every one" in said


def test_the_openings_of_the_first_trials_are_drawn(result: rc.Result, tmp_path: Path) -> None:
    drawn = openings(result.folder, tmp_path / "openings.png")
    assert drawn.stat().st_size > 5000
