"""The state before time zero: where a terminal rests, how far a typed one drifts, and what has no rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import root

import rdcalcium as rc
from rdcalcium import runner
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM
from rdcalcium.currents import channel_currents
from rdcalcium.discretization.build import discretize
from rdcalcium.library import resolve
from rdcalcium.model import Model
from rdcalcium.patches.settled import Settled
from rdcalcium.resting import Compartment, resting_sources, typed_drift
from rdcalcium.results.about import About
from rdcalcium.sensing import SensingGate
from rdcalcium.simulation import Simulation
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.exchange import Exchange
from rdcalcium.steady_state.linear import correction
from rdcalcium.steady_state.rest import Rested, _left, at_rest
from rdcalcium.system import System, build_system
from rdcalcium.units import AMOUNT_PER_CHARGE, IONS_PER_AMOUNT
from rdcalcium.vesicles.chain import Chain
from tests.models import CHEMISTRIES, small_model
from tests.support import StopAfter, assert_same_tables
from tests.test_lumens import with_lumen
from tests.test_stores import SERCA, around_a_vesicle
from tests.tolerances import TOLERANCES

SIDE, REST = 0.1, 0.05  # µm, µM
P_1, P_2 = 2e-3, 3e-3  # µm ms⁻¹
BALANCED = {"name": "balanced", "law": "P*Ca", "parameters": {"P": P_1}, "surface": "x_max"}
BARE = {"name": "bare", "law": "P*Ca", "parameters": {"P": P_2}, "surface": "y_max", "leak": "none"}
PMCA = {
    "name": "PMCA",
    "scheme": ["P + Ca <-> PCa : k_on, k_off", "PCa -> P : k_out"],
    "density": "180 /um^2",
    "parameters": {"k_on": "150 /mM/ms", "k_off": "15 /s", "k_out": "60 /s"},
    "surface": "z_max",
    "leak": "none",
}
POROUS = {"name": "porous", "law": "-P*(Ca_store - Ca)", "parameters": {"P": 4e-6}}
ER = {"name": "ER", "surface": "y_min", "volume": 2e-4, "rest": 120, "leak": "none", "transports": [SERCA, POROUS]}
CLAMP = {
    "kind": "voltage_step",
    "holding": "-50 mV",
    "steps": [{"level": "0 mV", "start": "30 ms", "duration": "1 ms"}],
}
GATE = {
    "name": "Ca",
    "positions": [[0, 0]],
    "gate": ["C <-> O : a, b"],
    "open_states": ["O"],
    "parameters": {"a": 0.02, "b": 0.98},
    "current": {"kind": "ohmic", "conductance": "0.02 pS", "reversal": "50 mV"},
}
SHUT = {
    **GATE,
    "gate": ["C <-> O : a, b", "O + Ca <-> I : k, l"],
    "parameters": {"a": 0.02, "b": 0.98, "k": 2.0, "l": 0.1},
}
UNEVEN: dict[str, Any] = {"pumps": [{**PMCA, "leak": "balances", "surface": "membrane"}, {**PMCA, "name": "bare"}]}
SITES = {"name": "fixed", "total": 100, "diffusivity": 0, "k_on": 0.1, "K_d": 0.3}


def compartment(**changes: Any) -> Model:
    """One control volume of 1e-3 µm³, each face of 0.01 µm²."""
    tables = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, SIDE]},
        "discretization": {"kind": "grid", "size_at_active_zone": SIDE},
        "calcium": {"rest": REST},
        "run": {"duration": 20, "tolerance": 1e-4},
    }
    return resolve(tables | changes)


def rested(model: Model) -> Rested:
    """A model in the rest that is found for it."""
    return at_rest(model, build_system(model, discretize(model)))


def begun(system: System, model: Model, backend: str = "numpy") -> Simulation:
    """A run that begins there."""
    return Simulation(model, rc.open_backend(backend, system, model.run.precision))


# What is in balance --------------------------------------------


def test_a_pump_without_a_leak_takes_what_the_leak_of_another_brings() -> None:
    found = rested(compartment(pumps=[BALANCED, BARE]))
    assert found.solved
    assert found.level.calcium == pytest.approx(P_1 * REST / (P_1 + P_2), rel=1e-12)
    assert abs(found.drift.largest) < 1e-15


def test_a_slab_between_a_leak_and_a_pump_has_the_gradient_of_its_flux() -> None:
    """J = P₁ (c₀ - c(0)) = D (c(0) - c(L)) / L = P₂ c(L), with both ends at the centres of the outermost cells."""
    long, wide, D = 1.0, 0.05, 0.22
    sides = {
        "geometry": {"kind": "box", "size": [SIDE, SIDE, long]},
        "discretization": {"kind": "grid", "size_at_active_zone": wide},
    }
    model = compartment(**sides, pumps=[{**BALANCED, "surface": "membrane"}, {**BARE, "surface": "z_max"}])
    found, between = rested(model), D / (long - wide)
    matrix = np.array([[P_1 + between, -between], [-between, P_2 + between]])
    near, far = np.linalg.solve(matrix, [P_1 * REST, 0.0])
    assert found.range == pytest.approx((far, near), rel=1e-7)
    assert abs(found.drift.largest) < 1e-9 * REST
    assert near > 1.002 * far


def test_a_pump_with_states_and_a_store_rest_where_all_equations_vanish() -> None:
    """Calcium, that of the store, and the share of pumps that hold an ion, beside scipy's root."""
    found = rested(compartment(pumps=[BALANCED, PMCA], stores=[ER], buffers=[SITES]))
    sigma, k_on, k_off, k_out = 180 / IONS_PER_AMOUNT, 0.15, 0.015, 0.06

    def vanishes(y: np.ndarray) -> list[float]:
        c, store, bound = y
        binds = k_on * c * (1 - bound) - k_off * bound
        store_takes = 2e-3 * c**2 / (0.1**2 + c**2) - 4e-6 * (store - c)
        return [P_1 * (c - REST) + sigma * binds + store_takes, 1e3 * store_takes, binds - k_out * bound]

    exact = root(vanishes, [0.04, 100.0, 0.1], tol=1e-14)
    assert exact.success
    ((_, rows),) = [
        (p, r) for p, r in found.system.patches.split(found.system.sites_at_rest) if p.mechanism.name == "PMCA"
    ]
    assert [found.level.calcium, found.level.lumens["ER"], rows[1, 0]] == pytest.approx(exact.x, rel=1e-8)
    assert found.system.rest[1, 0] == pytest.approx(100 * exact.x[0] / (exact.x[0] + 0.3), rel=1e-8)


