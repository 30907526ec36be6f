"""Gates and currents: the calyx action potential through the calyx channel, and exact charges."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field
from scipy.integrate import quad, solve_ivp

from rdcalcium import library, runner
from rdcalcium.currents import Currents, GroupCurrent, channel_currents, open_probability_table
from rdcalcium.errors import InputError
from rdcalcium.gating import occupancies
from rdcalcium.integrators.rkc import METHOD
from rdcalcium.model import (
    ActionPotential,
    Box,
    Channels,
    ConstantCurrent,
    GatedCurrent,
    GaussianCurrent,
    Grid,
    KineticScheme,
    Model,
    ModelError,
    OhmicCurrent,
    PrescribedCurrent,
    PulseCurrent,
    Run,
    TabulatedCurrent,
    doubts,
)
from rdcalcium.time_course import PAUSE, STEADY, STIR, TimeCourse
from tests.model_tables import CALYX_CURRENT
from tests.tolerances import TOLERANCES

END = 3.0  # ms, of the action potential


@cache
def calyx() -> Model:
    model = library.load("keller2015")
    return model.changed(run=model.run.model_copy(update={"duration": END}))


@cache
def calyx_current() -> GroupCurrent:
    return channel_currents(calyx()).groups[0]


@pytest.mark.parametrize("voltage", [-60, -40, -20, 0, 20, 40])
def test_two_independent_gates_are_both_open_with_the_square_of_the_probability_of_one(voltage: float) -> None:
    alpha, beta = 1.78 * np.exp(voltage / 23.3), 0.140 * np.exp(-voltage / 15.0)
    assert calyx().channels[0].kinetics().equilibrium(voltage)[2] == pytest.approx(
        (alpha / (alpha + beta)) ** 2, rel=1e-12
    )


def test_a_gate_under_a_constant_voltage_relaxes_as_it_should() -> None:
    """C ⇌ O from rest at the first voltage: p = p∞ + (p0 - p∞) exp(-(α + β) t), exactly."""
    group = Channels(
        name="c",
        positions=((0, 0),),
        gate=("C <-> O : a*exp(V/20), 0.5",),
        parameters={"a": 0.3},
        open_states=("O",),
        current={"kind": "ohmic", "conductance": 2, "reversal": 60},
    )
    step = ActionPotential(waveform="step", times=(0.0,), table=((-1e-6, -80.0), (0.0, 10.0), (1.0, 10.0)))
    t, p = open_probability_table(group, step, 4.0)
    rest = 0.3 * np.exp(-4) / (0.3 * np.exp(-4) + 0.5)
    alpha = 0.3 * np.exp(0.5)
    late = alpha / (alpha + 0.5)
    late_from = t > 0
    assert p[0] == pytest.approx(rest, rel=1e-6)
    np.testing.assert_allclose(p[late_from], late + (rest - late) * np.exp(-(alpha + 0.5) * t[late_from]), rtol=1e-6)


def test_a_gate_follows_an_action_potential_as_another_solver_has_it() -> None:
    """Steps of 2 us against steps as short as needed."""
    group, stimulus = calyx().channels[0], calyx().stimulus
    assert stimulus is not None
    scheme = group.kinetics()

    def change(t: float, p: np.ndarray) -> np.ndarray:
        return scheme.generator(float(stimulus.voltage(np.array(t)))) @ p

    times, open_probability = open_probability_table(group, stimulus, 1.0)
    rest = scheme.equilibrium(float(stimulus.voltage(np.array(-np.inf))))
    seen = solve_ivp(change, (0, 1.0), rest, "LSODA", times[::50], rtol=1e-9, atol=1e-13, max_step=0.05).y
    is_open = [state in group.open_states for state in scheme.states]
    np.testing.assert_allclose(open_probability[::50], seen[is_open].sum(axis=0), rtol=1e-5, atol=2e-8)


def test_a_long_step_of_a_fast_gate_ends_in_its_equilibrium_and_a_short_one_is_of_fifth_order() -> None:
    """C ⇌ O under a voltage that rises along a line, and where it stays, with rates far beyond one per step."""
    scheme = KineticScheme.parse(["C <-> O : 20*exp(V/20), 10*exp(-V/40)"], {})

    def after(steps: int, slope: float, end: float) -> float:
        def rising(t: np.ndarray, before: np.ndarray) -> np.ndarray:
            return slope * t - 60

        times = np.linspace(0, end, steps + 1)
        return float(occupancies(scheme, rising, scheme.equilibrium(-60), times)[1, -1])

    errors = [abs(after(n, 1500, 0.06) - after(320, 1500, 0.06)) for n in (5, 10, 20)]
    orders = np.log2(errors[:-1]) - np.log2(errors[1:])
    assert orders == pytest.approx([5, 5], abs=0.5)
    assert after(1, 0.0, 1e3) == pytest.approx(scheme.equilibrium(-60)[1], rel=1e-9)
    fast = scheme.faster(1e4)  # of what decays in z steps 3 / z is left after one
    end = occupancies(fast, lambda t, before: 0 * t, np.array([1.0, 0.0]), np.array([0.0, 1.0]))[1, -1]
    assert end == pytest.approx(fast.equilibrium(0)[1], rel=3e-5)


def test_an_ohmic_current_flows_in_below_its_reversal() -> None:
    group = calyx_current()
    assert group.open_probability is not None
    stimulus = calyx().stimulus
    assert stimulus is not None
    t = np.linspace(0.3, 2.0, 37)
    expected = group.open_probability.value(t) * 2.07e-3 * (61.8 - stimulus.voltage(t))  # pS mV = fA
    np.testing.assert_allclose(group.influx.value(t), expected, rtol=1e-5, atol=1e-12)
    assert np.all(group.influx.value(t) > 0)


def test_a_second_action_potential_repeats_the_first() -> None:
    model = calyx()
    assert model.stimulus is not None
    twice = model.changed(
        stimulus=model.stimulus.model_copy(update={"times": (0.5, 10.5)}),
        run=model.run.model_copy(update={"duration": 20.0}),
    )
    influx = channel_currents(twice).groups[0].influx
    first, second = influx.integral(0, 10), influx.integral(10, 20)
    assert second == pytest.approx(first, rel=1e-4)
    assert first == pytest.approx(calyx_current().influx.integral(0, END), rel=TOLERANCES["gate of the calyx"])


CUT_OFF = 0.9013  # ms, when a second action potential takes over at the height of the first, between two rows of 2 us


@cache
def overlapping() -> Model:
    stimulus = calyx().stimulus
    assert stimulus is not None
    return calyx().changed(stimulus=stimulus.changed(times=[0, CUT_OFF]))


def test_a_voltage_that_is_cut_off_jumps() -> None:
    twice, alone = overlapping().stimulus, calyx().stimulus
    assert twice is not None
    assert alone is not None
    at = np.array([CUT_OFF])
    np.testing.assert_array_equal(twice.jumps(END), at)
    np.testing.assert_array_equal(twice.voltage(at, before=True), alone.voltage(at))
    np.testing.assert_array_equal(twice.voltage(at), alone.voltage(np.array([0.0])))
    assert len(twice.jumps(CUT_OFF)) == len(alone.jumps(END)) == 0
    far = twice.changed(times=[0, 7.25])  # it begins at the potential at which the first has ended
    assert len(far.jumps(20.0)) == 0


def test_a_current_jumps_with_the_voltage_and_not_before_it() -> None:
    """On both sides of the jump p g (E - V), with a probability that is that of one action potential up to there."""
    currents = channel_currents(overlapping())
    (group,), (alone,) = currents.groups, channel_currents(calyx()).groups
    stimulus = overlapping().stimulus
    assert stimulus is not None
    assert group.open_probability is not None
    assert alone.open_probability is not None
    at = np.array([CUT_OFF])
    p = float(alone.open_probability.value(CUT_OFF))
    for before in (True, False):
        expected = p * 2.07e-3 * (61.8 - stimulus.voltage(at, before))  # pS mV = fA
        np.testing.assert_allclose(group.influx.value(at, before=before), expected, rtol=1e-6)
    onset, *ends = currents.events(END)
    assert ends == [CUT_OFF, END]
    assert group.influx.value(onset) < 1e-3 * group.influx.peak
    assert group.open_probability.jumps == [END]  # there the run ends; before it, the gate rests
    shortly = CUT_OFF - np.geomspace(1e-9, 0.01, 40)
    np.testing.assert_allclose(group.influx.value(shortly), alone.influx.value(shortly), rtol=1e-5)
    later = CUT_OFF + np.geomspace(1e-9, 0.01, 40)
    expected = group.open_probability.value(later) * 2.07e-3 * (61.8 - stimulus.voltage(later))
    np.testing.assert_allclose(group.influx.value(later), expected, rtol=1e-5)


def test_the_rows_of_a_jump_say_what_was_before_it_and_what_is_after_it(tmp_path: Path) -> None:
    model = overlapping().changed(
        geometry=Box(size=(1, 1, 1)), discretization=Grid(size_at_active_zone=0.2), sensors=(), run={"duration": 1.0}
    )
    table = runner.run(model, "numpy", tmp_path / "run").stimulus
    group = model.channels[0]
    rows = np.flatnonzero(table["time (ms)"] == CUT_OFF)
    assert len(rows) == 2
    voltage, p = (table[name][rows] for name in ("voltage (mV)", f"{group.name}: open probability"))
    current = -p * 2.07e-3 * (61.8 - voltage) * model.copies * len(group.positions)
    np.testing.assert_allclose(table[f"{group.name}: current (pA)"][rows], current, rtol=1e-6)
    assert p[0] == pytest.approx(p[1], rel=1e-9)
    assert voltage[0] > -20
    assert voltage[1] == pytest.approx(-80, abs=0.01)


STEPS = TimeCourse.through(np.array([0, 1, 1, 2, 4.0]), np.array([0, 2, 5, 5, 1.0]))


def test_a_table_is_linear_between_rows_and_jumps_where_two_rows_share_a_time() -> None:
    np.testing.assert_allclose(STEPS.value(np.array([-1, 0, 0.25, 1, 1.5, 2, 3, 5])), [0, 0, 0.5, 5, 5, 5, 3, 0])
    np.testing.assert_allclose(STEPS.value(np.array([1.0, 2.0, 4.0]), before=True), [2, 5, 1])
    np.testing.assert_array_equal(STEPS.jumps, [1.0, 4.0])
    assert STEPS.peak == 5.0


@pytest.mark.parametrize(
    ("a", "b", "charge"),
    [
        (0, 1, 1),
        (1, 2, 5),
        (2, 4, 6),
        (0, 4, 12),
        (-3, 9, 12),
        (0.5, 1.5, 0.75 + 2.5),
        (3, 3, 0),
        (5, 6, 0),
        (-2, -1, 0),
    ],
)
def test_the_integral_of_a_table_is_exact(a: float, b: float, charge: float) -> None:
    assert STEPS.integral(a, b) == pytest.approx(charge, rel=TOLERANCES["integral"], abs=1e-14)


def test_charges_of_neighbouring_intervals_add_up() -> None:
    cuts = np.sort(np.random.default_rng(3).uniform(-0.5, 4.5, 40))
    parts = sum(STEPS.integral(a, b) for a, b in pairwise(cuts))
    assert parts == pytest.approx(STEPS.integral(cuts[0], cuts[-1]), rel=TOLERANCES["integral"])


LAWS = {
    "constant": (ConstantCurrent(amplitude=0.3), 0.3 * 5.0),
    "pulse": (PulseCurrent(amplitude=0.2, start=0.7, duration=0.5), 0.1),
    "late pulse": (PulseCurrent(amplitude=0.2, start=4.9, duration=0.5), 0.02),
    # ∫ exp(-4 ln 2 (t - m)² / w²) dt = w √(π / ln 2) / 2
    "gaussian": (
        GaussianCurrent(amplitude=0.1, peak=2, width=0.36),
        0.1 * 0.36 * np.sqrt(np.pi / np.log(2)) / 2,
    ),
    "half a gaussian": (
        GaussianCurrent(amplitude=0.1, peak=0, width=0.36),
        0.1 * 0.36 * np.sqrt(np.pi / np.log(2)) / 4,
    ),
    "table": (TabulatedCurrent(times=(1, 2, 2, 4), values=(0, 1, 3, 0)), 3.5),
}


def model_of(duration: float, **laws: object) -> Model:
    """A box with one channel for each named current."""
    return Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=0.1),
        channels=tuple(Channels(name=k, positions=((0, 0),), current=v) for k, v in laws.items()),
        run=Run(duration=duration),
    )


def group_of(law: object) -> GroupCurrent:
    return channel_currents(model_of(5.0, c=law)).groups[0]


@pytest.mark.parametrize("name", LAWS)
def test_a_prescribed_current_carries_its_exact_charge(name: str) -> None:
    law, charge = LAWS[name]
    assert group_of(law).influx.integral(0, 5.0) == pytest.approx(charge, rel=1e-8)


def test_a_gaussian_has_its_amplitude_its_peak_and_its_width() -> None:
    influx = group_of(GaussianCurrent(amplitude=0.1, peak=2, width=0.36)).influx
    t = np.linspace(0, 5, 5001)
    np.testing.assert_allclose(influx.value(t), 0.1 * np.exp(-4 * np.log(2) * ((t - 2) / 0.36) ** 2), atol=1e-9)
    assert len(influx.jumps) == 0


def test_steps_end_where_a_current_jumps_and_where_the_run_ends() -> None:
    model = model_of(
        3.0,
        a=PulseCurrent(amplitude=1, start=0.5, duration=1),
        b=PulseCurrent(amplitude=1, start=1.5, duration=9),
        c=ConstantCurrent(amplitude=1),
        d=GaussianCurrent(amplitude=1, peak=1, width=0.2),
    )
    onset = group_of(GaussianCurrent(amplitude=1, peak=1, width=0.2)).influx.onsets
    np.testing.assert_allclose(channel_currents(model).events(3.0), [0.5, *onset, 1.5, 3.0])


def test_a_current_leaves_its_rest_once_before_each_bell() -> None:
    """Unseen until then, and flowing soon after; what decays without a pause does not begin anew."""
    width, peaks = 0.36, (2.0, 5.0)
    at = np.linspace(0, 8, 8001)
    bells = sum(np.exp(-4 * np.log(2) * ((at - peak) / width) ** 2) for peak in peaks)
    influx = TimeCourse.through(at, bells, smooth=True)
    assert len(influx.onsets) == len(peaks)
    for onset, peak in zip(influx.onsets, peaks, strict=True):
        assert Currents([GroupCurrent("bells", influx)]).steady(onset - PAUSE, PAUSE)
        assert influx.value(onset + STIR) > STEADY
        assert peak - 3 * width < onset < peak - width


@pytest.mark.parametrize("stages", [2, 5, 40])
def test_a_current_on_a_line_enters_a_step_with_its_exact_charge(stages: int) -> None:
    """The quadrature of the scheme is of second order: exact for what changes linearly within the step."""
    line = TimeCourse.through(np.array([0.0, 1.0]), np.array([0.2, 0.9]))
    k = METHOD.coefficients(stages)
    values = Currents([GroupCurrent("line", line)]).over_step(0.3, 0.4, k.c)[:, 0]
    np.testing.assert_allclose(values, 0.2 + 0.7 * (0.3 + 0.4 * k.c), rtol=TOLERANCES["integral"])
    assert 0.4 * k.weights @ values == pytest.approx(line.integral(0.3, 0.7), rel=TOLERANCES["integral"])


def test_the_charge_of_a_bell_converges_with_the_step_in_third_order() -> None:
    """A quadrature of second order on a smooth current: its error per step falls as h³ or faster."""
    bell = group_of(GaussianCurrent(amplitude=0.1, peak=2, width=0.36))
    k = METHOD.coefficients(8)

    def error(h: float) -> float:
        values = Currents([bell]).over_step(1.7, h, k.c)[:, 0]
        return abs(h * float(k.weights @ values) - bell.influx.integral(1.7, 1.7 + h))

    slope = np.log2(error(0.04) / error(0.02))
    assert slope == pytest.approx(3, abs=0.3)


def test_a_step_between_two_jumps_sees_the_current_between_them() -> None:
    pulse = group_of(PulseCurrent(amplitude=0.2, start=1.0, duration=0.5))
    currents, c = Currents([pulse]), METHOD.coefficients(6).c
    np.testing.assert_array_equal(currents.over_step(0.5, 0.5, c)[:, 0], 0.0)
    np.testing.assert_array_equal(currents.over_step(1.0, 0.5, c)[:, 0], 0.2)
    np.testing.assert_array_equal(currents.over_step(1.5, 0.5, c)[:, 0], 0.0)


def test_a_current_that_rises_and_falls_within_a_step_is_not_steady() -> None:
    """Though it is the same at both ends."""
    spike = TimeCourse.through(np.array([0.0, 0.4, 0.5, 0.6, 1.0]), np.array([0.02, 0.02, 0.1, 0.02, 0.02]))
    currents = Currents([GroupCurrent("spike", spike)])
    assert not currents.steady(0.3, 0.4)
    assert currents.steady(0.0, 0.4)
    assert currents.steady(0.6, 0.4)


def test_a_smooth_current_is_read_between_its_knots() -> None:
    """The tabulated gate against its own quadrature by an independent rule."""
    influx = calyx_current().influx
    independent = quad(lambda t: float(influx.value(t)), 0.4, 1.6, epsabs=0, epsrel=1e-10, limit=500)[0]
    assert influx.integral(0.4, 1.6) == pytest.approx(independent, rel=1e-8)


def test_a_new_law_is_one_class() -> None:
    """The loop, the question after its size and the one after its beginning know it by its own words."""

    class Ramp(PrescribedCurrent):
        kind: Literal["ramp"] = "ramp"
        largest: ClassVar[float] = 200.0
        begins: ClassVar[float] = 7.0

        def rows(self, duration: float) -> tuple[np.ndarray, np.ndarray]:
            return np.array([7.0, 8.0]), np.array([0.0, 200.0])

    known = model_of(5.0, c=ConstantCurrent(amplitude=0.1))
    group = known.channels[0].model_copy(update={"current": Ramp()})
    model = known.model_copy(update={"channels": (group,)})
    assert channel_currents(model).groups[0].influx.integral(0, 10) == pytest.approx(100)
    said = " ".join(doubts(model))
    assert "the current of channels 'c' is 200 pA" in said
    assert "the current of channels 'c' begins at 7 ms" in said


class Rectifier(GatedCurrent):
    """Current of an open channel that falls as exp(-V / 25 mV), and never turns outward."""

    kind: Literal["rectifier"] = "rectifier"
    largest: ClassVar[float] = 0.1

    def inward(self, open_probability: np.ndarray, voltage: np.ndarray) -> np.ndarray:
        return open_probability * self.largest * np.exp(-voltage / 25.0)


class TerminalChannels(Channels):
    """Channels that know the rectifier as well."""

    current: Annotated[OhmicCurrent | ConstantCurrent | Rectifier, Field(discriminator="kind")]


def test_a_new_gated_law_is_one_class() -> None:
    """It needs a gate, and follows the voltage of the stimulus through it, like Ohm's law."""
    known = calyx()
    values = {**dict(known.channels[0]), "current": {"kind": "rectifier"}}
    with pytest.raises(ModelError, match="a current of kind 'rectifier' needs a gate"):
        TerminalChannels(**{**values, "use": None, "gate": (), "open_states": (), "parameters": {}})
    model = known.model_copy(update={"channels": (TerminalChannels(**values),)})
    group, times = channel_currents(model).groups[0], np.linspace(0.2, END - 0.1, 50)
    assert model.stimulus is not None
    assert group.open_probability is not None
    driven = group.open_probability.value(times) * 0.1 * np.exp(-model.stimulus.voltage(times) / 25.0)
    np.testing.assert_allclose(group.influx.value(times), driven, rtol=1e-4, atol=1e-9)


