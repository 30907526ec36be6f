"""Several trials of one model in one run folder: alike on average, each its own, and nothing lost where they stop."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import library, runner
from rdcalcium.cli import report
from rdcalcium.cli.progress import in_words
from rdcalcium.model import Channels, Model, ModelError, Probe, Sensor, write_toml
from rdcalcium.results import Result, RunFolderError
from rdcalcium.results.csv_table import read_table
from rdcalcium.runner import Progress
from rdcalcium.runner.outcome import drawn_failures, failures, over_trials
from rdcalcium.simulation import Simulation
from rdcalcium.stepping import device
from rdcalcium.units import AMOUNT_PER_CHARGE, IONS_PER_AMOUNT
from rdcalcium.view import figures
from rdcalcium.view.canvas import new_figure
from rdcalcium.view.curves import curve
from rdcalcium.view.run_folder import RunFolder
from tests.models import small_model
from tests.support import StopAfter, fresh, rdcalcium

pytestmark = pytest.mark.filterwarnings("ignore::rdcalcium.ModelWarning")
TRIALS = 3


def described(trials: int = TRIALS, **run: object) -> Model:
    """Six channels that open by themselves around two sensors, and a probe."""
    angles = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    ring = tuple((0.04 * float(np.cos(a)), 0.04 * float(np.sin(a))) for a in angles)
    return small_model(
        chemistry="fixed",
        channels=(Channels(name="Cav", use="calyx_borst_sakmann1998", positions=ring, gating="stochastic"),),
        stimulus=library.load("keller2015").stimulus,
        sensors=(Sensor(name="vesicle", use="felmy2003_keller2015", positions=((0, 0, 0.002), (0.02, 0, 0.002))),),
        probes=(Probe(name="far", position=(-0.1, 0.1, 0.1)),),
        discretization={"size_at_active_zone": 0.025, "size_in_bulk": 0.1},
        run={"duration": 1.0, "trials": trials, "seed": 8, **run},
        record={"every": 0.05},
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """All trials, run in one go."""
    return runner.run(described(), "compiled", tmp_path_factory.mktemp("trials") / "run")


def assert_alike(a: Path, b: Path) -> None:
    """Every table to its last digits: what is seen within the first step of a call is added up in another order."""
    for path in sorted({*a.glob("*.csv")} - {a / "distances.csv"}):
        ours, theirs = read_table(path), read_table(b / path.name)
        for heading, values in ours.items():
            np.testing.assert_allclose(
                theirs[heading], values, rtol=1e-12, atol=1e-12, err_msg=f"{path.name}: {heading}"
            )


def test_every_trial_is_that_of_its_number_run_alone(result: Result) -> None:
    """The peaks of the second trial, from a simulation that begins with it."""
    alone = fresh(described())
    alone.begin(2)
    seen = []
    alone.run(lambda moment: seen.append(moment.values[0]))  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(result.trials.peak_calcium.sel(trial=2), np.max(seen, axis=0))
    probability = np.concatenate([sensor.probability() for sensor in alone.sensors])
    np.testing.assert_array_equal(result.trials.release_probability.sel(trial=2), probability)
    assert 2 * alone.steps < result.summary.steps < 4 * alone.steps  # those of all three


def test_trials_differ_and_their_traces_lie_over_trial_and_time(result: Result) -> None:
    calcium = result.probes["vesicle 1"].calcium
    assert calcium.dims == ("trial", "time")
    assert calcium.shape == (TRIALS, 21)
    assert calcium.attrs["units"] == "uM"
    np.testing.assert_allclose(calcium.time, np.arange(21) * 0.05, atol=1e-12)
    np.testing.assert_array_equal(calcium.trial, np.arange(1, TRIALS + 1))
    assert len(np.unique(calcium[:, -1])) == TRIALS
    np.testing.assert_array_equal(calcium[:, 0], [calcium[0, 0]] * TRIALS)
    last = result.probes["vesicle 1"].release_probability[:, -1]
    np.testing.assert_allclose(last, result.trials.release_probability.sel(sensor="vesicle 1"), rtol=1e-12)


def test_what_came_of_a_trial_fits_its_traces(result: Result) -> None:
    trials, ledger = result.trials, result.ledger
    assert trials.sizes["trial"] == TRIALS
    np.testing.assert_allclose(trials.ions, trials.charge * AMOUNT_PER_CHARGE * IONS_PER_AMOUNT)
    ends = ledger["time (ms)"] == 1.0
    np.testing.assert_allclose(ledger["entered (uM um^3)"][ends] * IONS_PER_AMOUNT, trials.ions)
    assert float(trials.relative_error.max()) < 1e-12
    highest = result.probes["far"].calcium.max("time")
    np.testing.assert_allclose(trials.peak_calcium.sel(point="far"), highest, rtol=0.02)
    open_now = result.stimulus["Cav: open channels"].reshape(TRIALS, -1)
    assert np.all(open_now.max(axis=1) <= trials.channels_that_opened[:, 0])
    assert np.all(trials.channels_that_opened <= trials.openings)
    assert np.all(trials.channels_that_opened <= 6)
    flows = open_now[:, -1] * 2.07e-3 * (61.8 - result.stimulus["voltage (mV)"].reshape(TRIALS, -1)[:, -1])
    np.testing.assert_allclose(-result.stimulus["Cav: current (pA)"].reshape(TRIALS, -1)[:, -1], flows, rtol=1e-3)


def test_failures_count_every_site_and_those_that_are_refilled_too() -> None:
    """A position of three sites fails where all three do."""
    sensors = (
        Sensor(use="refilled_keller2015", name="pool", positions=((0, 0, 0),), vesicles=3),
        Sensor(use="felmy2003", name="v", positions=((0, 0, 0), (0.1, 0, 0))),
    )
    simulation = cast("Simulation", SimpleNamespace(model=SimpleNamespace(sensors=sensors)))
    chances = {"pool": [0.1, 0.2], "v 1": [0.5, 0.5], "v 2": [0.0, 0.3]}
    trials = {f"{name}: release probability": np.array(p) for name, p in chances.items()}
    assert failures(simulation, trials) == pytest.approx((0.9**3 * 0.5 + 0.8**3 * 0.5 * 0.7) / 2)


@pytest.mark.parametrize(("complete", "share"), [(0, None), (1, 0.0), (2, 0.5), (3, 1 / 3)])
def test_failures_of_drawn_vesicles_are_counted_in_complete_trials(complete: int, share: float | None) -> None:
    """Vesicles fuse in the first trial, and in the third and fourth."""
    fused = {"trial": np.array([1.0, 1.0, 3.0, 4.0])}
    assert drawn_failures(described(4), fused, complete) == (share if share is None else pytest.approx(share))
    assert drawn_failures(described(4), {}, complete) is None
    assert drawn_failures(described(1), fused, complete) is None


@pytest.mark.parametrize(("peaks", "sd"), [([3.0, 5.0], 2**0.5), ([3.0], None)])
def test_one_trial_alone_has_no_standard_deviation(peaks: list[float], sd: float | None) -> None:
    simulation = cast("Simulation", SimpleNamespace(model=SimpleNamespace(watched={"far": (0, 0, 0)})))
    trials = {f"far: {heading}": np.array(peaks) for heading in ("peak Ca (uM)", "time of peak (ms)")}
    point = over_trials(simulation, trials)["far"]
    assert point.peak == np.mean(peaks)
    assert point.peak_sd == (None if sd is None else pytest.approx(sd))
    assert ("±" in report._with_spread(point.peak, point.peak_sd)) == (sd is not None)


def test_the_summary_tells_means_standard_deviations_and_failures(result: Result) -> None:
    chance = result.trials.release_probability
    point = result.summary.points["vesicle 2"]
    assert point.release_probability == pytest.approx(float(chance[:, 1].mean()))
    assert point.release_probability_sd == pytest.approx(float(chance[:, 1].std(ddof=1)))
    assert point.peak_sd == pytest.approx(float(result.trials.peak_calcium[:, 1].std(ddof=1)))
    assert result.summary.failures == pytest.approx(float((1 - chance).prod("sensor").mean()))
    assert result.summary.trials == TRIALS
    assert len(result.snapshots.times) == 2  # those of the first trial


def test_the_mean_of_trials_is_drawn_with_its_spread(result: Result, tmp_path: Path) -> None:
    run = RunFolder(result.folder)
    first = [result.probes[f"vesicle {i}"].calcium[0] for i in (1, 2)]
    highest = max(first, key=lambda trace: float(trace.max()))
    assert run.peak_time() == highest.time[highest.argmax()]
    drawn = new_figure((1, 1)).subplots()
    (line,) = curve(drawn, [0.0, 1.0], np.array([[1.0, 10.0], [3.0, 1.0]]), color="k")
    np.testing.assert_array_equal(line.get_ydata(), [2.0, 5.5])
    assert drawn.collections[0].get_datalim(drawn.transData).ymin == 1.0
    assert figures.traces(result.folder, tmp_path / "traces.svg").stat().st_size > 10_000


def test_a_run_that_stops_within_any_trial_goes_on_with_the_same_numbers(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "AWAY", 0.0)  # asked after every step whether to stop
    parts = runner.run(described(), "compiled", tmp_path / "run", should_stop=StopAfter(1))
    stops = 0
    while parts.about.status == "interrupted":
        parts = runner.resume(tmp_path / "run", should_stop=StopAfter(57))
        stops += 1
    assert stops > TRIALS
    assert_alike(result.folder, tmp_path / "run")
    for name in ("points", "failures", "trials", "ledger", "steps", "rejected", "evaluations", "lowest"):
        assert getattr(parts.summary, name) == getattr(result.summary, name), name
    monkeypatch.undo()


def test_a_run_that_stops_between_two_trials_keeps_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = described(2, duration=0.6)
    whole = runner.run(short, "compiled", tmp_path / "whole")

    class AtTheEnd:
        """Asks to stop when a trial is at its end."""

        def __init__(self) -> None:
            self.ended = False

        def __call__(self) -> bool:
            return self.ended

    wish = AtTheEnd()
    original = runner.execution.Recording.end_trial
    monkeypatch.setattr(
        runner.execution.Recording, "end_trial", lambda self: (original(self), setattr(wish, "ended", True))
    )
    half = runner.run(short, "compiled", tmp_path / "half", should_stop=wish)
    monkeypatch.undo()
    assert half.about.status == "interrupted"
    assert half.summary.trials == 1
    assert half.trials.sizes["trial"] == 1
    runner.resume(tmp_path / "half")
    assert_alike(whole.folder, tmp_path / "half")


def test_a_resumed_run_misses_no_row_of_an_earlier_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "AWAY", 0.0)
    runner.run(described(), "compiled", tmp_path / "run", should_stop=StopAfter(200))
    for name in ("trials.csv", "probes.csv"):
        table = tmp_path / "run" / name
        text = table.read_text()
        rows = text.splitlines(keepends=True)
        table.write_text("".join([rows[0], *rows[2:]]))
        with pytest.raises(RunFolderError, match=f"{name} lacks rows"):
            runner.resume(tmp_path / "run")
        table.write_text(text)
    assert runner.resume(tmp_path / "run").about.status == "finished"


def test_one_trial_leaves_the_tables_as_they_were(tmp_path: Path) -> None:
    one = runner.run(described(1), "compiled", tmp_path / "run")
    assert not (tmp_path / "run" / "trials.csv").exists()
    assert next(iter(one.table("probes.csv"))) == "time (ms)"
    assert one.probes["far"].calcium.dims == ("time",)
    assert one.summary.trials is None
    with pytest.raises(RunFolderError, match="has one trial; say"):
        _ = one.trials


def test_without_record_every_trials_are_written_at_200_times(tmp_path: Path) -> None:
    model = described(2, duration=0.1).changed(record={"every": None})
    assert runner.run(model, "compiled", tmp_path / "run").probes["far"].sizes == {"trial": 2, "time": 201}


def test_trials_of_a_model_in_which_nothing_is_random_are_refused() -> None:
    with pytest.raises(ModelError, match=r"run\.trials is 3, and all of them would be alike"):
        small_model(run={"duration": 1, "trials": 3})


def test_check_tells_what_is_random_and_its_seed() -> None:
    (line,) = [line for line in rc.check(described()) if line.startswith("stochastic")]
    assert line.startswith("stochastic: channels 'Cav'; 3 trials with seed 8")
    assert line.endswith("rows every 50 us")
    assert not [line for line in rc.check(small_model()) if line.startswith("stochastic")]


def test_channels_on_both_sides_of_a_mirror_plane_are_asked_about() -> None:
    one = described().channels[0].changed(positions=((0.05, 0),))
    geometry = {"symmetry": ["x"], "obstacles": []}
    probe = Probe(name="far", position=(0.1, 0.1, 0.1))
    mirrored = described().changed(channels=(one,), geometry=geometry, probes=(probe,))
    (asked,) = [question for question in rc.check(mirrored) if "mirror planes" in question]
    assert "channels 'Cav' are stochastic" in asked


def test_progress_tells_the_trial() -> None:
    there = Progress(0.5, 2.0, 0.001, 100, 1.0, 12.0, trial=3, of=10)
    assert in_words(there).startswith("trial 3 of 10, t = ")
    assert there.share == pytest.approx(0.225)


def test_the_command_line_shows_what_the_trials_came_to(tmp_path: Path) -> None:
    model = described(2, duration=0.1)
    drawn = model.changed(sensors=[sensor.changed(fusion="stochastic") for sensor in model.sensors])
    (tmp_path / "m.toml").write_text(write_toml(drawn))
    done = rdcalcium("run", "m.toml", "--backend", "compiled", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 trials with seed 8; failures to be expected" in done.stdout
    assert "share of failures of drawn vesicles 1\n" in done.stdout  # in 0.1 ms no channel opens
    assert "mean ± SD over the trials" in done.stdout