def test_a_closed_store_and_its_cytosol_share_the_calcium_that_there_is() -> None:
    """SERCA = leak, and c V + κ + store are what they were."""
    model = compartment(stores=[ER], buffers=[SITES])
    found, volume = rested(model), SIDE**3
    c, store = found.level.calcium, found.level.lumens["ER"]
    assert 2e-3 * c**2 / (0.1**2 + c**2) == pytest.approx(4e-6 * (store - c), rel=1e-9)

    def content(free: float, lumen: float) -> float:
        return volume * (free + 100 * free / (free + 0.3)) + 2e-4 * lumen

    assert content(c, store) == pytest.approx(content(REST, 120), rel=1e-12)
    assert abs(c / REST - 1) > 0.02


def test_what_gates_let_in_at_the_holding_voltage_leaves_through_a_pump() -> None:
    """c = p i / P A, with p = a / (a + b), besides what its own leak brings."""
    found = rested(compartment(pumps=[BALANCED], channels=[GATE], stimulus=CLAMP))
    current = 0.02 * 0.02e-3 * 100
    assert found.level.calcium == pytest.approx(REST + current * AMOUNT_PER_CHARGE / (P_1 * SIDE**2), rel=1e-5)


def test_a_gate_that_calcium_shuts_rests_with_the_calcium_that_it_lets_in() -> None:
    """P A (c - c₀) = g (E - V) p(c), with p = a / (a + b + a c / K) of C ⇌ O ⇌ I."""
    found = rested(compartment(pumps=[BALANCED], channels=[SHUT], stimulus=CLAMP))
    inward = 0.02e-3 * 100 * AMOUNT_PER_CHARGE / (P_1 * SIDE**2)
    exact = root(lambda c: c - REST - inward * 0.02 / (1 + 0.02 * c / 0.05), REST, tol=1e-14)
    assert found.level.calcium == pytest.approx(exact.x[0], rel=1e-5)
    run = begun(found.system, compartment(pumps=[BALANCED], channels=[SHUT], stimulus=CLAMP))
    run.run()
    assert run.do.to_host(run.stepper.y)[0, 0] == pytest.approx(exact.x[0], rel=1e-6)
    assert run.balance().entered == pytest.approx(sum(run.balance().pumped.values()), rel=1e-4)


