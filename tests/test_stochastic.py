"""Runs in which channels open by themselves: they add up, balance, and see every opening when it happens."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import erfc

import rdcalcium as rc
from rdcalcium import library
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.errors import InputError
from rdcalcium.model import Channels, ConstantCurrent, Model, Probe, PulseCurrent
from rdcalcium.simulation import Simulation
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import small_model
from tests.support import each_backend, fresh, launched_ahead, simulate
from tests.tolerances import TOLERANCES

TWO = ((0.0, 0.0), (0.04, -0.02))
STEADY = ConstantCurrent(amplitude=0.1)
PROBES = tuple(Probe(name=f"{x} nm", position=(x / 1000, 0, 0)) for x in (10, 20, 30, 60))


def by_hand(*openings: object, positions: object = TWO, **changes: object) -> Model:
    """Channels of 0.1 pA that are open at these times, near some probes."""
    group = Channels(name="Ca", positions=positions, current=STEADY, openings=openings)
    return small_model(channels=(group,), probes=PROBES, **changes)


@cache
def cells() -> Discretization:
    """Those of all models here with two channels, whichever opens."""
    return discretize(by_hand(((0.05, 0.15),), ()))


def stochastic(seed: int = 1, duration: float = 1.0, count: int = 12, **changes: object) -> Model:
    """Calyx channels around a probe under an action potential."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    ring = tuple((0.05 * float(np.cos(a)), 0.05 * float(np.sin(a))) for a in angles)
    group = Channels(name="Cav", use="calyx_borst_sakmann1998", positions=ring, gating="stochastic")
    probes = (Probe(name="middle", position=(0, 0, 0)), Probe(name="beside", position=(0.055, 0, 0)))
    stimulus = library.load("keller2015").stimulus
    run = {"duration": duration, "seed": seed}
    return small_model(channels=(group,), stimulus=stimulus, probes=probes, run=run, **changes)


