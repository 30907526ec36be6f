"""Sensors that bind: what they take is gone from the cytosol, and is all found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM
from rdcalcium.library import resolve
from rdcalcium.model import ModelError, Run, Sensor
from rdcalcium.simulation import Simulation
from rdcalcium.units import IONS_PER_AMOUNT
from tests.models import small_model
from tests.support import fresh, launched_ahead, simulate
from tests.tolerances import TOLERANCES

SIDE = 0.1  # µm
PULSE = {"kind": "pulse", "amplitude": "20 fA", "start": 0, "duration": 0.5}
FIVE_SITES = {"name": "vesicle", "use": "schneggenburger_neher2000"}
ONE_SITE = {
    "name": "site",
    "scheme": ["B + Ca <-> CaB : k_on, k_off", "CaB -> fused : gamma"],
    "parameters": {"k_on": 0.4, "k_off": 0.5, "gamma": 1e-12},
}


def binding(kind: str = "grid", molecules: float = 10, **changes: Any) -> rc.Model:
    """A small model with two vesicles in one place and one in another, that bind much of its calcium."""
    places = ((0.02, 0.0, 0.01), (0.0205, 0.0, 0.01), (-0.03, 0.02, 0.005))
    sensor = Sensor(**FIVE_SITES, positions=places, binds=True, molecules=molecules)
    return small_model(kind, "fixed", sensors=(sensor,), **changes)


def closed(sensors: list[dict[str, Any]], **changes: Any) -> rc.Model:
    """One control volume, into which a current flows for a while."""
    tables = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, SIDE]},
        "discretization": {"kind": "grid", "size_at_active_zone": SIDE},
        "sensors": sensors,
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": PULSE}],
        "run": {"duration": 3, "tolerance": 1e-5},
    }
    return resolve(tables | changes)


def rows(run: Simulation) -> np.ndarray:
    """Occupancies of the first kind of sensors, as the state has them, (states, sites)."""
    _, found = next(run.system.patches.split(run.do.sites(run.stepper.y)))
    return np.vstack([1 - found.sum(axis=0), found])


def by_mass_action(molecules: float) -> np.ndarray:
    """Calcium and the shares X0 to X5 and fused at the end, by LSODA: the scheme of five sites as it is printed."""
    on, off, b, fusion = 0.09, 9.5, 0.25, 6.0
    density = molecules / IONS_PER_AMOUNT / SIDE**3

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        c, x = y[0], y[1:]
        steps = [(5 - n) * on * c * x[n] - (n + 1) * off * b**n * x[n + 1] for n in range(5)]
        change = np.zeros(7)
        for n, flow in enumerate(steps):
            change[n] -= flow
            change[n + 1] += flow
        change[5] -= fusion * x[5]
        change[6] += fusion * x[5]
        current = 0.02 * 5.1821348 / SIDE**3 * (t < 0.5)
        return np.array([current - density * sum(steps) + 5 * density * fusion * x[5], *change])

    start = np.array([(0.05 * on / off) ** n / b ** (n * (n - 1) / 2) * [1, 5, 10, 10, 5, 1][n] for n in range(6)])
    y = np.array([0.05, *(start / start.sum()), 0])
    for span in ((0, 0.5), (0.5 + 1e-12, 3)):
        y = solve_ivp(rates, span, y, method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]
    return y


def test_in_one_compartment_they_follow_the_equations_of_mass_action() -> None:
    run = simulate(closed([{**FIVE_SITES, "positions": [[0, 0, 0.05]] * 2, "binds": True, "molecules": 10}]), "numpy")
    expected = by_mass_action(20)
    assert run.values[CALCIUM, 0] == pytest.approx(expected[0], rel=1e-4)
    np.testing.assert_allclose(rows(run)[:, 0], expected[1:], atol=2e-5)
    assert expected[-1] > 0.05  # some have fused, and let go of their calcium


def test_what_they_release_is_that_of_the_calcium_they_have_left() -> None:
    """The state has what they bind, and release is found beside it: both solve the same equations."""
    run = simulate(binding(run=Run(duration=0.3, tolerance=1e-4)), "numpy")
    at = run.system.discretization.nearest_volumes(np.array(run.model.sensors[0].positions))
    sites = np.searchsorted(run.system.patches.patches[0].volumes, at)
    np.testing.assert_allclose(run.sensors[0].occupancy.T, rows(run)[:, sites], atol=1e-4)
    assert run.sensors[0].probability().min() > 1e-8


def test_molecules_in_every_control_volume_are_a_fixed_buffer() -> None:
    total = 200.0
    places = [[x, y, z] for x in (-0.05, 0.05) for y in (-0.05, 0.05) for z in (0.05, 0.15)]
    tables = {"geometry": {"kind": "box", "size": [0.2, 0.2, 0.2]}, "probes": [{"name": "p", "position": places[1]}]}
    everywhere = {**ONE_SITE, "positions": places, "binds": True, "molecules": total * SIDE**3 * IONS_PER_AMOUNT}
    buffer = {"name": "B", "k_on": 0.4, "K_d": 1.25, "total": total, "diffusivity": 0}
    by_sites = simulate(closed([everywhere], **tables), "numpy")
    by_buffer = simulate(closed([], **tables, buffers=[buffer]), "numpy")
    assert by_sites.values[CALCIUM, -1] == pytest.approx(by_buffer.values[CALCIUM, 0], rel=1e-4)
    bound, buffered = by_sites.balance().bound["sensor site"], by_buffer.balance().bound["B"]
    assert bound == pytest.approx(buffered, rel=1e-4)
    assert bound > 10 * by_sites.balance().free


def test_few_molecules_leave_calcium_as_it_was() -> None:
    few, none = binding(molecules=1e-9), binding()
    none = none.changed(sensors=(none.sensors[0].changed(binds=False, molecules=1),))
    taken, left = (run.do.to_host(run.stepper.y) for run in (simulate(few), simulate(none)))
    np.testing.assert_allclose(taken, left, rtol=0, atol=1e-2 * left.max())


@pytest.mark.parametrize(
    ("kind", "method", "precision"),
    [("grid", "RKC2", "float64"), ("tetrahedra", "RKL2", "float64"), ("grid", "RKC2", "float32")],
)
def test_what_entered_is_free_or_bound_also_to_sensors(backend: str, kind: str, method: str, precision: str) -> None:
    run = simulate(binding(kind, run=Run(duration=0.3, method=method, precision=precision)), backend)
    balance = run.balance()
    assert balance.bound["sensor vesicle"] > 0.01 * balance.entered
    assert abs(balance.missing) < TOLERANCES[f"balance, {precision}"] * (balance.initial + balance.entered)


def test_they_take_calcium_away_where_they_are() -> None:
    many, few = (simulate(binding(molecules=n, run=Run(duration=0.1))) for n in (40, 1e-9))
    assert np.all(many.values[CALCIUM, :3] < 0.8 * few.values[CALCIUM, :3])


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
def test_a_device_with_binding_sensors_decides_as_the_host_does(open_run: Any, kernel_backend: str) -> None:
    run, twin = open_run(binding(), kernel_backend), fresh(binding(), "numpy")
    run.run()
    twin.run()
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    np.testing.assert_allclose(run.values, twin.values, rtol=TOLERANCES["run, float64"])
    np.testing.assert_allclose(rows(run), rows(twin), atol=TOLERANCES["run, float64"])


def test_mirrors_count_the_sensors_of_all_parts() -> None:
    on_plane = {**FIVE_SITES, "positions": [[0, 0, 0.05]], "binds": True, "molecules": 20}
    size = {"size_at_active_zone": SIDE / 2}
    whole = simulate(closed([on_plane], discretization={"kind": "grid", **size}), "numpy")
    mirrored = {"kind": "box", "size": [SIDE, SIDE, SIDE], "symmetry": ["x", "y"]}
    quarter = simulate(closed([on_plane], geometry=mirrored, discretization={"kind": "grid", **size}), "numpy")
    assert quarter.balance().entered == pytest.approx(whole.balance().entered)
    assert quarter.balance().bound["sensor vesicle"] == pytest.approx(whole.balance().bound["sensor vesicle"], rel=0.02)


def test_a_terminal_with_binding_sensors_rests() -> None:
    run = simulate(binding(channels=(), run=Run(duration=5)))
    assert np.abs(run.do.to_host(run.stepper.y) - run.system.rest).max() < 1e-6


def test_a_run_writes_what_its_sensors_hold(tmp_path: Path) -> None:
    result = rc.run(binding(), "compiled", tmp_path / "run")
    held = result.ledger["bound to sensor vesicle (uM um^3)"]
    assert held[-1] == pytest.approx(result.summary.ledger.bound["sensor vesicle"])
    assert result.ledger["relative error"].max() < TOLERANCES["balance, float64"]


def test_check_asks_for_three_cells_between_a_pore_and_what_sees_its_cell_as_it_is() -> None:
    model = binding()
    alone = model.changed(sensors=(model.sensors[0].changed(binds=False, molecules=1),))
    asked, content = (sum("several per cent off" in line for line in rc.check(one)) for one in (model, alone))
    assert (asked, content) == (3, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"binds": True, "molecules": 1e9}, r"should be less than or equal to 1000000.*; a vesicle has tens"),
        ({"molecules": 3}, r"has 3 molecules that take no calcium away; say binds = true"),
        (
            {"binds": True, "scheme": ["A <-> B : k_on, k_off", "B -> fused : gamma"]},
            r"has no step that binds calcium.*; leave binds out",
        ),
    ],
)
def test_what_cannot_bind_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Sensor(**{**ONE_SITE, "positions": [[0, 0, 0]], **changes})