@pytest.mark.parametrize("gate", [GATE, SHUT], ids=["by voltage", "by calcium too"])
def test_channels_that_open_by_chance_rest_where_they_do_on_average(gate: dict[str, Any]) -> None:
    model = compartment(pumps=[BALANCED], channels=[gate], stimulus=CLAMP)
    drawn = compartment(pumps=[BALANCED], channels=[{**gate, "gating": "stochastic"}], stimulus=CLAMP)
    found, twin = rested(drawn), rested(model)
    assert found.level.calcium == pytest.approx(twin.level.calcium, rel=1e-12)
    run = begun(found.system, drawn)
    assert run.do.to_host(run.stepper.y)[0, 0] == found.level.calcium


def test_channels_that_calcium_shuts_by_chance_begin_in_equilibrium_with_the_calcium_of_rest() -> None:
    drawn = compartment(pumps=[BALANCED], channels=[{**SHUT, "gating": "stochastic"}], stimulus=CLAMP)
    calcium = rested(drawn).level.calcium
    gate = channel_currents(drawn, calcium).groups[0].gate
    assert isinstance(gate, SensingGate)
    assert gate.start[0] == pytest.approx(0.98 / (0.98 + 0.02 + 0.4 * calcium), rel=1e-9)


# Under currents that stay --------------------------------------------


def test_a_steady_state_with_a_store_is_full_to_where_its_leak_is_what_serca_takes_up() -> None:
    open_pore = {"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": "0.1 fA"}}
    found = rc.steady(compartment(pumps=[BALANCED], stores=[ER], channels=[open_pore], buffers=[SITES]))
    c = REST + 1e-4 * AMOUNT_PER_CHARGE / (P_1 * SIDE**2)
    assert found.y[:, 0] == pytest.approx([c, 100 * c / (c + 0.3)], rel=1e-7)
    assert found.stored["ER"] / 2e-4 == pytest.approx(c + 2e-3 * c**2 / (0.1**2 + c**2) / 4e-6, rel=1e-7)
    assert found.leaving == pytest.approx({"balanced": 1e-4}, rel=1e-7)


def test_a_gate_that_calcium_shuts_has_a_steady_state_at_the_voltage_of_the_moment() -> None:
    model = compartment(pumps=[BALANCED], channels=[SHUT], stimulus=CLAMP, run={"duration": 40})
    inward = 0.02e-3 * 50 * AMOUNT_PER_CHARGE / (P_1 * SIDE**2)
    for at in ("30 ms", "30.5 ms"):
        found = rc.steady(model, at)
        exact = root(lambda c: c - REST - inward * 0.02 / (1 + 0.02 * c / 0.05), REST, tol=1e-14)
        assert found.y[CALCIUM, 0] == pytest.approx(exact.x[0], rel=1e-7)
        assert found.entering == pytest.approx(found.leaving["balanced"], rel=1e-6)