def test_channels_never_let_calcium_out() -> None:
    known = calyx()
    low = known.channels[0].changed(current={"reversal": 10})
    with pytest.raises(InputError, match=r"calcium would leave .* at \d+(\.\d)? mV, above the reversal potential"):
        channel_currents(known.model_copy(update={"channels": (low,)}))


REPEATED = {
    "pulses": {"kind": "pulse", "amplitude": 0.2, "start": 0.1, "duration": 0.5},
    "bells": {"kind": "gaussian", "amplitude": 0.1, "peak": 0.8, "width": 0.36},
    "alphas": {"kind": "alpha", "amplitude": 0.1, "start": 0.2, "time_to_peak": 0.3},
    "tables": {"kind": "table", "times": [0, 0.5, 0.5, 1], "values": [0.1, 0.2, 0.05, 0]},
    "recordings": {"kind": "recording", "file": CALYX_CURRENT, "scale": -0.01},
}


@pytest.mark.parametrize("name", REPEATED)
@pytest.mark.parametrize("moments", [(0.0, 3.0, 7.5), (0.3, 0.7, 0.9, 5.0), (0.0, 0.5, 1.0)])
def test_a_train_of_currents_is_the_sum_of_its_single_ones(name: str, moments: tuple[float, ...]) -> None:
    """Also where they overlap, and where one begins as another ends."""
    train = model_of(20.0, c={**REPEATED[name], "train": {"kind": "list", "times": moments}})
    course = channel_currents(train).groups[0].influx
    once = channel_currents(model_of(20.0, c=REPEATED[name])).groups[0].influx
    t = np.sort(np.concatenate([np.linspace(0.0001, 20, 4001), np.add.outer(moments, once.knots).ravel() + 1e-6]))
    np.testing.assert_allclose(course.value(t), sum(once.value(t - m) for m in moments), atol=1e-12)
    assert course.integral(-9, 20) == pytest.approx(len(moments) * once.integral(-9, 20), rel=1e-9)


