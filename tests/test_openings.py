"""Channels that open by themselves: the master equation, waiting times, charges, and streams of random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import kstest

from rdcalcium import library
from rdcalcium.currents import GroupCurrent, _occupancy_table, channel_currents
from rdcalcium.errors import InputError
from rdcalcium.gating import transitions
from rdcalcium.model import ActionPotential, Box, Channels, Grid, KineticScheme, Model, ModelError, Run
from rdcalcium.openings import Openings, StochasticGate

END = 3.0  # ms
MANY = 100_000  # channels
SIGMA = 4.0  # standard deviations that a mean may be off
OHMIC = {"kind": "ohmic", "conductance": 2.07, "reversal": 61.8}
TWO_STATES = {"gate": ("C <-> O : 3*exp(V/25), 2.0",), "open_states": ("O",)}


def model_of(*groups: Channels, voltage: Sequence[tuple[float, float]] = (), duration: float = END) -> Model:
    """Groups of channels under the calyx action potential, or under rows of time and voltage."""
    calyx = library.load("keller2015").stimulus
    return Model(
        geometry=Box(size=(1, 1, 1)),
        discretization=Grid(size_at_active_zone=0.2),
        stimulus=ActionPotential(waveform="rows", times=(0.0,), table=tuple(voltage)) if voltage else calyx,
        channels=groups,
        run=Run(duration=duration),
    )


def stochastic(count: int, name: str = "c", **scheme: object) -> Channels:
    """So many channels at one place, of the calyx or with another gate."""
    kind = {**scheme, "current": OHMIC} if scheme else {"use": "calyx_borst_sakmann1998"}
    return Channels(name=name, positions=((0, 0),) * count, gating="stochastic", **kind)


@cache
def calyx() -> tuple[GroupCurrent, Openings]:
    """Many channels of the calyx under its action potential."""
    currents = channel_currents(model_of(stochastic(MANY)))
    (openings,) = currents.openings(1, 1)
    assert openings is not None
    return currents.groups[0], openings


@pytest.mark.parametrize("t", [0.5, 0.7, 0.9, 1.1, 1.4])
def test_the_number_of_open_channels_has_the_mean_and_variance_of_the_master_equation(t: float) -> None:
    """Binomial: N p and N p (1 - p), over ten thousand active zones of ten channels."""
    group, openings = calyx()
    assert group.open_probability is not None
    p, of_zone = float(group.open_probability.value(t)), openings.are_open(t).reshape(-1, 10).sum(axis=1)
    assert abs(of_zone.mean() - 10 * p) < SIGMA * np.sqrt(10 * p * (1 - p) / len(of_zone))
    fourth = p * (1 - p) * (1 - 6 * p * (1 - p)) / 1000 + 3 * (p * (1 - p) / 10) ** 2  # of the mean of ten
    spread = np.sqrt((fourth - (p * (1 - p) / 10) ** 2) / len(of_zone)) * 100
    assert abs(of_zone.var() - 10 * p * (1 - p)) < SIGMA * spread


def test_channels_remember_their_state_as_the_master_equation_says() -> None:
    """At a constant voltage P(open then and now) = p exp(Q dt) from the open state."""
    scheme = {"gate": ("C <-> O1 : 1.0, 0.7", "O1 <-> O2 : 0.9, 0.4"), "open_states": ("O1", "O2")}
    group = stochastic(MANY, **scheme)
    (openings,) = channel_currents(model_of(group, voltage=((0, -80), (1, -80)))).openings(1, 1)
    assert openings is not None
    rest, ever = group.kinetics().equilibrium(-80), group.kinetics().generator(-80)
    is_open = np.array([0.0, 1.0, 1.0])
    for then, now in ((0.0, 0.8), (0.5, 2.5), (2.0, 2.1)):
        expected = is_open @ expm((now - then) * ever) @ (is_open * rest)
        found = np.mean(openings.are_open(then) & openings.are_open(now))
        assert abs(found - expected) < SIGMA * np.sqrt(expected * (1 - expected) / MANY)


def test_open_times_at_a_constant_voltage_are_exponential() -> None:
    (openings,) = channel_currents(
        model_of(stochastic(4000, **TWO_STATES), voltage=((0, 0), (1, 0)), duration=20.0)
    ).openings(1, 1)
    assert openings is not None
    early = openings.among(np.ones(4000, bool)).within(20.0)
    lasting = (early.closed - early.opened)[np.isfinite(early.opened) & (early.opened < 15.0)]
    assert len(lasting) > 30_000
    assert kstest(lasting, "expon", args=(0, 1 / 2.0)).pvalue > 1e-3


def test_a_channel_waits_for_its_first_opening_with_the_hazard_of_the_moment() -> None:
    """Under a ramp V = s t the rate α exp(V / k) has the integral α k / s (exp(s t / k) - 1)."""
    slope, k, alpha = 20.0, 16.0, 0.05  # mV/ms, mV, 1/ms
    gate = {"gate": (f"C <-> O : {alpha}*exp(V/{k}), 1e-9",), "open_states": ("O",)}
    rows = [(-1e-9, -900.0), *((float(t), slope * float(t)) for t in np.linspace(0, END, 301))]
    (openings,) = channel_currents(model_of(stochastic(20_000, **gate), voltage=rows)).openings(1, 1)
    assert openings is not None
    waited = alpha * k / slope * np.expm1(slope * openings.opened[np.isfinite(openings.opened)] / k)
    most = alpha * k / slope * np.expm1(slope * END / k)
    assert kstest(waited, lambda x: -np.expm1(-x) / -np.expm1(-most)).pvalue > 1e-3
    assert abs(len(waited) / 20_000 + np.expm1(-most)) < SIGMA * 0.5 / np.sqrt(20_000)


def test_waiting_times_are_exact_however_far_apart_the_rows_of_a_rate_are() -> None:
    """Between two rows a rate of 1 + 4 t has the integral t + 2 t², and one of 5 - 4 t 5 t - 2 t²."""
    scheme, ends, shut = KineticScheme.parse(["C -> O : exp(V/20)"], {}), np.array([0.0, 1.0]), np.array([1.0, 0.0])
    for first, last in ((1.0, 5.0), (5.0, 1.0)):
        gate = StochasticGate("c", scheme, ends, 20 * np.log([first, last]), shut, shut == 0, 20_000)
        opened = gate.openings(1, 1).opened
        passed = first * opened + (last - first) / 2 * opened**2
        assert kstest(passed, lambda x: np.expm1(-x) / np.expm1(-3.0)).pvalue > 1e-3


def test_no_channel_opens_before_the_voltage_jumps() -> None:
    gate = {"gate": ("C <-> O : 1e-6*exp((V+80)/6), 1.0",), "open_states": ("O",)}
    shape = ((0.0, -80.0), (0.5, -80.0), (1.0, 20.0))
    model = model_of(stochastic(1000, **gate), voltage=shape)
    assert model.stimulus is not None
    twice = model.changed(stimulus=model.stimulus.changed(times=[0, 1.7]))  # falls from 20 to -80 mV there
    (openings,) = channel_currents(twice).openings(1, 1)
    assert openings is not None
    assert openings.opened.min() > 0.7
    first = openings.opened[(openings.opened > 1.1)]
    assert len(first[(first > 1.7) & (first < 2.4)]) == 0
    assert len(first[first > 2.5]) > 500


def test_the_mean_charge_is_that_of_the_open_probability() -> None:
    """∫ i(V) over the openings of each channel, on average ∫ p i(V)."""
    group, openings = calyx()
    (mean,) = channel_currents(model_of(stochastic(1)).averaged()).groups
    ends = openings.closed.clip(max=END)
    charges = np.zeros(MANY)
    flowed = group.influx.polynomial.antiderivative()
    np.add.at(charges, openings.channel, flowed(ends) - flowed(openings.opened.clip(min=0)))
    expected = mean.influx.integral(0, END)
    assert abs(charges.mean() - expected) < SIGMA * charges.std() / np.sqrt(MANY)
    assert expected == pytest.approx(0.04318, rel=1e-3)
    first = openings.opened[0], openings.closed[0]
    assert flowed(first[1]) - flowed(first[0]) == pytest.approx(quad(group.influx.value, *first)[0], rel=1e-6)


def test_the_current_of_an_open_channel_is_that_of_its_conductance_alone() -> None:
    group, _ = calyx()
    stimulus, t = model_of().stimulus, np.linspace(0.1, 2.9, 30)
    assert stimulus is not None
    np.testing.assert_allclose(group.influx.value(t), 2.07e-3 * (61.8 - stimulus.voltage(t)), rtol=1e-4)


def same(a: Openings | None, b: Openings | None, channels: int | None = None) -> bool:
    assert a is not None
    assert b is not None
    chosen = np.arange(max(a.channels, b.channels)) < (channels or a.channels)
    a, b = (o.among(chosen[: o.channels]) for o in (a, b))
    return all(np.array_equal(*pair) for pair in ((a.channel, b.channel), (a.opened, b.opened), (a.closed, b.closed)))


def test_a_seed_and_a_trial_say_when_channels_open() -> None:
    currents = channel_currents(model_of(stochastic(50)))
    again = channel_currents(model_of(stochastic(50)))
    assert same(currents.openings(3, 7)[0], again.openings(3, 7)[0])
    assert not same(currents.openings(3, 7)[0], currents.openings(3, 8)[0])
    assert not same(currents.openings(3, 7)[0], currents.openings(4, 7)[0])


def test_neither_another_group_nor_more_channels_change_when_the_others_open() -> None:
    alone = channel_currents(model_of(stochastic(20, "a"))).openings(1, 1)[0]
    beside = channel_currents(model_of(stochastic(9, "b", **TWO_STATES), stochastic(20, "a"))).openings(1, 1)[1]
    more = channel_currents(model_of(stochastic(35, "a"))).openings(1, 1)[0]
    assert same(alone, beside)
    assert same(alone, more, 20)
    assert more is not None
    assert more.channel.max() > 20


def test_openings_that_are_given_are_those_of_every_trial() -> None:
    group = Channels(
        name="c", positions=((0, 0),) * 3, current=OHMIC, openings=([["0.2 ms", "0.5 ms"]], [], [[-1, 0.1], [0.3, 9]])
    )
    currents = channel_currents(model_of(group))
    openings = currents.openings(1, 5)[0]
    assert openings is not None
    states = {t: openings.are_open(t).tolist() for t in (0.0, 0.1, 0.2, 0.4, 0.5, 2.9)}
    assert states[0.0] == [False, False, True]
    assert states[0.1] == [False, False, False]
    assert states[0.2] == [True, False, False]
    assert states[0.4] == [True, False, True]
    assert states[0.5] == states[2.9] == [False, False, True]
    assert openings.are_open(0.5, before=True).tolist() == [True, False, True]
    both = group.changed(openings=[[0.2, 0.5], [0.7, 0.9]])
    assert both.openings == (((0.2, 0.5), (0.7, 0.9)),)
    assert both.openings_of_each == both.openings * 3


REFUSED = {
    "an opening at 0.5 ms cannot end at 0.2 ms": {"openings": [[0.5, 0.2]]},
    "the opening at 0.4 ms must come after the end of the one before, at 0.5 ms": {"openings": [[0.2, 0.5], [0.4, 1]]},
    "openings are 2 lists for 3 channels; give one list for all": {"openings": [[[0.2, 0.5]], []]},
    'gating = "stochastic": leave that out, or the openings': {
        "gating": "stochastic",
        "openings": [[0, 1]],
        **TWO_STATES,
    },
    'gating = "stochastic": needs a gate': {"gating": "stochastic", "current": {"kind": "constant", "amplitude": 0.1}},
    "'openings' is 'always'; write a list in square brackets": {"openings": "always"},
}


@pytest.mark.parametrize("said", REFUSED)
def test_openings_that_cannot_be_are_refused_in_one_sentence(said: str) -> None:
    with pytest.raises(ModelError) as refusal:
        Channels(**{"name": "c", "positions": ((0, 0),) * 3, "current": OHMIC, **REFUSED[said]})
    assert said in str(refusal.value)


@pytest.mark.parametrize("steps", [("C <-> O : 3.0, 2.0", "O -> I : 1.0"), ("O -> I : 1.0",)])
def test_channels_that_are_inactivated_for_ever_never_open_again(steps: tuple[str, ...]) -> None:
    """As often open as dp/dt = Q p says, from rest without the one-way step; a state without a way out is not left."""
    group = stochastic(20_000, gate=steps, open_states=("O",))
    (openings,) = channel_currents(model_of(group, voltage=((0, 0), (1, 0)))).openings(1, 1)
    assert openings is not None
    scheme = group.kinetics()
    for t in (0.3, 1.0, 2.5):
        p = float((expm(t * scheme.generator()) @ scheme.equilibrium())[scheme.states.index("O")])
        assert abs(openings.are_open(t).mean() - p) < SIGMA * np.sqrt(p * (1 - p) / 20_000)
    if len(steps) == 1:
        assert len(openings.opened) == 20_000
        assert kstest(openings.closed[openings.closed < END], lambda t: np.expm1(-t) / np.expm1(-END)).pvalue > 1e-3


def test_a_gate_that_never_moves_stays_where_it_began() -> None:
    (openings,) = channel_currents(model_of(stochastic(5, gate=("C <-> O : 0, 0",), open_states=("O",)))).openings(1, 1)
    assert openings is not None
    assert not np.isfinite(openings.opened).any()


def test_how_often_a_channel_is_to_go_from_state_to_state_is_known_beforehand() -> None:
    """At rest k_CO p_C + k_OC p_O; under an action potential as often as channels are drawn to do."""
    still, moved = stochastic(1, gate=("C <-> O : 3.0, 1.0",), open_states=("O",)), stochastic(20_000, **TWO_STATES)
    assert expected(still) == pytest.approx((3 * 0.25 + 1 * 0.75) * END, rel=1e-9)
    (openings,) = channel_currents(model_of(moved)).openings(1, 1)
    assert openings is not None
    changes = np.isfinite(openings.opened).sum() + np.isfinite(openings.closed).sum()
    assert changes / 20_000 == pytest.approx(expected(moved), rel=SIGMA / np.sqrt(changes))


def expected(kind: Channels) -> float:
    """How often one of them is to go from state to state under the action potential of the calyx."""
    model = model_of(kind)
    assert model.stimulus is not None
    times, occupied = _occupancy_table(kind, model.stimulus, END, 0.0)
    return transitions(kind.kinetics(), model.stimulus.voltage(times), occupied, times)


@pytest.mark.parametrize("sensing", [(), ("O + Ca <-> I : 0.5, 0.2",)], ids=["by voltage", "by calcium too"])
def test_a_gate_in_the_wrong_unit_is_refused_before_it_is_followed(sensing: tuple[str, ...]) -> None:
    group = stochastic(10, gate=("C <-> O : 8e5, 8e5", *sensing), open_states=("O",))
    with pytest.raises(InputError, match=r"channels 'c' would go .* about 2.\de\+06 times in 3 ms; at most 1e\+06 can"):
        channel_currents(model_of(group))


def test_binding_counts_among_what_a_channel_does() -> None:
    """At 5 µM half of the channels hold calcium and each goes to and fro at the mean of 2 and 2 /ms."""
    scheme = KineticScheme.parse(["O + Ca <-> I : 0.4, 2"], {})
    still = np.zeros(2)
    occupied = np.repeat(scheme.equilibrium(0.0, 5.0)[:, None], 2, axis=1)
    assert transitions(scheme, still, occupied, np.array([0.0, 3.0]), 5.0) == pytest.approx(2 * 3, rel=1e-12)