def test_a_store_that_fills_has_no_steady_state() -> None:
    with pytest.raises(rc.RdcalciumError, match="the store 'ER' fills, and nothing comes out of it"):
        rc.steady(compartment(pumps=[BALANCED], stores=[{**ER, "transports": [SERCA]}]), "0 ms")


def test_a_lumen_of_control_volumes_rests_where_serca_and_leak_balance() -> None:
    """Closed, with buffers on both sides: SERCA = leak, as much calcium as before, and nothing drifts in a run."""
    lumen = {"region": "ER", "diffusivity": "0.1 um^2/ms"}
    leaky = {"name": "ER", "lumen": lumen, "rest": 200, "leak": "none", "transports": [SERCA, POROUS]}
    inside = {**SITES, "name": "CR", "total": 3000, "k_on": 1e-3, "K_d": 1000, "where": {"kind": "lumen", "of": "ER"}}
    mobile = {"diffusivity": 0.02}
    model = with_lumen(
        stores=[leaky], channels=[], buffers=[{**SITES, **mobile}, {**inside, **mobile}], run={"duration": 20}
    )
    found = rested(model)
    c, s = found.level.calcium, found.level.lumens["ER"]
    assert 2e-3 * c**2 / (0.1**2 + c**2) == pytest.approx(4e-6 * (s - c), rel=1e-9)
    made = found.system.discretization
    volumes = [made.part_volumes(part).sum() for part in (0, 1)]

    def content(free: float, lumen: float) -> float:
        bound = free + 100 * free / (free + 0.3)
        return volumes[0] * bound + volumes[1] * (lumen + 3000 * lumen / (lumen + 1000))

    assert content(c, s) == pytest.approx(content(REST, 200), rel=1e-12)
    assert c > 1.1 * REST
    run = begun(found.system, model)
    assert run.balance().initial == pytest.approx(content(c, s), rel=1e-9)
    run.run()
    assert np.abs(run.do.to_host(run.stepper.y) - found.system.rest).max() < 1e-9 * s


def with_a_store() -> Exchange:
    model = compartment(pumps=[BALANCED], stores=[ER])
    return Exchange(build_system(model, discretize(model)), -np.inf, {})


def test_a_search_under_a_share_of_the_currents_leaves_the_levels_of_stores_where_they_were() -> None:
    """The next share begins from the state that was found before, and not from where one ended that failed."""
    calcium, whole = np.array([REST]), with_a_store()
    before, found = whole.stored(calcium), [*whole._found]
    assert whole.under(0.5).stored(2 * calcium)["ER"] > 1.5 * before["ER"]
    assert whole._found == found