def test_pulses_that_follow_each_other_at_once_make_one_pulse() -> None:
    """In tenths of ms, which binary numbers only come near: no event is between them."""
    train = {"kind": "regular", "rate": "10 kHz", "count": 10, "start": 0.1}
    model = model_of(3.0, c={"kind": "pulse", "amplitude": 0.2, "duration": 0.1, "train": train})
    np.testing.assert_allclose(channel_currents(model).events(3.0), [0.1, 1.1, 3.0], rtol=1e-12)


def test_each_current_of_a_train_is_an_event_at_its_beginning() -> None:
    train = {"kind": "regular", "rate": "100 Hz", "count": 3, "start": 1}
    alpha = {"kind": "alpha", "amplitude": 0.2, "time_to_peak": 0.2, "train": train}
    pulse = {"kind": "pulse", "amplitude": 0.2, "duration": 0.5, "train": train}
    np.testing.assert_allclose(channel_currents(model_of(50.0, c=alpha)).events(50.0), [1, 11, 21, 50])
    np.testing.assert_allclose(channel_currents(model_of(50.0, c=pulse)).events(50.0), [1, 1.5, 11, 11.5, 21, 21.5, 50])


def test_an_alpha_current_is_its_formula() -> None:
    influx = group_of({"kind": "alpha", "amplitude": 0.2, "start": 0.5, "time_to_peak": 0.1}).influx
    s = np.linspace(0, 45, 4501)
    np.testing.assert_allclose(influx.value(0.5 + 0.1 * s), 0.2 * s * np.exp(1 - s), atol=1e-7)
    assert influx.integral(0, 5) == pytest.approx(0.2 * 0.1 * np.e, rel=1e-6)  # A τ e
    assert not len(influx.jumps)


def test_nothing_flows_of_a_train_that_begins_after_the_end() -> None:
    late = {**REPEATED["pulses"], "train": {"kind": "list", "times": [30, 40]}}
    model = model_of(20.0, c=late)
    assert channel_currents(model).groups[0].influx.integral(0, 20) == 0
    assert doubts(model) == ["the current of channels 'c' begins at 30.1 ms, but the run ends at 20 ms"]


def test_a_recorded_current_flows_inward(tmp_path: Path) -> None:
    influx = group_of(REPEATED["recordings"]).influx
    np.testing.assert_allclose(influx.value(np.array([0.4, 0.55, 0.8, 2])), [0.01, 0.065, 0.14, 0], atol=1e-15)
    with pytest.raises(ModelError, match=r"is -14 pA at 0\.8 ms; inward current is positive and none flows out: say s"):
        group_of({"kind": "recording", "file": CALYX_CURRENT})
    with pytest.raises(ModelError, match=r"cannot read the current .*gone\.csv: No such file"):
        group_of({"kind": "recording", "file": str(tmp_path / "gone.csv")})
