"""Stores, gates and pumps with states of their own: the equations of one compartment, rest, and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import rdcalcium as rc
from rdcalcium.errors import InputError
from rdcalcium.library import resolve
from rdcalcium.model import ModelError, Pump
from rdcalcium.model.stores import StoreTransport
from rdcalcium.patches.stiffness import jacobian
from rdcalcium.simulation import Simulation
from rdcalcium.units import IONS_PER_AMOUNT
from tests.model_tables import completed
from tests.support import fresh, launched_ahead, simulate
from tests.tolerances import TOLERANCES

SIDE, VOLUME, STORE_REST, RATIO = 0.1, 2e-4, 100.0, 4.0  # µm, µm³, µM
CURRENT = {"kind": "pulse", "amplitude": "2 fA", "start": 0, "duration": 20}
AREA_OVER_VOLUME, LUMEN = 1 / SIDE, VOLUME * (1 + RATIO)
SERCA = {"use": "SERCA_li_rinzel1994", "name": "SERCA", "parameters": {"V_max": "2e-3 uM*um/ms"}}
IP3R = {"use": "IP3R_li_rinzel1994", "name": "IP3R", "parameters": {"P": "1e-4 um/ms", "IP3": "0.4 uM"}}
RYR = {"use": "RyR_keizer_levine1996", "name": "RyR", "parameters": {"P": "1e-4 um/ms"}}
RYR_4 = {**RYR, "use": "RyR_4_states_keizer_levine1996"}
PORE = {
    "name": "pore",
    "law": "-P*O*(Ca_store - Ca)",
    "scheme": ["C + Ca <-> B : k_on, k_off", "B <-> O : a, b*Ca"],
    "parameters": {"P": 1e-5, "k_on": 0.5, "k_off": 0.3, "a": 0.02, "b": 0.1},
}


def cell(*transports: dict[str, Any], **changes: Any) -> rc.Model:
    """One control volume with a store behind one of its faces, and a current into it."""
    store = {"name": "ER", "surface": "x_max", "volume": VOLUME, "rest": STORE_REST, "binding_ratio": RATIO}
    tables = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, SIDE]},
        "discretization": {"kind": "grid", "size_at_active_zone": SIDE},
        "stores": [{**store, "transports": [*transports]}],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": CURRENT}],
        "run": {"duration": 60, "tolerance": 1e-5},
    }
    return resolve(tables | changes)


def well_mixed(flux: Callable[[float, float, np.ndarray], float], gates: Any, start: list[float]) -> np.ndarray:
    """Calcium, the free calcium of the store and gates at the end, by LSODA; the leak balances the flux at rest."""
    leak = flux(0.05, STORE_REST, np.array(start)) / (STORE_REST - 0.05)

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        c, store, x = y[0], y[1], y[2:]
        inwards = flux(c, store, x) - leak * (store - c)
        current = 2e-3 * 5.1821348 / SIDE**3 * (t < 20)
        return np.array([current - inwards * AREA_OVER_VOLUME, inwards * SIDE**2 / LUMEN, *gates(c, x)])

    y = np.array([0.05, STORE_REST, *start])
    for span in ((0, 20), (20 + 1e-12, 60)):
        y = solve_ivp(rates, span, y, method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    return y


def serca(c: float) -> float:
    return 2e-3 * c**2 / (0.1**2 + c**2)


def ip3r(c: float, store: float, x: np.ndarray) -> float:
    m, n, h = 0.4 / (0.4 + 0.13), c / (c + 0.08234), x[0]
    return serca(c) - 1e-4 * (m * n * h) ** 3 * (store - c)


def ip3r_gate(c: float, x: np.ndarray) -> list[float]:
    q = 1.049 * (0.4 + 0.13) / (0.4 + 0.9434)
    return [(q / (q + c) - x[0]) * 0.2e-3 * (q + c)]


def ryr_equilibrium(c: float) -> tuple[float, float]:
    """Shares of O1, and of O1 and O2, among C1, O1 and O2."""
    a, b = 28.8 / 1500 / c**4, 1500 / 385.9 * c**3
    return 1 / (1 + a + b), (1 + b) / (1 + a + b)


def ryr_adapts(c: float, x: np.ndarray) -> list[float]:
    return [0.1e-3 * (1 - x[0]) - 1.75e-3 * x[0] * ryr_equilibrium(c)[0]]


def pore_states(c: float, x: np.ndarray) -> list[float]:
    """B and O."""
    bound, is_open = x
    binds, opens = 0.5 * c * (1 - bound - is_open) - 0.3 * bound, 0.02 * bound - 0.1 * c * is_open
    return [binds - opens, opens]


def four_states(c: float, x: np.ndarray) -> list[float]:
    """O1, O2 and C2 of the ryanodine receptor of Keizer & Levine 1996, with constants in seconds."""
    o1, o2, c2 = x
    opens = 1500 * c**4 * (1 - o1 - o2 - c2) - 28.8 * o1
    wider, adapts = 1500 * c**3 * o1 - 385.9 * o2, 1.75 * o1 - 0.1 * c2
    return [1e-3 * (opens - wider - adapts), 1e-3 * wider, 1e-3 * adapts]


CASES = {
    "IP3R": ((SERCA, IP3R), ip3r, ip3r_gate),
    "RyR": ((SERCA, RYR), lambda c, s, x: serca(c) - 1e-4 * x[0] * ryr_equilibrium(c)[1] * (s - c), ryr_adapts),
    "states": ((SERCA, PORE), lambda c, s, x: serca(c) - 1e-5 * x[1] * (s - c), pore_states),
}


@pytest.mark.parametrize("case", CASES)
def test_a_store_and_its_cytosol_are_the_equations_of_two_compartments(case: str) -> None:
    transports, flux, gates = CASES[case]
    run = fresh(cell(*transports))
    ((patch, _),) = run.system.patches.split(run.system.patches.start)
    start = [row.start for row in patch.mechanism.rows[1:]]
    assert np.abs(gates(0.05, np.array(start))).max() < 1e-9  # gates and states begin in their steady state
    run.run()
    expected = well_mixed(flux, gates, start)
    calcium = run.do.to_host(run.stepper.y)[0, 0]
    stored = run.balance().stored["ER"] / LUMEN
    rows = run.do.sites(run.stepper.y)[1:]
    assert calcium == pytest.approx(expected[0], rel=1e-3)
    assert stored == pytest.approx(expected[1], rel=1e-4)
    assert rows == pytest.approx(expected[2:], rel=1e-3)
    assert abs(calcium - 0.05) > 0.01
    assert abs(stored - STORE_REST) > 0.1


def around_a_vesicle(kind: str, **changes: Any) -> rc.Model:
    """A box with a store behind the surface of a vesicle, and pumps with states of their own on its walls."""
    fine = {"size_at_active_zone": 0.03, "size_in_bulk": 0.06}
    tables = {
        "geometry": {"kind": "box", "size": [0.3, 0.3, 0.2],
                     "obstacles": [{"kind": "sphere", "centre": [0.04, 0.03, 0.1], "radius": 0.05}]},
        "discretization": {"kind": kind, **fine},
        "stores": [{"name": "ER", "volume": 4e-4, "rest": 100, "transports": [SERCA, IP3R, RYR]}],
        "pumps": [PMCA],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": {**CURRENT, "amplitude": "0.05 pA"}}],
        "run": {"duration": 1},
    }  # fmt: skip
    return resolve(tables | changes)


PMCA = {
    "name": "PMCA",
    "scheme": ["P + Ca <-> PCa : k_on, k_off", "PCa -> P : k_out"],
    "density": "180 /um^2",
    "parameters": {"k_on": "150 /mM/ms", "k_off": "15 /s", "k_out": "60 /s"},
}


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_what_entered_is_free_bound_pumped_or_stored(backend: str, kind: str) -> None:
    run = simulate(around_a_vesicle(kind), backend)
    balance = run.balance()
    assert [*balance.bound, *balance.pumped, *balance.stored] == ["PMCA", "PMCA", "ER"]
    assert abs(balance.stored["ER"] / (4e-4 * 100) - 1) > 1e-3
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)


def test_mirrors_count_the_stores_of_all_parts() -> None:
    """A quarter of a well-mixed box with a quarter of the current has the calcium of the whole, also in the store."""
    sides = {"geometry": {"kind": "box", "size": [SIDE] * 3, "symmetry": ["x", "y"]}}
    halves = {"discretization": {"kind": "grid", "size_at_active_zone": [SIDE / 2, SIDE / 2, SIDE]}}
    (store,) = cell(SERCA, IP3R).stores
    surface = {"stores": [{**store.model_dump(), "surface": "z_max"}]}
    whole, quarter = fresh(cell(**surface)), fresh(cell(**sides, **halves, **surface))
    for run in (whole, quarter):
        run.run()
    assert whole.balance().stored["ER"] / LUMEN - STORE_REST > 0.1
    assert quarter.balance().stored["ER"] == pytest.approx(whole.balance().stored["ER"], rel=1e-4)
    assert quarter.balance().free == pytest.approx(whole.balance().free, rel=1e-2)


def test_a_terminal_with_stores_rests_while_nothing_enters(backend: str) -> None:
    run = simulate(around_a_vesicle("grid", channels=[], run={"duration": 5}), backend)
    drift = np.abs(run.do.to_host(run.stepper.y) - run.system.rest).max()
    assert drift < 1e-9
    assert np.abs(run.do.sites(run.stepper.y) - run.system.patches.start).max() < 1e-9


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
def test_stores_and_states_are_the_same_on_every_backend(
    open_run: Callable[..., Simulation], kernel_backend: str
) -> None:
    run, twin = open_run(around_a_vesicle("grid"), kernel_backend), fresh(around_a_vesicle("grid"), "numpy")
    run.run()
    twin.run()
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    sites = [r.do.sites(r.stepper.y) for r in (run, twin)]
    np.testing.assert_allclose(*sites, rtol=TOLERANCES["run, float64"], atol=1e-12)


def test_a_pump_with_states_binds_and_takes_out_as_its_equations_say() -> None:
    """Calcium, the share of pumps that hold an ion, and what they have taken out, beside LSODA."""
    sigma, k_on, k_off, k_out = 180 / IONS_PER_AMOUNT, 0.15, 0.015, 0.06
    held = k_on * 0.05 / (k_on * 0.05 + k_off + k_out)
    run = fresh(
        cell(stores=[], channels=[], pumps=[{**PMCA, "surface": "x_max"}], run={"duration": 10, "tolerance": 1e-5})
    )
    assert run.do.sites(run.stepper.y) == pytest.approx([0, held], rel=1e-12)
    run.stepper.y[:] = 1.0
    run.stepper.carried[:] = 0.0
    run.run()

    def rates(t: float, y: np.ndarray) -> list[float]:
        c, x, _ = y
        binds, lets_go = k_on * c * (1 - x) - k_off * x, k_out * x
        leak = sigma * k_out * held
        return [-AREA_OVER_VOLUME * (sigma * binds - leak), binds - lets_go, sigma * lets_go - leak]

    c, x, pumped = solve_ivp(rates, (0, 10), [1.0, held, 0.0], method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(c, rel=1e-3)
    assert run.do.sites(run.stepper.y) == pytest.approx([pumped, x], rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"law": "V_max*Ca_stor"}, r"'Ca_stor' .* is not known; .*Did you mean 'Ca_store'"),
        ({"gates": {"K": "1 - K"}}, r"'K' is two things in 'SERCA'"),
        ({"gates": {"Ca": "1 - Ca"}}, r"'Ca' has a meaning of its own"),
        ({"parameters": {"V_max": 1, "k": 3}}, r"does not use 'k'; used: .*Did you mean 'K'"),
    ],
)
def test_a_transport_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        cell({**SERCA, **changes})


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, r"leaves 'V_max' to be said: parameters = \{ V_max = \"… .*um/ms\" \}"),
        ({"parameters": {"Vmax": 1e-3}}, r"'SERCA_li_rinzel1994' has no parameter 'Vmax'\. Did you mean 'V_max'\?"),
    ],
)
def test_what_the_library_cannot_know_has_to_be_said(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        cell({"use": "SERCA_li_rinzel1994", **said})


def test_a_pump_without_a_law_needs_states_that_bind() -> None:
    with pytest.raises(ModelError, match=r"'PMCA' leaves the density of its molecules to be said: density = "):
        Pump(**{**PMCA, "density": None})
    with pytest.raises(ModelError, match=r"'nothing' takes nothing across: give it a law, or a scheme and a density"):
        Pump(name="nothing")


def test_a_store_that_nothing_enters_is_told_which_sign_uptake_has() -> None:
    out = {"name": "SERCA", "law": "V_max*Ca", "parameters": {"V_max": "-2 um/s"}}
    with pytest.raises(
        InputError, match=r"take up 0 uM um/ms and let out 0\.0001; nothing enters it, as a positive flux"
    ):
        fresh(cell(out), "numpy")


def test_a_store_that_no_leak_balances_is_refused() -> None:
    leaky = {**IP3R, "parameters": {"P": "1 um/ms", "IP3": "2 uM"}}
    with pytest.raises(
        InputError, match=r"no leak balances the store 'ER' at rest, .* let uptake be more than .* strong"
    ):
        fresh(cell(SERCA, leaky))


def test_a_gate_without_a_steady_state_is_refused() -> None:
    endless = {"name": "pore", "law": "-P*g*(Ca_store - Ca)", "gates": {"g": "a"}, "parameters": {"P": 1e-6, "a": 1.0}}
    with pytest.raises(InputError, match=r"the gates of 'pore' have no steady state between 0 and 1 at rest"):
        fresh(cell(SERCA, endless))


def test_a_pump_may_follow_the_voltage() -> None:
    """An exchanger that a depolarisation of 20 mV turns down e-fold, beside LSODA; before the step it is balanced."""
    law = {"law": "P*exp(-V/20)*Ca/(K + Ca)", "parameters": {"P": 1e-3, "K": 1.5}}
    clamp = {"kind": "voltage_step", "holding": -80, "steps": [{"start": 5, "duration": 1000, "level": -40}]}
    pump = {"name": "NCX", "surface": "x_max", **law}
    run = simulate(cell(stores=[], channels=[], pumps=[pump], stimulus=clamp, run={"duration": 60, "tolerance": 1e-5}))

    def flux(c: float, voltage: float) -> float:
        return 1e-3 * np.exp(-voltage / 20) * c / (1.5 + c)

    def rates(t: float, y: np.ndarray) -> list[float]:
        return [-AREA_OVER_VOLUME * (flux(float(y[0]), -40) - flux(0.05, -80))]

    expected = solve_ivp(rates, (5, 60), [0.05], method="LSODA", rtol=1e-9, atol=1e-12).y[0, -1]
    assert expected > 0.1
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "parts",
    [
        {"law": "P*exp(-V/20)*Ca", "parameters": {"P": 1e-3}},
        {"scheme": ["P + Ca <-> PCa : 0.15, 0.015", "PCa -> P : 0.06*exp(-V/40)"], "density": 100},
        {"law": "P*g*Ca", "gates": {"g": "(exp(V/20) - g)/10"}, "parameters": {"P": 1e-3}},
    ],
    ids=["law", "scheme", "gate"],
)
def test_a_pump_that_follows_the_voltage_needs_one(parts: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"pump 'NCX' names the voltage V: add a \[stimulus\]"):
        cell(stores=[], pumps=[{"name": "NCX", **parts}])


def test_a_run_writes_what_the_molecules_of_a_store_hold(tmp_path: Path) -> None:
    """A transport that binds has a column of its own beside that of its store."""
    pump = {**PMCA, "name": "SERCA", "density": "500 /um^2"}
    result = rc.run(cell(pump, run={"duration": 1}), "numpy", tmp_path / "run")
    held, stored = (result.ledger[f"{kind} ER (uM um^3)"] for kind in ("bound to", "stored in"))
    assert held[0] == pytest.approx(500 * SIDE**2 / IONS_PER_AMOUNT * 0.15 * 0.05 / (0.15 * 0.05 + 0.075), rel=1e-6)
    assert stored[0] == pytest.approx(STORE_REST * LUMEN, rel=1e-9)
    assert result.ledger["relative error"].max() < TOLERANCES["balance, float64"]


def test_the_states_of_a_pump_may_follow_the_voltage_and_hold_magnesium() -> None:
    """Magnesium keeps a site from calcium, and a depolarisation slows the step across: all beside LSODA."""
    scheme = ["P + Ca <-> PCa : k_on, k_off", "P + Mg <-> PMg : m_on, m_off", "PCa -> P : k_out*exp(-V/40)"]
    rates = {"k_on": "0.15 /uM/ms", "k_off": "15 /s", "k_out": "60 /s", "m_on": "0.01 /mM/ms", "m_off": "5 /s"}
    clamp = {"kind": "voltage_step", "holding": -80, "steps": [{"start": 5, "duration": 1000, "level": 20}]}
    pump = {"name": "NCX", "surface": "x_max", "scheme": scheme, "density": "500 /um^2", "parameters": rates}
    parts = {"pumps": [pump], "stimulus": clamp, "magnesium": {"free": "1 mM"}}
    run = fresh(cell(stores=[], channels=[], **parts, run={"duration": 30, "tolerance": 1e-5}))
    sigma = 500 / IONS_PER_AMOUNT

    def flows(c: float, ca: float, mg: float, voltage: float) -> np.ndarray:
        free, out = 1 - ca - mg, 0.06 * np.exp(-voltage / 40) * ca
        return np.array([0.15 * c * free - 0.015 * ca, 0.01 * free - 0.005 * mg, out])

    def change(t: float, y: np.ndarray) -> list[float]:
        calcium, magnesium, out = flows(y[0], y[1], y[2], 20)
        return [-AREA_OVER_VOLUME * sigma * (calcium - leak), calcium - out, magnesium]

    at_rest = run.do.sites(run.stepper.y)[1:3]
    calcium, magnesium, leak = flows(0.05, *at_rest, -80)
    assert (calcium, magnesium) == pytest.approx((leak, 0), abs=1e-12)
    run.run()
    expected = solve_ivp(change, (5, 30), [0.05, *at_rest], method="LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    assert abs(expected[0] - 0.05) > 0.01
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(expected[0], rel=1e-3)
    assert run.do.sites(run.stepper.y)[1:3] == pytest.approx(expected[1:], rel=1e-3)


def test_a_store_takes_up_less_where_magnesium_holds_its_sites() -> None:
    """With K_Mg = 1 µM and 1 mM of Mg a thousandth of the molecules is free at rest."""
    scheme = [*PMCA["scheme"], "P + Mg <-> PMg : k_Mg, k_Mg*K_Mg"]
    rates = {**PMCA["parameters"], "k_Mg": "0.1 /uM/ms", "K_Mg": "1 uM"}
    run = fresh(cell({**PMCA, "scheme": scheme, "parameters": rates}, magnesium={"free": "1 mM"}))
    _, bound, blocked = run.do.sites(run.stepper.y)
    assert (1 - bound - blocked) / blocked == pytest.approx(1e-3, rel=1e-9)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, r"'SERCA' binds Mg: say how much there is"),
        (
            {"magnesium": {"free": 500, "diffusivity": 0.2}},
            r"transport 'SERCA' binds Mg, which transports know only where it is clamped",
        ),
    ],
)
def test_a_transport_knows_magnesium_where_it_is_clamped(parts: dict[str, Any], message: str) -> None:
    scheme = [*PMCA["scheme"], "P + Mg <-> PMg : k_on, k_off"]
    with pytest.raises(ModelError, match=message):
        cell({**PMCA, "name": "SERCA", "scheme": scheme}, **parts)


def test_a_store_does_not_know_the_voltage_of_the_membrane() -> None:
    scheme = [PMCA["scheme"][0], "PCa -> P : k_out*exp(-V/40)"]
    with pytest.raises(ModelError, match=r"the scheme of 'PMCA' names V, the voltage of the cell's own membrane"):
        cell({**PMCA, "scheme": scheme})


def transport(name: str) -> dict[str, Any]:
    """One of the library, with small amounts of what it leaves to be said."""
    return completed(StoreTransport, name)


@pytest.mark.parametrize("name", rc.library.entries("transports"))
def test_every_transport_of_the_library_moves_calcium_and_never_more_into_a_fuller_store(name: str) -> None:
    """Beside a pump and a leak it also rests; its gates begin in their steady state."""
    resting = fresh(cell(SERCA, {**transport(name), "name": "other"}, channels=[]), "numpy")
    ((patch, rows),) = resting.system.patches.split(resting.system.patches.start)
    assert patch.rates(np.array([0.05]), rows) == pytest.approx(0, abs=1e-12)
    alone = cell(transport(name), channels=[])
    alone = alone.changed(stores=(alone.stores[0].changed(leak="none"),))
    ((patch, rows),) = (run := fresh(alone, "numpy")).system.patches.split(run.system.patches.start)
    inwards = [
        float(patch.rates(np.array([calcium]), np.vstack([stored * rows[:1], rows[1:]]))[0, 0])
        for stored, calcium in ((0.5, 0.05), (1.0, 0.05), (2.0, 0.05), (1.0, 0.1))
    ]
    assert inwards[0] >= inwards[1] >= inwards[2]
    assert inwards[0] != inwards[2] or inwards[3] > inwards[1]
    assert inwards[1]


@pytest.mark.parametrize("current", [0.2, 20.0])
def test_a_receptor_with_four_states_is_the_equations_of_keizer_and_levine(backend: str, current: float) -> None:
    """Beside Radau's method, under a current (fA) that brings calcium to 2 µM, and to 200 µM.

    Its fastest step then takes less than a picosecond, which no step of a run has to be as short as.
    """
    pulse = [{"name": "Ca", "positions": [[0, 0]], "current": {**CURRENT, "amplitude": f"{current} fA"}}]
    run = fresh(cell(SERCA, RYR_4, channels=pulse, run={"duration": 2, "tolerance": 1e-3}), backend)
    start = run.system.patches.start[1:]
    assert np.abs(four_states(0.05, start)).max() < 1e-9

    def inwards(c: float, s: float, x: np.ndarray) -> float:
        return serca(c) - 1e-4 * (x[0] + x[1]) * (s - c)

    leak = inwards(0.05, STORE_REST, start) / (STORE_REST - 0.05)

    def rates(t: float, y: np.ndarray) -> np.ndarray:
        flux = inwards(y[0], y[1], y[2:]) - leak * (y[1] - y[0])
        entering = 1e-3 * current * 5.1821348 / SIDE**3
        return np.array([entering - flux * AREA_OVER_VOLUME, flux * SIDE**2 / LUMEN, *four_states(float(y[0]), y[2:])])

    begin = [0.05, STORE_REST, *start]
    y = solve_ivp(rates, (0, 2), begin, method="Radau", rtol=1e-8, atol=1e-11).y[:, -1]
    run.run()
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(y[0], rel=1e-3)
    assert run.do.sites(run.stepper.y)[1:] == pytest.approx(y[2:], abs=1e-3)  # as the tolerance is
    assert y[0] > 1
    assert y[2] + y[3] > 0.5  # it is open
    assert run.stepper.evaluations < 100


def test_of_the_library_only_the_receptor_with_four_states_is_too_fast_for_steps() -> None:
    """So its states follow calcium by themselves: tests/test_following.py."""
    for name in rc.library.entries("transports"):
        run = fresh(cell(SERCA, {**transport(name), "name": "other"}), "numpy")
        assert run.system.patches.have_followers == (name == RYR_4["use"])


def test_steep_steps_are_bounded_up_to_each_level_of_calcium(monkeypatch: pytest.MonkeyPatch) -> None:
    """By several lines, none of which is far above the steepest mode of a receptor whose rate grows as c^4."""
    monkeypatch.setattr("rdcalcium.patches.assembly.outruns", lambda *_: False)
    run = fresh(cell(SERCA, RYR_4), "numpy")
    (patch,), (own,) = run.system.patches.patches, run.system.patches.stiffnesses
    for calcium in (1.0, 12.0, 40.0, 150.0, 900.0):
        slopes = jacobian(patch.mechanism, np.array([calcium]), patch.mechanism.start[:, None], patch.extents.sum())[0]
        slopes[0] *= patch.weights[0]
        fastest = np.abs(np.linalg.eigvals(slopes)).max()
        bound = run.system.stiffness(calcium) - run.system.discretization.radius
        assert own.radii[own.place(calcium)] <= bound * (1 + 1e-12)
        assert fastest <= bound
        assert calcium < 10 or bound < 10 * fastest


OBSTACLES = [
    {"name": "ER", "centre": [0, 0, 0.45], "radius": 0.15},
    {"name": "docked", "centre": [0.1, 0, 0.03], "radius": 0.025},
]


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_the_surface_of_an_obstacle_is_called_by_its_name(kind: str) -> None:
    """Each has what it would have alone, but for the mesh, and both together are all of them."""
    sizes = {"size_at_active_zone": "20 nm", "size_in_bulk": "40 nm"}
    store = {"volume": "0.01 um^3", "rest": "250 uM", "transports": [SERCA]}
    shape = {"kind": "box", "size": ["0.5 um", "0.5 um", "0.7 um"], "obstacles": OBSTACLES}
    model = rc.Model(
        geometry=shape,
        discretization={"kind": kind, **sizes},
        run={"duration": "1 ms"},
        stores=[{**store, "name": "ER", "surface": "ER"}, {**store, "name": "vesicle", "surface": "docked"}],
    )
    found = rc.discretize(model).surfaces
    areas = {name: found[name].areas.sum() for name in ("ER", "docked", "vesicles")}
    assert areas["ER"] + areas["docked"] == pytest.approx(areas["vesicles"], rel=1e-12)
    sphere = 4 * np.pi * np.array([0.15, 0.025]) ** 2
    larger = np.array([areas["ER"], areas["docked"]]) / sphere
    np.testing.assert_allclose(larger, 1.0, rtol=0.1)
    lines = rc.check(model)
    (told,) = [line for line in lines if line.startswith("area under pumps and stores: ")]
    assert told.endswith(f": {areas['ER']:.4g} um^2 of ER, {areas['docked']:.4g} um^2 of docked")
    for name, radius in (("ER", 0.15), ("docked", 0.025)):
        (volume,) = [line.split()[-2] for line in lines if f"what {name!r} encloses is about" in line]
        assert float(volume) == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.1)
    with pytest.raises(InputError, match=r"store 'mito' is on the surface 'dockd', .* Did you mean 'docked'"):
        rc.check(model.changed(stores=[{**store, "name": "mito", "surface": "dockd"}]))