def test_the_level_of_a_store_is_looked_for_once_in_each_state(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, looked, look = with_a_store(), [], Settled.lumen

    def counted(one: Settled, calcium: np.ndarray, near: float) -> float:
        looked.extend(calcium if one.patch.holds_a_store else [])
        return look(one, calcium, near)

    monkeypatch.setattr(Settled, "lumen", counted)
    for calcium in (REST, 2 * REST):
        whole.pumping(np.array([calcium]))
        assert [*whole.couplings(np.array([calcium]))]
    assert looked == [REST, 2 * REST]


def test_a_correction_knows_that_a_store_joins_its_sites_and_that_pumps_have_states() -> None:
    """A small enough change of the state changes the rates by what the correction was to undo."""
    model = around_a_vesicle("grid", **UNEVEN, channels=[], buffers=[SITES])
    system = build_system(model, discretize(model))
    equations = Equations(NumpyOperations(system), np.zeros(system.shape))
    u = np.outer(equations.chemistry.rest, np.linspace(0, 0.3, len(equations.volumes)))
    wanted = np.random.default_rng(2).uniform(-1e-3, 1e-3, u.shape)
    change, _ = correction(equations, u, -wanted, 1e-11)
    step = 1e-4 / np.abs(change / equations.chemistry.rest[:, None]).max()
    slope = (equations.rates(u + step * change) - equations.rates(u - step * change)) / (2 * step)
    np.testing.assert_allclose(slope, wanted, atol=1e-8)


# What stays --------------------------------------------


@pytest.mark.parametrize(("kind", "precision"), [("grid", "float64"), ("tetrahedra", "float32")])
def test_a_terminal_stays_in_the_rest_that_was_found(backend: str, kind: str, precision: str) -> None:
    model = around_a_vesicle(kind, **UNEVEN, channels=[], run={"duration": 5, "precision": precision})
    found = rested(model)
    assert found.range[1] > 1.02 * found.range[0]
    assert found.level.calcium < 0.6 * REST
    run = begun(found.system, model, backend)
    before = run.do.to_host(run.stepper.y)
    run.run()
    change = np.abs(run.do.to_host(run.stepper.y) - before)[CALCIUM].max()
    assert change < (1e-9 if precision == "float64" else 1e-5) * REST
    assert abs(run.balance().missing) < TOLERANCES[f"balance, {precision}"] * run.balance().initial


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_buffers_and_magnesium_are_as_many_as_before(chemistry: str) -> None:
    """Of what the reactions keep there is as much as in equilibrium with the mean."""
    model = small_model(chemistry=chemistry, discretization={"kind": "grid", "size_at_active_zone": 0.03})
    model = model.changed(**{key: [rc.model.Pump(**p) for p in pumps] for key, pumps in UNEVEN.items()})
    found = rested(model)
    system = found.system
    volumes = system.discretization.volumes / system.discretization.total_volume
    there = system.chemistry.conserved @ (system.rest @ volumes)
    assert there == pytest.approx(system.chemistry.conserved @ system.chemistry.rest, rel=1e-9)
    assert found.range[1] > 1.001 * found.range[0]
    assert abs(found.drift.largest) < 1e-6 * REST


def test_a_terminal_at_rest_is_left_as_it_is() -> None:
    model = around_a_vesicle("grid")
    system = build_system(model, discretize(model))
    found = at_rest(model, system)
    assert found.system is system
    assert not found.why


# What sees it --------------------------------------------


def test_sensors_begin_in_the_calcium_that_was_found() -> None:
    """Those that bind too, and each where it is."""
    sensors = [
        {
            "name": name,
            "use": "schneggenburger_neher2000",
            "positions": [[0, 0, z] for z in (0.01, 0.19)],
            "binds": binds,
        }
        for name, binds in (("free", False), ("binding", True))
    ]
    model = around_a_vesicle("grid", **UNEVEN, sensors=sensors)
    found = rested(model)
    run = begun(found.system, model)
    calcium = run.points.last[CALCIUM]
    assert calcium[1] < 0.99 * calcium[0]
    chain = Chain(model.sensors[0])
    for place in (0, 1):
        assert run.sensors[0].occupancy[place] == pytest.approx(chain.start(calcium[place]), rel=1e-4)
    _, rows = [*run.system.patches.split(run.do.sites(run.stepper.y))][-1]
    bound = np.array([chain.start(c)[1:] for c in calcium[2:4]]).T
    assert rows == pytest.approx(bound, rel=1e-4)


def test_a_run_tells_where_it_began_and_is_resumed_there(tmp_path: Path) -> None:
    channels = [{**GATE, "gating": "stochastic", "parameters": {"a": 2, "b": 98}}]
    clamp = {**CLAMP, "steps": [{"level": "0 mV", "start": "0.5 ms", "duration": "0.2 ms"}]}
    model = around_a_vesicle("grid", **UNEVEN, channels=channels, stimulus=clamp, run={"duration": 1, "trials": 2})
    whole = runner.run(model, out=tmp_path / "whole")
    runner.run(model, out=tmp_path / "parts", should_stop=StopAfter(8))
    assert About.read(tmp_path / "parts").status == "interrupted"
    runner.resume(tmp_path / "parts")
    assert_same_tables(tmp_path / "whole", tmp_path / "parts")
    rest = whole.about.rest
    assert rest.begins == "solved"
    assert rest.lowest < rest.mean < rest.highest
    assert rest.stores["ER"][1] > 1.1 * rest.stores["ER"][0]
    assert "50 nM -> " in rest.sentence
    assert About.read(tmp_path / "parts").rest == rest
    assert abs(rest.largest) < 1e-6


def test_a_typed_state_drifts_as_fast_as_is_said() -> None:
    """Of all calcium, free and bound, what leaves is P₂ c A per time; beside a run of 0.01 ms."""
    model = compartment(pumps=[BALANCED, BARE], buffers=[SITES], run={"duration": 0.01, "rest": "as typed"})
    found = rested(model)
    leaves = P_2 * REST * SIDE**2 / SIDE**3
    assert found.system.resting is None
    assert found.drift.largest == pytest.approx(-leaves, rel=1e-9)
    assert found.drift.mean == pytest.approx(-leaves / (1 + 100 * 0.3 / 0.35**2), rel=1e-3)
    run = begun(found.system, model)
    run.run()
    assert sum(run.balance().pumped.values()) == pytest.approx(leaves * SIDE**3 * 0.01, rel=1e-3)


def test_what_is_left_to_drift_is_told_in_the_quantities_of_what_is_typed() -> None:
    """In one and the same state, most of whose calcium is bound: free calcium on average, and flow per volume."""
    model = compartment(pumps=[BARE], buffers=[{**SITES, "total": 1e4}])
    system = build_system(model, discretize(model))
    whole, nothing = Compartment(model, system), (np.zeros(0, dtype=int), np.zeros(0))
    equations = Equations(NumpyOperations(system), np.zeros(system.shape))
    left = _left(whole, REST, equations, np.zeros_like(equations.sources))
    typed = typed_drift(whole, *nothing)
    assert left.at == typed.at
    assert (left.mean, left.largest, left.flow) == pytest.approx((typed.mean, typed.largest, typed.flow), rel=1e-6)


# What has no rest --------------------------------------------


def without_rest(case: str) -> Model:
    cases: dict[str, Callable[[], Model]] = {
        "closed": lambda: compartment(channels=[GATE], stimulus=CLAMP),
        "empty": lambda: compartment(pumps=[BARE]),
        "too much": lambda: compartment(
            pumps=[{**BALANCED, "law": "1e-4*P*Ca/(0.1 + Ca)"}], channels=[GATE], stimulus=CLAMP
        ),
        "fills": lambda: compartment(stores=[{**ER, "transports": [SERCA]}]),
        "spreads": lambda: compartment(
            pumps=[BALANCED, BARE],
            buffers=[{**SITES, "diffusivity": 0.1, "where": {"kind": "box", "low": [-1, -1, 0], "high": [1, 1, 0.06]}}],
        ),
    }
    return cases[case]()


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("closed", "4e-05 pA of calcium enters before the stimulus, and nothing takes it out"),
        ("empty", "nothing brings it in, and only an empty terminal would rest"),
        ("too much", "faster than all pumps together take it out"),
        ("fills", "the store 'ER' fills, and nothing comes out of it"),
        ("spreads", "buffer 'fixed' spreads from where it is"),
    ],
)
def test_what_has_no_rest_begins_as_typed_and_says_why(case: str, why: str) -> None:
    model = without_rest(case)
    found = rested(model)
    assert why in found.why
    assert not found.solved
    with pytest.warns(rc.ModelWarning, match=f"{why}: there is no rest to begin from, and calcium drifts from 50 nM"):
        result = runner.run(
            model.changed(run={"duration": 200, "tolerance": 0.02, "max_step": 100}), "numpy", should_stop=lambda: True
        )
    assert result.about.rest.begins == "without rest"
    assert why in result.about.rest.why
    assert f"rest: none was found, for {result.about.rest.why}; the run begins with 50 nM" in str(result.summary)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pumps": [BALANCED, BARE]}, "by -1.5 nM/ms on average over the cytosol, with its buffers, and by -1.5 nM/ms"),
        ({"pumps": [BALANCED, BARE]}, "a run begins in balance, at about 20 nM"),
        ({"pumps": [BARE]}, "a run begins there nevertheless: pumps take calcium out, nothing brings it in"),
        ({"pumps": [BALANCED, BARE], "run": {"duration": 1, "rest": "as typed"}}, "nevertheless, as the model says"),
        ({"pumps": [BALANCED], "stores": [ER]}, "at about 50 nM and 100.1 uM in ER"),
        ({"pumps": [BALANCED]}, ""),
    ],
)
def test_check_says_where_a_run_would_begin(changes: dict[str, Any], said: str) -> None:
    told = [line for line in rc.check(compartment(**changes)) if line.startswith("rest: ")]
    assert len(told) == bool(said)
    assert said in "".join(told)