def traces(simulation: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Times of all steps to the end, and calcium at the probes then."""
    times, calcium = [0.0], [simulation.values[0]]
    simulation.run(lambda moment: (times.append(moment.t), calcium.append(moment.values[0])))  # type: ignore[func-returns-value]
    return np.array(times), np.array(calcium)


def test_a_channel_that_is_opened_by_hand_is_a_pulse_of_its_current() -> None:
    """Beside the pore too, where the field of the open channel is added, and after it has closed."""
    pulse = Channels(name="Ca", positions=TWO[:1], current=PulseCurrent(amplitude=0.1, start=0.05, duration=0.1))
    expected = traces(fresh(small_model(channels=(pulse,), probes=PROBES)))
    found = traces(fresh(by_hand(((0.05, 0.05 + 0.1),), positions=TWO[:1])))
    np.testing.assert_array_equal(found[0], expected[0])
    while_open = found[0] <= 0.15
    np.testing.assert_allclose(found[1][while_open], expected[1][while_open], rtol=TOLERANCES["run, float64"])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-3)  # what lingers is followed where cells miss most of it
    assert found[1].max() > 20


def test_a_channel_that_is_opened_by_hand_on_tetrahedra_is_a_pulse_too() -> None:
    pulse = Channels(name="Ca", positions=TWO[:1], current=PulseCurrent(amplitude=0.1, start=0.05, duration=0.1))
    parts = {"kind": "tetrahedra", "chemistry": "fixed", "run": {"duration": 0.2}}
    expected = simulate(small_model(channels=(pulse,), probes=PROBES, **parts))
    found = simulate(by_hand(((0.05, 0.05 + 0.1),), positions=TWO[:1], **parts))
    np.testing.assert_allclose(found.values, expected.values, rtol=TOLERANCES["run, float64"])


def test_channels_that_open_together_are_a_group_that_does() -> None:
    pulse = Channels(name="Ca", positions=TWO, current=PulseCurrent(amplitude=0.1, start=0.05, duration=0.1))
    expected = simulate(small_model(channels=(pulse,), probes=PROBES, run={"duration": 0.12}))
    found = simulate(by_hand(((0.05, 0.05 + 0.1),), run={"duration": 0.12}))
    np.testing.assert_allclose(found.values, expected.values, rtol=TOLERANCES["run, float64"])


def test_without_buffers_the_calcium_of_two_channels_adds_up() -> None:
    """Each opens at its own time; in control volumes, for what these miss is no sum."""
    open_times = (((0.05, 0.15),), ((0.1, 0.22), (0.25, 0.4)))
    rest = small_model().calcium.rest
    excess = []
    for choice in ((0,), (1,), (0, 1)):
        given = [each if i in choice else () for i, each in enumerate(open_times)]
        model = by_hand(*given, chemistry="no buffer", run={"tolerance": 1e-4})
        run = simulate(model, "compiled", cells())
        excess.append(run.do.to_host(run.stepper.y)[0] - rest)
    np.testing.assert_allclose(excess[0] + excess[1], excess[2], rtol=1e-3, atol=1e-3 * excess[2].max())


def test_a_closed_channel_is_as_good_as_none() -> None:
    """Though it is beside a probe: nothing is added there for a pore that lets nothing in."""
    other = Channels(name="Ca", positions=TWO[:1], current=STEADY, openings=((0.05, 0.15),))
    alone = small_model(channels=(other,), probes=PROBES)
    expected = traces(fresh(alone, "compiled", cells()))
    found = traces(fresh(by_hand(((0.05, 0.15),), ()), "compiled", cells()))
    np.testing.assert_allclose(found[1], expected[1], rtol=TOLERANCES["run, float64"])


def test_long_after_the_last_channel_has_closed_nothing_is_added() -> None:
    """Exactly nothing, though fields of many sizes came and went in another order."""
    positions = ((0.0, 0.0), (0.017, 0.003), (-0.011, 0.02), (0.007, -0.013))
    times = [((0.01 * i, 0.2 - 0.013 * i * i),) for i in range(4)]
    model = by_hand(*times, positions=positions, run={"duration": 4.0})
    (channels,) = fresh(model, "compiled", discretize(model)).points._each.values()
    assert all(field.max() > 1 for field in channels.fields(0.1, before_jump=True))
    assert all(np.all(field == 0) for field in channels.fields(3.9, before_jump=True))
    np.testing.assert_array_equal(channels.fields(0.1, before_jump=True), channels.fields(0.1, before_jump=True))


def test_the_steady_state_of_channels_that_open_by_chance_is_that_of_their_open_probability() -> None:
    by_chance = stochastic(chemistry="no buffer")
    found, expected = (rc.steady(model, 0.9, "z_max") for model in (by_chance, by_chance.averaged()))
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.entering == expected.entering > 0.1
    with pytest.raises(InputError, match="channels 'Ca' open at prescribed times, and a steady state knows no times"):
        rc.steady(by_hand(((0.1, 0.2),), ()), 0.15, "z_max")


@pytest.mark.parametrize("backend", each_backend())
def test_a_stochastic_run_is_the_same_on_every_backend(backend: str) -> None:
    model = stochastic(seed=1, duration=0.8)
    found, expected = (simulate(model, name, discretize(model)) for name in (backend, "numpy"))
    for ours, theirs in zip(found.influx.openings, expected.influx.openings, strict=True):
        assert ours is not None
        assert theirs is not None
        np.testing.assert_array_equal(ours.opened, theirs.opened)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-8)
    assert found.balance().relative_error < TOLERANCES["balance, float64"]


def test_a_device_that_is_never_waited_for_stops_at_every_opening() -> None:
    model = stochastic(seed=2)
    found, expected = launched_ahead(model, "compiled"), fresh(model)
    (times, calcium), (others, theirs) = traces(found), traces(expected)
    assert len(expected.influx.events) > 3
    assert set(expected.influx.events) <= set(others.tolist())
    np.testing.assert_allclose(times, others, rtol=1e-9)
    np.testing.assert_allclose(calcium, theirs, rtol=1e-8)


def test_what_enters_is_the_charge_of_the_openings() -> None:
    """Conductance times driving force over every interval in which a channel is open, by the trapezoidal rule."""
    simulation = simulate(stochastic(seed=3))
    (openings,), stimulus = simulation.influx.openings, simulation.model.stimulus
    assert openings is not None
    assert stimulus is not None
    charge = 0.0
    for opened, closed in zip(openings.opened.clip(min=0), openings.closed.clip(max=1.0), strict=True):
        t = np.linspace(opened, closed, 2001)
        charge += float(np.trapezoid(2.07e-3 * (61.8 - stimulus.voltage(t)), t))
    assert len(openings.opened) > 5
    assert simulation.balance().entered == pytest.approx(charge * AMOUNT_PER_CHARGE, rel=1e-3)
    assert simulation.balance().relative_error < TOLERANCES["balance, float64"]


def test_calcium_jumps_up_and_down_beside_a_single_channel() -> None:
    """A nanodomain comes and goes with its channel: i / (2 π D r) erfc(r / √(4 D t)) at 20 nm, less what lingers."""
    model = by_hand(((0.1, 0.2),), (), chemistry="no buffer")
    simulation = fresh(model)
    times, calcium = traces(simulation)
    at_20 = calcium[:, 1] - model.calcium.rest
    diffusivity = model.calcium.diffusivity
    reached = [erfc(0.02 / np.sqrt(4 * diffusivity * since)) for since in (0.1, 0.2)]
    nanodomain = 0.1 * AMOUNT_PER_CHARGE / (2 * np.pi * diffusivity * 0.02) * (2 * reached[0] - reached[1])
    before, during, after = (at_20[times <= t][-1] for t in (0.1, 0.2, 0.3))
    assert before == pytest.approx(0, abs=1e-6)
    assert during - after == pytest.approx(nanodomain, rel=0.05)


def test_a_run_goes_on_from_a_saved_state_with_the_same_openings() -> None:
    model = stochastic(seed=5)
    whole = fresh(model)
    whole.begin(3)
    halves = fresh(model)
    halves.begin(3)
    for _ in range(40):
        halves.advance()
    later = fresh(model)
    later.restore(halves.state())
    for run in (whole, later):
        run.run()
    np.testing.assert_array_equal(later.values, whole.values)
    assert later.steps == whole.steps


def test_a_trial_does_not_depend_on_those_before_it() -> None:
    model = stochastic(seed=5)
    alone, after = fresh(model), fresh(model)
    after.run()
    first = after.values
    for simulation in (alone, after):
        simulation.begin(2)
        simulation.run()
    np.testing.assert_array_equal(after.values, alone.values)
    assert after.steps == alone.steps
    assert not np.allclose(first, after.values)
