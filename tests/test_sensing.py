"""Channels that open by chance while calcium changes their gate: the master equation, waiting times, and runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.currents import channel_currents
from rdcalcium.model import Model
from rdcalcium.results.folder import CHANNELS, LEDGER, OPENINGS, STIMULUS, TRIALS
from rdcalcium.sensing import SensingGate
from rdcalcium.simulation import Simulation
from rdcalcium.units import AMOUNT_PER_CHARGE
from rdcalcium.view.run_folder import RunFolder
from tests.support import fresh, simulate
from tests.test_calcium_gates import AP, CLAMP, M2, REST, REVERSAL, SIDE, G, cluster, compartment, gated

SPOTS = [[0.0, 0.01 * i] for i in range(8)]


def drawn(**changes: Any) -> dict[str, Any]:
    """The same channels, each of which opens by itself."""
    return gated(**{"gating": "stochastic", "positions": SPOTS, **changes})


def gate_of(model: Model) -> SensingGate:
    (group,) = channel_currents(model).groups
    assert isinstance(group.gate, SensingGate)
    return group.gate


@pytest.mark.parametrize("stimulus", [AP, CLAMP])
def test_states_are_as_often_drawn_as_the_master_equation_says(stimulus: dict[str, Any]) -> None:
    """While calcium rises along a line that is steeper at some channels than at others; the clamp is in one step."""
    n, end = 600, 0.9
    model = compartment(drawn(positions=[[0, 0]] * 2 * n), stimulus=stimulus)
    gate = gate_of(model)
    gate = replace(gate, is_open=np.zeros_like(gate.is_open))  # nothing ends the step
    before, after = np.full(2 * n, REST), np.repeat([8.0, 30.0], n)
    split = 0.3
    middle = before + (after - before) * split / end
    at, _ = gate.through(gate.begin(1, 1), 0.0, split, (before, middle))
    at, changes = gate.through(at, split, end, (middle, after))
    assert np.isinf(changes).all()
    scheme, start = gate.scheme, gate.start
    for part, top in ((slice(0, n), 8.0), (slice(n, None), 30.0)):

        def slope(t: float, p: np.ndarray, top: float = top) -> np.ndarray:
            v = float(model.stimulus.voltage(np.array(t)))  # type: ignore[union-attr]
            return scheme.generator(v, REST + (top - REST) * t / end) @ p

        way = {"method": "LSODA", "rtol": 1e-8, "atol": 1e-10, "max_step": 0.01}
        p = solve_ivp(slope, (0, split - 1e-9), start, **way).y[:, -1]
        p = solve_ivp(slope, (split + 1e-9, end), p, **way).y[:, -1]
        share = np.bincount(at.states[part], minlength=len(p)) / n
        assert np.all(np.abs(share - p) <= 4 * np.sqrt(p * (1 - p) / n) + 1 / n)
        assert p[-1] > 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_gate_that_calcium_hardly_changes_opens_as_an_ordinary_one_does(seed: int) -> None:
    """From the same random numbers, at the same times."""
    run = {"duration": 1.5, "tolerance": 1e-2, "seed": seed}
    sensing = simulate(compartment(drawn(k_on=1e-12), run=run), "numpy").influx.openings[0]
    usual = simulate(compartment(drawn(gate=M2, parameters={}), run=run), "numpy").influx.openings[0]
    assert sensing is not None
    assert usual is not None
    usual = usual.within(1.5)
    assert len(usual.channel) > 2
    order, other = (np.lexsort((o.opened, o.channel)) for o in (sensing, usual))
    np.testing.assert_array_equal(sensing.channel[order], usual.channel[other])
    np.testing.assert_allclose(sensing.opened[order], usual.opened[other], atol=1e-4)
    ends = (np.minimum(o.closed[i], 1.5) for o, i in ((sensing, order), (usual, other)))
    np.testing.assert_allclose(*ends, atol=1e-4)


def test_a_channel_is_shut_by_what_it_has_let_in() -> None:
    """Alone in a compartment it fills it as long as it is open, a s in a time s, and is shut at k (c₀ + a s).

    So it stays open longer than s with the probability exp(-k (c₀ s + a s²/2)), exactly.
    """
    k, current = 0.4, {"kind": "ohmic", "conductance": "2 pS", "reversal": "60 mV"}
    gate = ["C -> O : 3", "O + Ca -> I : k"]
    channel = {"name": "one", "positions": [[0, 0]], "gate": gate, "open_states": ["O"], "parameters": {"k": k}}
    clamp = {"kind": "voltage_step", "holding": 0, "steps": [{"level": 0, "start": "5 ms", "duration": "1 ms"}]}
    run = {"duration": 4, "tolerance": 1e-2, "trials": 100}
    model = compartment({**channel, "current": current, "gating": "stochastic"}, stimulus=clamp, run=run)
    a, found = G * REVERSAL * AMOUNT_PER_CHARGE / SIDE**3, []
    simulation = fresh(model, "numpy")
    for trial in range(1, 101):
        simulation.begin(trial)
        simulation.run()
        (openings,) = simulation.influx.openings
        assert openings is not None
        found += (openings.closed - openings.opened)[np.isfinite(openings.closed)].tolist()
    s = np.array(found)
    assert len(s) > 95
    assert stats.kstest(k * (REST * s + a * s * s / 2), stats.expon.cdf).pvalue > 1e-3
    assert stats.kstest(k * REST * s, stats.expon.cdf).pvalue < 1e-6  # its own calcium it is


def by_chance(**run: Any) -> Model:
    """Channels in a small terminal that shut each other, and are watched."""
    parts = {"gating": "stochastic", "positions": SPOTS[:6], "conductance": "4 pS", "k_on": 0.2}
    record = {"openings": True, "every": 0.02}
    return cluster().changed(channels=[gated(**parts)], record=record, run={"duration": 1.0, "seed": 2, **run})


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_what_entered_is_free_or_bound(backend: str, precision: str) -> None:
    run = simulate(by_chance(precision=precision, duration=0.8), backend)
    balance = run.balance()
    assert balance.entered > 0.01
    assert abs(balance.missing) < {"float64": 1e-12, "float32": 1e-5}[precision] * (balance.initial + balance.entered)


def test_the_same_channels_open_on_every_backend(kernel_backend: str) -> None:
    runs = [simulate(by_chance(), name) for name in ("numpy", kernel_backend)]
    first, second = (run.influx.openings[0] for run in runs)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.channel, second.channel)
    np.testing.assert_allclose(first.opened, second.opened, rtol=1e-9)
    assert runs[0].steps == runs[1].steps


def test_a_step_ends_at_every_opening_and_closing() -> None:
    run, ends = fresh(by_chance(), "numpy"), []
    run.run(lambda moment: ends.append(moment.t))
    openings = run.influx.openings[0]
    assert openings is not None
    assert len(openings.events) > 4
    assert set(openings.events) <= set(ends)


def test_a_run_goes_on_as_if_it_had_not_stopped() -> None:
    run, twin = fresh(by_chance(), "numpy"), fresh(by_chance(), "numpy")
    for _ in range(60):
        run.advance()
    state: Any = run.state()
    twin.restore(state)
    ends = [(one.run(), one.balance(), one.influx.openings[0]) for one in (run, twin)]
    assert ends[0][1] == ends[1][1]
    assert ends[0][2] is not None
    assert ends[1][2] is not None
    np.testing.assert_array_equal(ends[0][2].opened, ends[1][2].opened)
    np.testing.assert_array_equal(run.values, twin.values)


def test_a_run_writes_how_many_are_open_and_the_view_draws_it(tmp_path: Path) -> None:
    whole = rc.run(by_chance(), "numpy", tmp_path / "whole")
    stops = iter([False] * 60 + [True])
    rc.run(by_chance(), "numpy", tmp_path / "parts", should_stop=lambda: next(stops))
    rc.resume(tmp_path / "parts", "numpy")
    for name in (CHANNELS, OPENINGS, LEDGER):
        assert (tmp_path / "whole" / name).read_text() == (tmp_path / "parts" / name).read_text()
    table, openings = whole.table(CHANNELS), whole.openings
    t, count = table["time (ms)"], table["CDI: open channels"]
    told = [np.sum((openings.time.values < at) & (openings.closes.values >= at)) for at in t[1:]]
    np.testing.assert_array_equal(count[1:], told)
    np.testing.assert_array_equal(whole.channels["CDI"].open_channels, count)
    assert whole.channels["CDI"].current.attrs["units"] == "pA"
    assert "CDI: current (pA)" not in whole.table(STIMULUS)
    times, current = RunFolder(tmp_path / "whole").currents()["CDI"]
    np.testing.assert_array_equal(times, t)
    assert current.min() < -0.1


def test_trials_differ_and_are_those_of_their_number(tmp_path: Path) -> None:
    model = by_chance(trials=3, duration=0.76)
    result = rc.run(model, "numpy", tmp_path / "run")
    alone: Simulation = fresh(model, "numpy")
    alone.begin(3)
    alone.run()
    (openings,) = alone.influx.openings
    assert openings is not None
    third = result.openings.where(result.openings.trial == 3, drop=True)
    np.testing.assert_array_equal(third.time, openings.within(0.76).opened.clip(0))
    assert len(set(result.table(TRIALS)["charge (pA ms)"].tolist())) == 3


def test_the_channel_of_the_library_is_shut_by_calcium() -> None:
    """Its open probability at 0 mV is x⁴ f/g / (1 + r (1 + 3 x)⁴ + x⁴ f/g), r = γ c / ω and x = α / (α + β)."""
    channels = rc.channels("L_type_jafri1998", positions=[[0, 0]])
    scheme, alpha, beta = channels.kinetics(), 0.4 * np.exp(1.2), 0.05 * np.exp(-12 / 13)
    x, ratio = alpha / (alpha + beta), 0.15
    for calcium in (0.05, 1.0, 30.0):
        p = scheme.equilibrium(0.0, calcium)[scheme.states.index("O")]
        expected = x**4 * ratio / (1 + 0.1875e-3 * calcium / 0.01 * (1 + 3 * x) ** 4 + x**4 * ratio)
        assert p == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "beside",
    [
        {"pumps": [{"name": "out", "law": "0.1*Ca"}]},
        {"pumps": [{"use": "PMCA_bartol2015", "density": "1000 /um^2"}]},
    ],
    ids=["without states", "with states"],
)
def test_channels_drawn_beside_pumps_are_written(beside: dict[str, Any], tmp_path: Path) -> None:
    rc.run(compartment(drawn(), **beside), "numpy", tmp_path / "run")
    assert len((tmp_path / "run" / CHANNELS).read_text().splitlines()) > 2


def test_turns_that_are_over_are_forgotten_and_drawn_anew_where_a_step_is_taken_again() -> None:
    """Else a channel that flickers would keep every number that it ever used."""
    flickering = ["C <-> O : 50, 50", "O + Ca <-> I : 0.5, 5"]
    gate = gate_of(compartment(drawn(gate=flickering, parameters={}), stimulus=CLAMP))
    calm = np.full(len(SPOTS), REST)
    start = gate.begin(1, 1)
    first, _ = gate.through(start, 0.0, 0.001, (calm, calm))
    at = first
    for t in 0.001 * np.arange(1, 1000):
        at, _ = gate.through(at, t, t + 0.001, (calm, calm))
    assert at.turns.min() > 10
    assert len(gate._drawn) <= np.ptp(at.turns) + 4
    again, _ = gate.through(start, 0.0, 0.001, (calm, calm))
    np.testing.assert_array_equal(again.states, first.states)
    np.testing.assert_array_equal(again.waits, first.waits)