def warned(model: Model) -> list[str]:
    """What `check` warns of, which is what a run warns of too."""
    with pytest.warns(rc.ModelWarning) as caught:
        rc.run(model.changed(run={"max_step": 100}), "numpy", should_stop=lambda: True)
    told = [line.removeprefix("warning: ") for line in rc.check(model) if line.startswith("warning: ")]
    assert {f"{one.message}" for one in caught} == {*told}
    return told


def test_a_run_and_check_warn_of_a_rest_elsewhere_than_typed() -> None:
    (one,) = warned(compartment(pumps=[BALANCED, BARE]))
    assert one.startswith("calcium rests at about 20 nM, where a run begins, and not at 50 nM as typed: 'bare' takes")


def test_a_rest_far_from_those_of_terminals_is_told_with_what_buffers_bind_there() -> None:
    """P₁ lets in 50 nM, P₁ + P₂ take out; bound calcium is B c / (K + c), of which the slope is B K / (K + c)²."""
    strong = {**BARE, "parameters": {"P": 999 * P_1}}
    model, found = compartment(pumps=[BALANCED, strong], buffers=[SITES]), REST / 1000
    (one,) = warned(model)
    assert "calcium rests at about 0.05 nM, where a run begins, and not at 50 nM as typed, far below the 10 nM" in one
    assert "type the level" not in one
    told = "\n".join(rc.check(model))
    assert (
        f"binding ratio at rest, 0.05 nM, bound for each free ion that is added: fixed {100 * 0.3 / 0.3**2:.3g}" in told
    )
    bound = 100 * found / (0.3 + found)
    assert f"calcium at rest {SIDE**3 * (found + bound):.5g} uM um^3, of which free {SIDE**3 * found:.3g} " in told


