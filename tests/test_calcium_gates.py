"""Channels whose gate calcium changes: the master equation, and what they let into a compartment that shuts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM
from rdcalcium.integrators import limits
from rdcalcium.library import resolve
from rdcalcium.model import Channels, Model, ModelError, Run, VoltageSteps
from rdcalcium.patches.pores import voltage_course
from rdcalcium.results.folder import CHANNELS
from rdcalcium.simulation import Simulation
from rdcalcium.units import AMOUNT_PER_CHARGE
from tests.models import small_model
from tests.support import fresh, simulate
from tests.tolerances import TOLERANCES

SIDE, REST, G, REVERSAL = 0.3, 0.05, 2e-3, 60.0  # µm, µM, pA mV⁻¹, mV
M2 = ["C0 <-> C1 : 2*1.78*exp(V/23.3), 0.14*exp(-V/15)", "C1 <-> O : 1.78*exp(V/23.3), 2*0.14*exp(-V/15)"]
INACTIVATION = ["O + Ca <-> I : k_on, k_off"]
AP = {"kind": "action_potential", "waveform": "calyx_keller2015"}
CLAMP = {"kind": "voltage_step", "holding": "-80 mV",
         "steps": [{"level": "0 mV", "start": "0.3 ms", "duration": "0.7 ms"}]}  # fmt: skip


def gated(k_on: float = 0.5, conductance: str = "2 pS", **changes: Any) -> dict[str, Any]:
    """Channels of two gates, which calcium inactivates while they are open."""
    parts = {
        "name": "CDI",
        "positions": [[0, 0]],
        "gate": M2 + INACTIVATION,
        "open_states": ["O"],
        "parameters": {"k_on": k_on, "k_off": 0.2},
        "current": {"kind": "ohmic", "conductance": conductance, "reversal": "60 mV"},
    }
    return parts | changes


def compartment(channels: dict[str, Any], **changes: Any) -> Model:
    """One control volume."""
    tables = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, SIDE]},
        "discretization": {"kind": "grid", "size_at_active_zone": SIDE},
        "channels": [channels],
        "stimulus": AP,
        "probes": [{"name": "p", "position": [0, 0, SIDE / 2]}],
        "run": {"duration": 2, "tolerance": 1e-4},
    }
    return resolve(tables | changes)


def by_hand(model: Model, k_on: float, conductance: float) -> np.ndarray:
    """Calcium, C0, C1, O and I at the end, by LSODA, of one channel in one compartment."""
    assert model.stimulus is not None
    rest = model.calcium.rest

    def rates(t: float, y: np.ndarray) -> list[float]:
        c, c0, c1, o, i = y
        v = float(model.stimulus.voltage(np.array(t)))
        a, b = 1.78 * np.exp(v / 23.3), 0.14 * np.exp(-v / 15)
        first, second, shut = 2 * a * c0 - b * c1, a * c1 - 2 * b * o, k_on * c * o - 0.2 * i
        current = conductance * (REVERSAL - v) * o
        return [current * AMOUNT_PER_CHARGE / SIDE**3, -first, first - second, second - shut, shut]

    v = float(model.stimulus.voltage(np.array(-np.inf)))
    ratio = 1.78 * np.exp(v / 23.3) / (0.14 * np.exp(-v / 15))
    start = np.array([1, 2 * ratio, ratio**2, ratio**2 * k_on * rest / 0.2])
    y = np.array([rest, *(start / start.sum())])
    for span in ((0, 0.3), (0.3 + 1e-9, 1.0), (1.0 + 1e-9, 2.0)):
        y = solve_ivp(rates, span, y, method="LSODA", rtol=1e-9, atol=1e-12, max_step=0.01).y[:, -1]
    return y


def states(run: Simulation) -> np.ndarray:
    """C0, C1, O and I of the only channel."""
    ((_, rows),) = run.system.patches.split(run.do.sites(run.stepper.y))
    return np.array([1 - rows[:3, 0].sum(), *rows[:3, 0]])


@pytest.mark.parametrize("stimulus", [AP, CLAMP])
def test_in_a_calcium_that_stays_the_states_follow_the_master_equation(stimulus: dict[str, Any]) -> None:
    model = compartment(gated(conductance="1e-9 pS"), calcium={"rest": 5}, stimulus=stimulus)
    expected = by_hand(model, 0.5, 1e-12)
    assert expected[4] > 0.05
    np.testing.assert_allclose(states(simulate(model, "numpy")), expected[1:], atol=2e-4)


def test_what_enters_shuts_the_channel_as_in_one_compartment() -> None:
    model = compartment(gated())
    run, expected, never = simulate(model, "numpy"), by_hand(model, 0.5, G), by_hand(model, 1e-9, G)
    np.testing.assert_allclose(states(run), expected[1:], atol=2e-4)
    assert run.values[CALCIUM, 0] == pytest.approx(expected[0], rel=1e-3)
    assert run.balance().entered == pytest.approx((expected[0] - REST) * SIDE**3, rel=1e-3)
    assert expected[0] - REST < 0.9 * (never[0] - REST)


@pytest.mark.parametrize("stimulus", [AP, CLAMP])
def test_a_gate_that_calcium_hardly_changes_is_an_ordinary_one(stimulus: dict[str, Any]) -> None:
    """Near the pore too, where calcium is corrected for what the cells miss."""
    positions, run = [[0.0, 0.0], [0.0, 0.03]], Run(duration=0.95, tolerance=1e-3)
    hardly = gated(k_on=1e-9, positions=positions)
    ordinary = gated(positions=positions, gate=M2, parameters={})
    sensing, usual = (
        simulate(small_model("grid", "fixed", channels=(Channels(**c),), stimulus=stimulus, run=run), "numpy")
        for c in (hardly, ordinary)
    )
    assert sensing.balance().entered == pytest.approx(usual.balance().entered, rel=1e-3)  # the tolerance
    np.testing.assert_allclose(sensing.values[CALCIUM], usual.values[CALCIUM], rtol=2e-3)
    assert usual.values[CALCIUM].max() > 1


def cluster(**run: Any) -> Model:
    """Channels in a small terminal that shut each other."""
    channels = Channels(**gated(k_on=0.2, positions=[[0.0, 0.0], [0.03, 0.0], [-0.03, 0.02]]))
    return small_model("grid", "fixed", channels=(channels,), stimulus=AP, run=Run(duration=1.2, **run))


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_what_entered_is_free_or_bound(backend: str, precision: str) -> None:
    balance = simulate(cluster(precision=precision), backend).balance()
    assert balance.entered > 0.01
    assert abs(balance.missing) < TOLERANCES[f"balance, {precision}"] * (balance.initial + balance.entered)


def test_kernels_decide_as_the_specification_does(kernel_backend: str) -> None:
    run, twin = simulate(cluster(), kernel_backend), simulate(cluster(), "numpy")
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    np.testing.assert_allclose(run.values, twin.values, rtol=TOLERANCES["run, float64"])


def test_a_quiet_stretch_after_an_action_potential_is_crossed_by_implicit_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The voltage, which gate and exchanger follow, rests then; channels recover as in explicit steps."""
    tables = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, SIDE]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.015, "size_in_bulk": 0.1},
        "channels": [gated()],
        "buffers": [{"use": "fixed_keller2015"}],
        "pumps": [{"use": "NCX_rameshkumar2025"}],
        "stimulus": AP,
        "run": {"duration": 20, "tolerance": 1e-3},
    }
    ends, taken = [], []
    for above in (5.0, np.inf):
        monkeypatch.setattr(limits, "IMPLICIT_FROM", above)
        monkeypatch.setattr(limits, "IMPLICIT_ON", 3.0)
        run = simulate(resolve(tables))
        ends.append((run.do.to_host(run.stepper.y), run.do.sites(run.stepper.y)))
        taken.append(run.stepper.evaluations)
        assert abs(run.balance().missing) < TOLERANCES["balance, float64"] * run.balance().entered
    assert taken[0] < 0.7 * taken[1]
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=2e-3)
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=2e-3, atol=1e-4)


