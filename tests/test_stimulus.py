"""The membrane potential: waveforms by numbers, trains, voltage steps and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.currents import channel_currents, open_probability_table
from rdcalcium.model import ActionPotential, Channels, ModelError, VoltageCourse, VoltageSteps, write_toml
from rdcalcium.tabulation import rows_between
from tests.model_tables import OHMIC, STIMULI, channel, model_of_tables, tables

TEMPLATE = {"half_width": "0.38 ms", "peak": "27 mV", "rest": "-80 mV"}


def spike(**said: Any) -> ActionPotential:
    """One action potential from the template."""
    return ActionPotential(**{"template": TEMPLATE, **said})


def crossings(course: VoltageCourse, level: float, peak: float) -> tuple[float, float]:
    """When the voltage passes a level (mV) before and after a peak (ms)."""

    def above(t: float) -> float:
        return float(course.voltage(np.array(t))) - level

    return brentq(above, 0, peak), brentq(above, peak, 10)


@pytest.mark.parametrize(("shape", "peak"), [("skewed", 0.38 / (1.7 - 1 / 1.7)), ("gaussian", 2 * 0.38)])
def test_a_template_has_its_rest_its_peak_and_its_half_width(shape: str, peak: float) -> None:
    ap = spike(template={**TEMPLATE, "shape": shape})
    assert ap.voltage(np.array([-np.inf, 0, peak, 10])) == pytest.approx([-80, -80, 27, -80], abs=1e-9)
    t = np.linspace(0, 5, 50001)
    assert ap.voltage(t).max() <= 27
    begin, end = crossings(ap, (27 - 80) / 2, peak)
    assert end - begin == pytest.approx(0.38, rel=1e-3)
    assert (end - peak) / (peak - begin) == pytest.approx(1.7 if shape == "skewed" else 1, rel=2e-3)


def test_templates_are_the_formulae_that_they_say() -> None:
    t = np.linspace(0.05, 3, 1001)
    peak = 0.38 / (1.7 - 1 / 1.7)
    skewed = np.exp(-np.log(2) * (np.log(t / peak) / np.log(1.7)) ** 2)
    gaussian = np.exp(-4 * np.log(2) * ((t - 0.76) / 0.38) ** 2)
    for shape, height in (("skewed", skewed), ("gaussian", gaussian)):
        ap = spike(template={**TEMPLATE, "shape": shape})
        np.testing.assert_allclose(ap.voltage(t), -80 + 107 * height, atol=1.1e-4 * 107)


def test_the_skewed_template_meets_the_recorded_calyx_action_potential_within_5_mv() -> None:
    recorded = ActionPotential(waveform="calyx_keller2015")
    rows = np.array(recorded.table)
    top = rows[:, 1].argmax()
    ap = spike(template={"half_width": 0.53, "peak": rows[top, 1], "rest": rows[0, 1]})
    t = np.linspace(0, 3, 3001)
    shift = rows[top, 0] - 0.53 / (1.7 - 1 / 1.7)
    difference = np.abs(ap.voltage(t - shift) - recorded.voltage(t))
    assert 4 < difference.max() < 5


@pytest.mark.parametrize(
    ("name", "half_width"), [("mossy_fibre_geiger_jonas2000", 0.38), ("cerebellar_mossy_fibre_ritzau_jost2014", 0.1)]
)
def test_a_waveform_of_the_library_may_be_a_template(name: str, half_width: float) -> None:
    ap = ActionPotential(waveform=name)
    t, v = np.transpose(ap.table)
    begin, end = crossings(ap, (v.max() + v[0]) / 2, t[v.argmax()])
    assert end - begin == pytest.approx(half_width, rel=1e-3)
    assert ap.source


def test_a_broader_action_potential_falls_more_slowly_and_rises_as_before() -> None:
    narrow, broad = spike(), spike(broaden=1.5)
    peak = 0.38 / (1.7 - 1 / 1.7)
    t = np.linspace(0, peak, 101)
    np.testing.assert_allclose(broad.voltage(t), narrow.voltage(t), atol=1e-9)
    later = np.linspace(0, 3, 101)
    np.testing.assert_allclose(broad.voltage(peak + 1.5 * later), narrow.voltage(peak + later), atol=1e-9)


def test_an_action_potential_is_scaled_from_its_rest() -> None:
    t = np.linspace(0, 3, 101)
    np.testing.assert_allclose(
        spike(amplitude_scale="60 %").voltage(t) + 80, 0.6 * (spike().voltage(t) + 80), atol=1e-12
    )


def test_a_regular_train_has_its_rate() -> None:
    train = spike(train={"kind": "regular", "rate": "100 Hz", "count": 4, "start": "1 ms"})
    assert train.starts == pytest.approx((1, 11, 21, 31), rel=1e-15)
    one = spike(times=[1])
    for begin in train.starts:
        t = np.linspace(0, 5, 101)
        np.testing.assert_allclose(train.voltage(begin + t), one.voltage(1 + t), atol=1e-9)
    assert len(train.jumps(100.0)) == 0


def poisson(**said: Any) -> np.ndarray:
    train = {"kind": "poisson", "rate": "50 Hz", "count": 20_000, "refractory": "5 ms", **said}
    return np.array(spike(train=train).starts)


def test_the_intervals_of_a_poisson_train_are_exponential_after_the_refractory_period() -> None:
    """Mean 1 / rate, of which the refractory period is sure; the deviation is the mean of what is left to chance."""
    waits = np.diff(poisson()) - 5
    four_sigma = 4 * 15 / np.sqrt(len(waits))
    assert waits.min() > 0
    assert waits.mean() == pytest.approx(15, abs=four_sigma)
    assert waits.std() == pytest.approx(15, abs=2 * four_sigma)
    for share in (0.1, 0.5, 0.9):
        expected = np.exp(-share / (1 - share))
        four = 4 * np.sqrt(expected * (1 - expected) / len(waits))
        assert np.mean(waits > 15 * share / (1 - share)) == pytest.approx(expected, abs=four)


def test_one_seed_makes_one_train_and_a_longer_one_begins_with_it() -> None:
    first = poisson(count=50, seed=3, start="2 ms")
    assert first[0] == 2
    np.testing.assert_array_equal(first, poisson(count=80, seed=3, start="2 ms")[:50])
    assert not np.any(first[1:] == poisson(count=50, seed=4, start="2 ms")[1:])


def test_a_train_ends_before_its_end() -> None:
    """Also where a moment is at the end but for rounding; a random one draws as many as it takes."""
    regular = {"kind": "regular", "rate": "10 kHz", "start": 0.1}
    for end, count in ((1.1, 10), (1.1001, 11), (0.15, 1)):
        assert len(spike(train={**regular, "end": end}).starts) == count
    assert len(spike(train={**regular, "end": 1.1, "count": 4}).starts) == 4
    many = poisson(count=20_000, start=3)
    for end in (many[1], many[-2]):
        np.testing.assert_array_equal(poisson(count=None, start=3, end=end + 1e-6), many[many <= end])
    np.testing.assert_array_equal(poisson(count=None, start=3, end=4), [3])


STEPS = VoltageSteps(**{key: value for key, value in STIMULI["steps"].items() if key != "kind"})


def test_a_voltage_clamp_holds_steps_and_comes_back() -> None:
    t = np.array([-np.inf, 0, 1, 2.9, 3, 3.5, 4, 9])
    np.testing.assert_array_equal(STEPS.voltage(t), [-80, -80, 0, 0, 20, 20, -80, -80])
    np.testing.assert_array_equal(STEPS.voltage(t, before=True), [-80, -80, -80, 0, 0, 20, 20, -80])
    np.testing.assert_array_equal(STEPS.jumps(20.0), [1, 3, 4])
    np.testing.assert_array_equal(STEPS.jumps(3.5), [1, 3])


def test_a_gate_relaxes_exponentially_during_each_step() -> None:
    """C ⇌ O from what the step before has left: p = p∞ + (p0 - p∞) exp(-(α + β) t), exactly."""
    group = Channels(
        name="c",
        positions=((0, 0),),
        gate=("C <-> O : 0.3*exp(V/20), 0.5",),
        open_states=("O",),
        current={"kind": "ohmic", "conductance": 2, "reversal": 60},
    )
    t, p = open_probability_table(group, STEPS, 6.0)
    p0, begin = 0.3 * np.exp(-4) / (0.3 * np.exp(-4) + 0.5), 0.0
    for end, level in ((1, -80), (3, 0), (4, 20), (6, -80)):
        alpha = 0.3 * np.exp(level / 20)
        steady, within = alpha / (alpha + 0.5), (t > begin) & (t < end)
        exact = steady + (p0 - steady) * np.exp(-(alpha + 0.5) * (t[within] - begin))
        np.testing.assert_allclose(p[within], exact, rtol=1e-10)
        p0 = steady + (p0 - steady) * np.exp(-(alpha + 0.5) * (end - begin))
        begin = end


def of_table(folder: Path, rows: str) -> VoltageCourse:
    """A stimulus of these rows, in a file beside the model."""
    (folder / "v.csv").write_text("t,V\n" + rows)
    stimulus = library.resolve(tables(stimulus={"kind": "table", "file": "v.csv"}), folder=folder).stimulus
    assert stimulus is not None
    return stimulus


def test_a_table_is_met_at_its_rows_and_jumps_where_two_have_one_time(tmp_path: Path) -> None:
    course = of_table(tmp_path, "0,-70\n1,-70\n1,0\n2,10\n3,5\n3,-70\n")
    t = np.array([-np.inf, 0.5, 1, 2, 3, 9])
    np.testing.assert_array_equal(course.voltage(t), [-70, -70, 0, 10, -70, -70])
    np.testing.assert_array_equal(course.voltage(t, before=True), [-70, -70, -70, 10, 5, -70])
    np.testing.assert_array_equal(course.jumps(9.0), [1, 3])
    np.testing.assert_array_equal(course.jumps(2.0), [1])
    between = course.voltage(np.linspace(1, 2, 101))
    assert np.all(np.diff(between) >= 0)


def test_a_voltage_sampled_from_an_action_potential_is_that_action_potential(tmp_path: Path) -> None:
    ap = spike(times=[0.5])
    t = np.linspace(0, 5, 1001)
    rows = "".join(f"{a!r},{b!r}\n" for a, b in zip(t.tolist(), ap.voltage(t).tolist(), strict=True))
    np.testing.assert_allclose(of_table(tmp_path, rows).voltage(t + 0.0021), ap.voltage(t + 0.0021), atol=0.02)


def test_a_table_is_kept_with_the_run(tmp_path: Path) -> None:
    from rdcalcium.results.inputs import keep_inputs, within

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x.csv").write_text("0,-80\n1,20\n")
    model = library.resolve(tables(stimulus={"kind": "table", "file": "a/x.csv"}), folder=tmp_path)
    kept = keep_inputs(model, tmp_path / "b")
    assert kept.stimulus is not None
    assert kept.stimulus.voltage(np.array([0, 1])).tolist() == [-80, 20]
    written = within(kept, tmp_path / "b").stimulus
    assert list(written.recordings) == ["inputs/x.csv"]
    again = library.resolve(tables(stimulus=written.model_dump()), folder=tmp_path / "b")
    assert again.stimulus == kept.stimulus


@pytest.mark.parametrize(
    ("stimulus", "message"),
    [
        ({"kind": "action_potential"}, "an action potential needs a waveform, of the library or a file, or a template"),
        (
            {"kind": "action_potential", "waveform": "calyx_keller2015", "template": TEMPLATE},
            "waveform and template both say the same of an action potential; leave one out",
        ),
        (
            {**STIMULI["broad waveform"], "times": [1]},
            "times and train both say the same of an action potential; leave one out",
        ),
        (
            {"kind": "action_potential", "template": {**TEMPLATE, "peak": -90}},
            "a peak of -90 mV is not above the rest of -80 mV",
        ),
        (
            {**STIMULI["listed"], "train": {"kind": "list", "times": [1, 1]}},
            "the times of a train must ascend",
        ),
        (
            {**STIMULI["template"], "train": {**STIMULI["template"]["train"], "refractory": "20 ms"}},
            "a refractory period of 20 ms allows fewer than 0.05 1/ms, not 0.05 1/ms; lower one of them",
        ),
        (
            {**STIMULI["template"], "train": {"kind": "regular", "rate": "100 Hz", "count": 0}},
            "'stimulus.train.count' is 0; it should be greater than or equal to 1",
        ),
        (
            {**STIMULI["template"], "train": {"kind": "regular", "rate": "100 Hz"}},
            "a train needs a count of its moments, or an end",
        ),
        (
            {**STIMULI["template"], "train": {"kind": "regular", "rate": "100 Hz", "start": 3, "end": 3}},
            "a train from 3 ms on has no moment before its end at 3 ms",
        ),
        (
            {**STIMULI["template"], "train": {"kind": "poisson", "rate": "100 Hz", "end": "1000 s"}},
            "a train has about 1e\\+05 moments before its end; at most 50000",
        ),
        (
            {**STIMULI["template"], "train": {"kind": "regulr", "rate": "100 Hz", "count": 1}},
            "unknown kind 'regulr' of 'stimulus.train'; .* Did you mean 'regular'?",
        ),
        (
            {**STIMULI["steps"], "steps": [*STIMULI["steps"]["steps"], {"level": 0, "start": 3.5, "duration": 1}]},
            "step 3 begins at 3.5 ms, before step 2 ends at 4 ms",
        ),
        ({"kind": "table", "file": "/nowhere/v.csv"}, "cannot read the voltage table /nowhere/v.csv: No such file"),
        ({"kind": "voltage_steps"}, "unknown kind 'voltage_steps' of 'stimulus'; .* Did you mean 'voltage_step'?"),
    ],
)
def test_a_stimulus_that_cannot_be_is_refused_in_one_sentence(stimulus: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as error:
        model_of_tables(stimulus=stimulus)
    assert "\n" not in str(error.value)


def test_what_takes_the_place_of_something_else_replaces_it() -> None:
    one = model_of_tables(stimulus=STIMULI["waveform"])
    other = one.changed(stimulus={"template": TEMPLATE, "train": {"kind": "list", "times": [2]}}).stimulus
    assert (other.waveform, other.table, other.source, other.starts) == (None, (), (), (2.0,))
    back = one.changed(stimulus={"waveform": "mossy_fibre_geiger_jonas2000", "times": [3]}).stimulus
    assert (back.template, back.starts, back.source) == (None, (3.0,), ("geiger_jonas2000",))


@pytest.mark.parametrize(("kind", "what"), [("steps", "voltage step 2"), ("regular", "action potential 3")])
def test_what_begins_after_the_end_is_asked_about(kind: str, what: str) -> None:
    train = {"kind": "regular", "rate": "500 Hz", "count": 3}
    stimulus = {"regular": {**STIMULI["listed"], "train": train}}.get(kind, STIMULI["steps"])
    (asked,) = rc.model.doubts(model_of_tables(stimulus=stimulus, run={"duration": "2.5 ms"}))
    assert asked.startswith(f"{what} begins at ")


def test_of_a_train_that_goes_on_after_the_end_the_first_is_asked_about() -> None:
    stimulus = {**STIMULI["listed"], "train": {"kind": "regular", "rate": "100 Hz", "count": 10}}
    (asked,) = rc.model.doubts(model_of_tables(stimulus=stimulus))
    assert asked == "action potential 2 begins at 10 ms and 8 more after it, but the run ends at 5 ms"


def test_run_json_says_when_everything_begins(tmp_path: Path) -> None:
    train = {"kind": "poisson", "rate": "500 Hz", "count": 3}
    pulse = {"kind": "pulse", "amplitude": 0.1, "start": 0.5, "duration": 0.1}
    model = model_of_tables(
        discretization={"kind": "grid", "size_at_active_zone": 0.2},
        stimulus={**STIMULI["listed"], "train": train},
        channels=[channel(current={**pulse, "train": train}), channel(name="once", current=pulse)],
        run={"duration": 0.1},
    )
    begins = rc.run(model, "numpy", tmp_path / "run").about.begins
    spikes = model.stimulus.starts
    of_pores = {"pore (ms)": [0.5 + t for t in spikes], "once (ms)": [0.5]}
    assert begins == {"stimulus (ms)": list(spikes)} | of_pores
    again = library.load(tmp_path / "run" / "model.toml")
    assert again.stimulus.starts == spikes


def test_a_voltage_and_a_current_of_one_name_are_both_kept(tmp_path: Path) -> None:
    from rdcalcium.results.inputs import keep_inputs, within

    for name, rows in (("a", "0,-80\n1,20\n"), ("b", "0,0\n1,3\n2,0\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text(rows)
    recorded = channel(current={"kind": "recording", "file": "b/x.csv", "scale": 0.1})
    data = tables(stimulus={"kind": "table", "file": "a/x.csv"}, channels=[recorded])
    (tmp_path / "run").mkdir()
    kept = within(keep_inputs(library.resolve(data, folder=tmp_path), tmp_path / "run"), tmp_path / "run")
    (tmp_path / "run" / "model.toml").write_text(write_toml(kept))
    again = library.load(tmp_path / "run" / "model.toml")
    assert again.stimulus.voltage(np.array([0, 1])).tolist() == [-80, 20]
    assert again.channels[0].current.rows(9.0)[1] == pytest.approx([0, 0.3, 0], rel=1e-15)


def test_rows_are_close_while_the_voltage_changes_and_ever_rarer_while_it_stays() -> None:
    train = spike(train={"kind": "regular", "rate": "20 Hz", "count": 3, "start": "5 ms"})
    pieces = rows_between(train, 150.0)
    ends = [piece[0] for piece in pieces] + [pieces[-1][-1]]
    over = np.array(train.starts) + train._rows[-1][0]
    np.testing.assert_allclose(ends, np.sort([0, *train.starts, *over, 150]), rtol=1e-15)
    for i, piece in enumerate(pieces):
        since = piece[1:] - piece[0] if i % 2 == 0 else np.zeros(len(piece) - 1)  # every other one is a rest
        assert np.all(np.diff(piece) > 0)
        assert np.all(np.diff(piece) < 0.00221 + 0.0201 * np.maximum(since - 0.1, 0))
    assert sum(len(piece) for piece in pieces) < 0.2 * 150 / 0.002


def test_between_ever_rarer_rows_a_gate_relaxes_as_it_should() -> None:
    """C ⇌ O with a fast gate and a slow one, each exactly, at times between the rows."""
    clamp = {"kind": "voltage_step", "holding": -80, "steps": [{"level": 0, "start": 1, "duration": 100}]}
    slow = ["C <-> O : 0.03*exp(V/50), 0.01"]
    fast = ["C <-> O : 3*exp(V/20), 2"]
    groups = [
        channel(**{**OHMIC, "parameters": {}, "name": name, "gate": gate})
        for name, gate in (("slow", slow), ("fast", fast))
    ]
    model = model_of_tables(stimulus=clamp, channels=groups, run={"duration": 201})
    for group, a, b, s in zip(channel_currents(model).groups, (0.03, 3), (0.01, 2), (50, 20), strict=True):
        p = group.open_probability
        assert p is not None
        rest, up = a * np.exp(-80 / s) / (a * np.exp(-80 / s) + b), a / (a + b)
        t = np.random.default_rng(5).uniform(0, 99.9, 2000)
        during = up + (rest - up) * np.exp(-(a + b) * t)
        np.testing.assert_allclose(p.value(1 + t), during, rtol=1e-7)
        left = up + (rest - up) * np.exp(-(a + b) * 100)
        after = rest + (left - rest) * np.exp(-(a * np.exp(-80 / s) + b) * t)
        np.testing.assert_allclose(p.value(101 + t), after, rtol=1e-6, atol=1e-8)