def test_drift_that_buffers_hide_is_told_with_where_it_is() -> None:
    """Bound calcium holds the mean, and free calcium beside the pump falls by P₂ c A / V of its control volume."""
    much = {**SITES, "total": 1e5}
    (one,) = warned(compartment(pumps=[BARE], buffers=[much], run={"duration": 1}))
    assert f"by {-1e3 * P_2 * REST / SIDE:.3g} nM/ms at most, at (0, 0, 50) nm" in one
    capacity = 1 + 1e5 * 0.3 / 0.35**2
    assert f"by {-1e3 * P_2 * REST / SIDE / capacity:.2g} nM/ms on average" in one


@pytest.mark.parametrize(("channels", "is_open"), [(GATE, 0.02), (SHUT, 1 / 51)], ids=["gate", "calcium shuts it"])
def test_channels_that_are_open_at_rest_are_told_by_their_current_however_fine_the_cells_are(
    channels: dict[str, Any], is_open: float
) -> None:
    """What drifts beside a pore goes as the inverse of the volume there, which says nothing about the terminal."""
    told = []
    for size in (SIDE / 2, SIDE / 4):
        cells = {"kind": "grid", "size_at_active_zone": size, "size_in_bulk": size}
        one = {**channels, "positions": [[0.01, 0.01]]}
        model = compartment(pumps=[BARE], channels=[one], stimulus=CLAMP, discretization=cells, run={"duration": 1})
        system = build_system(model, discretize(model))
        drift = typed_drift(Compartment(model, system), *resting_sources(model, system.discretization))
        assert drift.current == pytest.approx(is_open * 2e-3)
        assert abs(drift.largest) == pytest.approx(P_2 * REST / size)
        told.append((drift.current, drift.mean))
    np.testing.assert_allclose(told[0], told[1], rtol=1e-9)
    assert f", while channels let in {is_open * 2e-3:.3g} pA, and by " in "".join(rc.check(model))
    alone = "".join(rc.check(model.changed(pumps=[])))
    assert f", while channels let in {is_open * 2e-3:.3g} pA" in alone
    assert "at most" not in alone.partition("while channels let in")[2].partition(";")[0]