def test_a_run_goes_on_as_if_it_had_not_stopped() -> None:
    run, twin = fresh(cluster(), "numpy"), fresh(cluster(), "numpy")
    for _ in range(30):
        run.advance()
    twin.restore(run.state())
    run.run()
    twin.run()
    assert run.balance() == twin.balance()
    assert np.array_equal(run.values, twin.values)


@pytest.mark.parametrize("every", [None, "0.05 ms"])
def test_a_run_writes_how_open_its_channels_are(every: str | None, tmp_path: Path) -> None:
    result = rc.run(cluster().changed(record={"every": every}), "numpy", tmp_path / "run")
    table = result.table(CHANNELS)
    t, current = table["time (ms)"], table["CDI: current (pA)"]
    np.testing.assert_array_equal(t, result.table("probes.csv")["time (ms)"])
    charge = -np.trapezoid(current, t) * AMOUNT_PER_CHARGE
    assert charge == pytest.approx(result.ledger["entered (uM um^3)"][-1], rel=0.03)
    assert 0.1 < table["CDI: open probability"].max() < 1
    assert "CDI: current (pA)" not in result.stimulus


def test_what_cells_miss_near_a_pore_is_that_of_the_current_which_flows(tmp_path: Path) -> None:
    """A channel that is said to let in the same current brings the same calcium; undisturbed it would be twice that."""

    def near(channels: dict[str, Any]) -> Model:
        probe = {"name": "near", "position": [0.03, 0, 0.01]}
        cells = {"kind": "grid", "size_at_active_zone": 0.02, "size_in_bulk": 0.02}
        box = {"kind": "box", "size": [0.4, 0.4, 0.2]}
        run = {"duration": 1.5, "tolerance": 1e-3}
        return compartment(channels, geometry=box, discretization=cells, probes=[probe], run=run, stimulus=CLAMP)

    sensing = rc.run(near(gated(k_on=0.4)), "numpy", tmp_path / "sensing")
    found = sensing.table(CHANNELS)
    current = {"kind": "table", "times": found["time (ms)"], "values": -found["CDI: current (pA)"]}
    said = rc.run(near({"name": "said", "positions": [[0, 0]], "current": current}), "numpy", tmp_path / "said")
    times = np.linspace(0.4, 0.99, 30)
    seen, expected = (
        np.interp(times, run.table("probes.csv")["time (ms)"], run.table("probes.csv")["near: Ca (uM)"])
        for run in (sensing, said)
    )
    np.testing.assert_allclose(seen, expected, rtol=5e-3)


def test_check_says_how_near_to_the_pore_its_calcium_is_that_of_the_gate() -> None:
    (line,) = (line for line in rc.check(cluster()) if "sense" in line)
    assert "channels 'CDI' sense calcium: each sees that of its own control volume (15 nm)" in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gate": [*M2, "O + Mg <-> I : k_on, k_off"]}, r"a gate may bind Ca, but not Mg"),
    ],
)
def test_gates_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Channels(**gated(**changes))


@pytest.mark.parametrize("length", [1e-5, 5e-5, 1e-4, 0.01])
def test_a_voltage_step_of_nanoseconds_is_a_course_of_time(length: float) -> None:
    """Its times ascend, so that the voltage has a value at each; away from the jumps it is that of the clamp."""
    steps = [{"level": 0, "start": 0.3, "duration": length}, {"level": 20, "start": 0.3 + length, "duration": 0.2}]
    clamp = VoltageSteps(holding=-80, steps=steps)
    course = voltage_course(clamp, 1.0)
    assert np.all(np.diff(course.times) > 0)
    assert course.at(0.3 + 0.9 * length) == pytest.approx(0.0)
    assert course.at([0.299, 0.499, 0.6]) == pytest.approx([-80, 20, -80])