def test_two_pumps_that_balance_each_other_are_no_drift() -> None:
    """Each alone takes or brings calcium, both together nothing."""
    model = compartment(pumps=[BARE, {**BARE, "name": "leaky", "law": f"-P*{REST}", "parameters": {"P": P_2}}])
    assert not any("rest" in line for line in rc.check(model) if line.startswith(("rest", "warning")))


@pytest.mark.parametrize(("P", "times"), [(4e-6, 0), (1.2e-7, 27.8)])
def test_a_store_that_settles_far_from_what_is_typed_is_told_with_the_cause(P: float, times: float) -> None:
    """SERCA takes up v c² / (K² + c²), and at rest P (s - c) is as much."""
    porous = {**POROUS, "parameters": {"P": P}}
    model = compartment(pumps=[BALANCED], stores=[{**ER, "transports": [SERCA, porous]}])
    told = [line for line in rc.check(model) if line.startswith("warning: ")]
    uptake = 2e-3 * REST**2 / (0.1**2 + REST**2)
    assert len(told) == bool(times)
    for line in told:
        assert f", {uptake / P / 120:.3g} times the 120 uM typed: " in line
        assert f"take up {uptake:.3g} uM um/ms and let out {P * 120:.3g}; " in line


BLIND = {"name": "blind", "law": "P*(300 - Ca_store)", "parameters": {"P": 4e-6}}  # fills to 300 µM from anything


@pytest.mark.parametrize(
    ("holds", "transports", "does"),
    [
        (1e5, [SERCA, POROUS], "let out more calcium than the terminal can hold"),
        (1.0, [BLIND], "take up all calcium"),
    ],
)
def test_stores_that_empty_into_a_closed_terminal_are_told_from_those_that_take_all(
    holds: float, transports: list[dict[str, Any]], does: str
) -> None:
    store = {**ER, "volume": 1.0, "rest": holds, "transports": transports}
    assert f"the stores {does} before they are in balance" in rested(compartment(stores=[store])).why


def test_what_crosses_the_membrane_of_a_lumen_drifts_through_all_its_faces() -> None:
    """A control volume may lie at several faces of a staircase: J A / V, with all of the area."""
    leaky = {"name": "ER", "lumen": {"region": "ER"}, "rest": 200, "leak": "none", "transports": [POROUS]}
    model = with_lumen(stores=[leaky], channels=[], buffers=[], run={"duration": 1, "rest": "as typed"})
    found = rested(model)
    membrane, volumes = found.system.discretization.membranes["ER"], found.system.discretization.part_volumes(0)
    assert len(np.unique(membrane.outside)) < len(membrane.outside)
    enters = 4e-6 * (200 - REST) * membrane.areas.sum()
    assert found.drift.mean == pytest.approx(enters / volumes.sum(), rel=1e-6)
