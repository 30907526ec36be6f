"""Pumps on surfaces: exact solutions, rest that stays rest, and a ledger that finds what they have taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import exact
from rdcalcium.chemistry import CALCIUM
from rdcalcium.errors import InputError
from rdcalcium.geometry.files import write_mesh
from rdcalcium.integrators import limits
from rdcalcium.library import resolve
from rdcalcium.model import ModelError, Pump, Run
from rdcalcium.model.expression import Expression
from rdcalcium.model.stores import StoreTransport
from rdcalcium.model.surroundings import Surroundings
from rdcalcium.patches import Mechanism, Patch, Patches, Row
from rdcalcium.patches.base import Course
from rdcalcium.patches.build import pump_mechanism
from rdcalcium.patches.quiet import Room, suits
from rdcalcium.patches.stiffness import stiffness
from rdcalcium.simulation import Simulation
from rdcalcium.units import IONS_PER_AMOUNT, parse
from tests.ball import sphere_mesh
from tests.model_tables import completed
from tests.models import small_model
from tests.support import fresh, launched_ahead, on_cells, simulate
from tests.tolerances import TOLERANCES

KINDS = ("grid", "tetrahedra")
HILL = {"name": "Hill", "law": "V_max*Ca**2/(K**2 + Ca**2)", "parameters": {"V_max": "40 uM*um/ms", "K": "1 uM"}}
LINEAR = {"name": "linear", "surface": "z_max", "law": "P*Ca", "parameters": {"P": "0.5 um/ms"}}
D = 0.22


def pumping(kind: str = "grid", **changes: Any) -> rc.Model:
    """A small model with two pumps that meet at an edge, and clearance; all of them strong."""
    model = small_model(kind, "fixed", calcium={"clearance": "2 /ms"}, **changes)
    return model.changed(pumps=(Pump(**HILL), Pump(**LINEAR), Pump(**{**HILL, "name": "side", "surface": "x_min"})))


def slab(**changes: Any) -> rc.Model:
    """0.2 pA/µm² through one face of a slab of 1 µm, a pump on the other."""
    pores = [[x, y] for x in (-0.025, 0.025) for y in (-0.025, 0.025)]
    tables = {
        "geometry": {"kind": "box", "size": [0.1, 0.1, 1.0]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.05},
        "calcium": {"rest": 0},
        "channels": [{"name": "Ca", "positions": pores, "current": {"kind": "constant", "amplitude": "0.5 fA"}}],
        "pumps": [{"name": "linear", "surface": "z_max", "law": "P*Ca", "parameters": {"P": "0.02 um/ms"}}],
        "probes": [{"name": "at the source", "position": [0.025, 0.025, 0.025]},
                   {"name": "at the pump", "position": [0.025, 0.025, 0.975]}],
        "run": {"duration": 800, "tolerance": 1e-3},
    }  # fmt: skip
    return resolve(tables | changes)


def test_a_slab_between_a_source_and_a_linear_pump_is_as_steep_as_its_flux() -> None:
    """C(x) = J (1/P + (L - x)/D), at the centres of its outermost cells."""
    run = simulate(slab())
    near, far = on_cells(run)
    assert far == pytest.approx(51.821348, rel=1e-4)  # the pump takes from the cell what it holds at its centre
    assert near - far == pytest.approx((56.532380 - 51.821348) * 0.95, rel=1e-4)


@pytest.fixture(scope="module")
def ball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mesh of a ball of 0.5 µm."""
    path = tmp_path_factory.mktemp("ball") / "ball.vtu"
    write_mesh(sphere_mesh(0.5, 0.1), path)
    return path


def in_ball(mesh: Path, pump: dict[str, Any], current: float, **run: Any) -> rc.Model:
    tables = {
        "geometry": {"kind": "mesh", "file": str(mesh), "length_unit": "um"},
        "discretization": {"kind": "tetrahedra"},
        "calcium": {"rest": 0},
        "pumps": [{"name": "pump", **pump}],
        "channels": [{"name": "Ca", "positions": [[0, 0, 0]], "place": "anywhere",
                      "current": {"kind": "constant", "amplitude": current}}],
        "probes": [{"name": "at the surface", "position": [0, 0, 0.499]}],
        "run": run,
    }  # fmt: skip
    return resolve(tables)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ({"law": "P*Ca", "parameters": {"P": 0.02}}, 0.412381),
        ({"law": "M*Ca/(1 + Ca/K)", "parameters": {"M": 0.04, "K": 0.4}}, 0.425553),
    ],
)
def test_the_surface_of_a_ball_with_a_source_inside_holds_what_its_pump_needs(
    law: dict[str, Any], expected: float, ball: Path
) -> None:
    """q = 4 π R² J(c): all that enters leaves through the membrane."""
    run = simulate(in_ball(ball, law, 0.005, duration=250))
    assert run.values[CALCIUM, 0] == pytest.approx(expected, rel=0.02)  # the area of a mesh of 0.1 µm is 1 % too small


def test_a_ball_with_a_linear_pump_empties_at_the_rate_of_its_slowest_mode(ball: Path) -> None:
    """x cot x = 1 - P R / D, and the rate is D (x / R)²."""
    run = fresh(in_ball(ball, {"law": "P*Ca", "parameters": {"P": 0.02}}, 0.0, duration=16, tolerance=1e-4))
    run.stepper.y[:] = 1.0
    run.stepper.carried[:] = 0.0
    amounts = {}
    while not run.finished:
        run.advance()
        amounts[run.t] = run.balance().free
    times = np.array([t for t in amounts if t > 4])
    rate = -np.polyfit(times, np.log([amounts[t] for t in times]), 1)[0]
    assert exact.ball_wavenumber(1, 0.5, 0.02, D) ** 2 * D == pytest.approx(0.11891476, rel=1e-7)
    assert rate == pytest.approx(0.11891476, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_with_pumps_rests_while_nothing_enters(backend: str, kind: str) -> None:
    run = simulate(pumping(kind, channels=(), run=Run(duration=10)), backend)
    rest = run.system.chemistry.rest[:, None]
    assert np.abs(run.do.to_host(run.stepper.y) - rest).max() < 1e-9
    assert max(map(abs, run.balance().pumped.values())) < 1e-10


@pytest.mark.parametrize(
    ("kind", "method", "precision"),
    [("grid", "RKC2", "float64"), ("tetrahedra", "RKL2", "float64"), ("tetrahedra", "RKC2", "float32")],
)
def test_what_entered_is_free_bound_or_pumped(backend: str, kind: str, method: str, precision: str) -> None:
    run = simulate(pumping(kind, run=Run(duration=0.3, method=method, precision=precision)), backend)
    balance = run.balance()
    assert [*balance.pumped] == ["Hill", "linear", "side", "clearance"]
    assert min(balance.pumped.values()) > 1e-4 * balance.entered
    assert abs(balance.missing) < TOLERANCES[f"balance, {precision}"] * (balance.initial + balance.entered)


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
@pytest.mark.parametrize("kind", KINDS)
def test_a_device_with_pumps_decides_as_the_host_does(kind: str, open_run: Any, kernel_backend: str) -> None:
    run, twin = open_run(pumping(kind), kernel_backend), fresh(pumping(kind), "numpy")
    run.run()
    twin.run()
    assert (run.steps, run.rejected, run.stepper.evaluations) == (twin.steps, twin.rejected, twin.stepper.evaluations)
    np.testing.assert_allclose(run.values, twin.values, rtol=TOLERANCES["run, float64"])
    pumped = [*run.balance().pumped.values()], [*twin.balance().pumped.values()]
    np.testing.assert_allclose(*pumped, rtol=TOLERANCES["run, float64"])


def test_mirrors_count_the_pumps_of_all_parts() -> None:
    whole = simulate(slab(run={"duration": 20}))
    geometry = {"kind": "box", "size": [0.1, 0.1, 1.0], "symmetry": ["x", "y"]}
    corner = {**slab().channels[0].model_dump(), "positions": [[0.025, 0.025]]}
    quarter = simulate(slab(geometry=geometry, channels=[corner], run={"duration": 20}))
    assert quarter.balance().pumped["linear"] == pytest.approx(whole.balance().pumped["linear"], rel=3e-3)


def test_a_run_with_pumps_goes_on_as_if_it_had_not_stopped(backend: str) -> None:
    run, twin = fresh(pumping(), backend), fresh(pumping(), backend)
    for _ in range(5):
        run.advance()
    twin.restore(run.state())
    run.run()
    twin.run()
    assert run.balance() == twin.balance()
    assert np.array_equal(run.do.sites(run.stepper.y), twin.do.sites(twin.stepper.y))


def test_calcium_is_cleared_from_a_compartment_at_the_rate_of_its_clearance() -> None:
    """And a step that is as large as the others makes it fast: exp(-clearance t)."""
    box = {"geometry": {"kind": "box", "size": [0.1, 0.1, 0.1]}, "channels": [], "pumps": [], "probes": []}
    run = fresh(slab(**box, calcium={"rest": 0.05, "clearance": "0.4 /ms"}, run={"duration": 5, "tolerance": 1e-6}))
    run.stepper.y[:] = 1.05
    run.run()
    assert run.do.to_host(run.stepper.y).max() == pytest.approx(0.05 + np.exp(-0.4 * 5), rel=1e-4)


def test_the_flux_of_pumps_is_their_density_times_their_turnover() -> None:
    """250 µm⁻² that let 100 ions out each second are 25 ions/(µm² ms), 0.0415 µM µm/ms."""
    pump = Pump(name="PMCA", law="density*k_cat*Ca/(K + Ca)", density=250, parameters={"k_cat": "100 /s", "K": 0.2})
    rate = float(Expression(pump.law).evaluate({**pump.numbers, "Ca": 1e9}))
    assert rate == pytest.approx(0.0415, rel=1e-3)
    assert rate == pytest.approx(parse("25 ions/um^2/ms", "surface flux"), rel=1e-9)
    assert rate * IONS_PER_AMOUNT == pytest.approx(25, rel=1e-9)


def test_the_steepest_part_of_a_law_bounds_the_stiffness() -> None:
    """The largest slope of V c/(K + c) is V/K, that of V c²/(K² + c²) is 3√3/8 V/K; times area over volume."""
    one = np.ones(1)
    for law, slope in (("V_max*Ca/(K + Ca)", 1.0), ("V_max*Ca**2/(K**2 + Ca**2)", 27**0.5 / 8)):
        pump = Pump(name="pump", law=law, parameters={"V_max": 3.0, "K": 0.5})
        found = stiffness(Patch(pump_mechanism(pump, 0.05), np.zeros(1, int), one, 4 * one))
        assert slope * 24 < found.radii[-1] < 1.3 * slope * 24
        assert slope * 6 < found.slopes[-1] < 1.3 * slope * 6


def test_a_run_writes_what_its_pumps_took(tmp_path: Path) -> None:
    result = rc.run(pumping(), "compiled", tmp_path / "run")
    pumped = {name: amounts for name, amounts in result.ledger.items() if name.startswith("pumped by")}
    assert [*pumped] == [f"pumped by {name} (uM um^3)" for name in ("Hill", "linear", "side", "clearance")]
    assert pumped["pumped by Hill (uM um^3)"][-1] == pytest.approx(result.summary.ledger.pumped["Hill"])
    assert result.ledger["relative error"].max() < TOLERANCES["balance, float64"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"law": "V_max*Ca"}, r"'K'.*; used: V_max"),
        ({"law": "V_max*Ca/(K + Ca) + x"}, r"'x' in .* is not known; known here: Ca, K, V, V_max"),
        ({"law": "V_max*Ca", "parameters": {"V_max": "1 /ms"}}, r"is in uM\*ms\^-1, expected uM\*um/ms"),
        ({"law": "V_max*Ca + K"}, r"adds uM\^2\*ms\^-1\*um and uM"),
        ({"law": "V_max/(Ca - K)", "parameters": {"V_max": 1, "K": 1}}, r"no number at .* uM of calcium"),
        ({"parameters": {"V_max": 1, "K": 1, "leak": 2}}, r"'leak' has a meaning of its own in a law"),
        ({"density": 3}, r"does not use 'density'"),
        ({"leak": "some"}, r"leak"),
    ],
)
def test_a_law_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Pump(**{**HILL, **changes})


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Pump, "Ca_o"),
        *((part, name) for part in (Pump, StoreTransport) for name in ("V", "Ca_store", "density", "leak")),
    ],
)
def test_a_state_has_no_name_that_means_something_else_in_a_law(name: str, part: type[Pump | StoreTransport]) -> None:
    """Else a law that names the voltage would read how many molecules are in that state."""
    with pytest.raises(ModelError, match=f"'{name}' has a meaning of its own in a law"):
        part(name="p", density=100, scheme=(f"{name} + Ca <-> X : 0.1, 1", f"X -> {name} : 2"))


def test_molecules_that_never_let_calcium_go_to_the_other_side_are_no_pump() -> None:
    steps = ("P + Ca <-> PCa : 0.1, 1", "PCa + Ca <-> PCa2 : 0.1, 1")
    with pytest.raises(ModelError, match=r"scheme of 'p' binds calcium and .*, such as 'PCa2 -> P : k_out'"):
        Pump(name="p", density=100, scheme=steps)
    Pump(name="p", density=100, scheme=(*steps, "PCa2 -> P : 0.1"))
    Pump(name="p", density=100, scheme=("PCa -> P : 0.1", "P + Ca -> PCa : 0.1"))


@pytest.mark.parametrize("look", [fresh, rc.check])
def test_a_surface_that_the_terminal_does_not_have_is_refused_by_name(look: Callable[[rc.Model], object]) -> None:
    with pytest.raises(
        InputError, match=r"pump 'linear' is on the surface 'z_mx', .* it has: membrane, .*Did you mean 'z_max'"
    ):
        look(slab(pumps=[{**LINEAR, "surface": "z_mx"}]))


def test_a_pump_is_a_way_out_of_a_steady_state() -> None:
    """The slab again, without the time that it takes; all that enters leaves through its pump."""
    state = rc.steady(slab())
    near, far = state.y[CALCIUM].max(), state.y[CALCIUM].min()
    assert far == pytest.approx(51.821348, rel=1e-7)
    assert near - far == pytest.approx((56.532380 - 51.821348) * 0.95, rel=1e-6)
    assert state.leaving["linear"] == pytest.approx(0.2 * 0.01, rel=1e-7)
    assert abs(state.missing) < 1e-8 * state.entering


def test_a_steady_state_with_pumps_and_buffers_is_where_a_long_run_ends() -> None:
    box = {"kind": "box", "size": [0.2, 0.2, 0.2]}
    pumps = [{"use": "PMCA_matveev2006"}, {"use": "NCX_rameshkumar2025", "surface": "z_max"}]
    buffers = [{"use": "EGTA", "total": "0.1 mM"}, {"use": "fixed_keller2015", "total": "20 uM"}]
    probes = [{"name": "deep", "position": [0.025, 0.025, 0.1]}]
    rest = {"pumps": pumps, "buffers": buffers, "probes": probes, "calcium": {"rest": 0.05}, "run": {"duration": 1500}}
    model = slab(geometry=box, **rest)
    state, run = rc.steady(model), simulate(model)
    assert state.values[:, 0] == pytest.approx(run.values[:, 0], rel=2e-3)
    assert sum(state.leaving.values()) == pytest.approx(state.entering, rel=1e-7)


def test_a_steady_state_with_states_is_that_of_the_law_that_they_come_to() -> None:
    """P + Ca ⇌ PCa → P takes σ k_out c / (c + (k_off + k_out) / k_on)."""
    k_on, k_off, k_out, sigma = 0.15, 0.015, 0.06, 1800 / IONS_PER_AMOUNT
    rates = {"k_on": k_on, "k_off": k_off, "k_out": k_out}
    states = {"scheme": ["P + Ca <-> PCa : k_on, k_off", "PCa -> P : k_out"], "density": 1800, "parameters": rates}
    law = {"law": "V_max*Ca/(K + Ca)", "parameters": {"V_max": sigma * k_out, "K": (k_off + k_out) / k_on}}
    weak = {"name": "Ca", "positions": [[0.025, 0.025]], "current": {"kind": "constant", "amplitude": "0.2 fA"}}
    found = [
        rc.steady(slab(channels=[weak], pumps=[{"name": "pump", "surface": "z_max", **pump}])) for pump in (states, law)
    ]
    assert found[0].y == pytest.approx(found[1].y, rel=1e-7)
    assert found[0].leaving["pump"] == pytest.approx(0.2e-3, rel=1e-7)
    share = found[0].y[CALCIUM].min() / (found[0].y[CALCIUM].min() + law["parameters"]["K"])
    assert found[0].bound["pump"] == pytest.approx(sigma * share * 0.01, rel=1e-6)


def of_library(name: str) -> Pump:
    """A pump of the library, with what its entry leaves to be said, in a usual calcium outside."""
    return Pump(**completed(Pump, name)).within(Surroundings(temperature=None, outside=2000.0, inside=0.05))


@pytest.mark.parametrize("name", rc.library.entries("pumps"))
def test_bare_numbers_of_a_law_are_written_with_the_units_of_their_place(name: str) -> None:
    """Or bare, all of them, where the law does not tell: in ratios alone, as of sodium, any unit would do."""
    pump = of_library(name)
    bare = pump.changed(parameters={key: float(value) for key, value in pump.parameters.items()})
    found, numbers = bare.model_dump()["parameters"], {key: float(value) for key, value in pump.parameters.items()}
    assert found in (pump.model_dump()["parameters"], numbers)
    if name.startswith("PMCA"):
        assert all(isinstance(value, str) for value in found.values())


def test_a_law_that_tells_no_unit_is_written_as_it_was_read() -> None:
    bare = Pump(name="pump", law="a*b*Ca", parameters={"a": 0.1, "b": 2.0})
    assert bare.model_dump()["parameters"] == {"a": 0.1, "b": 2.0}


def test_a_bare_number_beside_units_is_a_factor() -> None:
    with pytest.raises(ModelError, match=r"numbers without a unit count as pure factors beside one with a unit"):
        Pump(**{**HILL, "parameters": {"V_max": 40, "K": "1 uM"}})


@pytest.mark.parametrize("name", rc.library.entries("pumps"))
def test_every_pump_of_the_library_takes_more_out_the_more_there_is(name: str) -> None:
    """In the steady state of its molecules, where it has states; and at rest it is balanced."""
    pump, polarised = of_library(name), Course(np.zeros(1), np.full(1, -200.0))
    steady = []
    for calcium in np.geomspace(1e-3, 100, 20):
        mechanism = pump_mechanism(pump.changed(leak="none"), float(calcium), polarised)
        taken, *rates = without_clock(mechanism, float(calcium))
        assert rates == pytest.approx([0.0] * len(rates), abs=1e-12)
        steady.append(taken)
    assert np.all(np.diff(steady, prepend=0.0) > 0)
    assert without_clock(pump_mechanism(pump, 0.05, polarised), 0.05) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "most", "half", "order"),
    [  # µM µm ms⁻¹, µM; for molecules what all of them take across, and (k_off + k_out) / k_on
        ("PMCA_matveev2006", 0.04, 0.4, 1),
        ("pump_matveev2004", 0.01, 0.2, 1),
        ("PMCA_rameshkumar2025", 0.03, 0.3, 2),
        ("PMCA_active_zone_rameshkumar2025", 0.03, 0.3, 1),
        ("NCX_rameshkumar2025", 0.4, 1.5, 1),
        ("PMCA_bartol2015", 180 * 12e-3 / 602.214, 0.18, 1),
        ("NCX_bartol2015", 100 * 600e-3 / 602.214, 3.0, 1),
    ],
)
def test_a_pump_is_half_as_fast_as_it_can_be_at_its_affinity(name: str, most: float, half: float, order: int) -> None:
    pump = Pump(**completed(Pump, name), leak="none")
    for relative in (0.1, 1.0, 3.0):
        c = relative * half
        taken = pump_mechanism(pump, c).rates(np.array([c]), pump_mechanism(pump, c).start[:, None])[0, 0]
        assert taken == pytest.approx(most * relative**order / (1 + relative**order), rel=1e-6)


def test_molecules_that_let_two_ions_go_take_both_across() -> None:
    """In the steady state 2 k_out times the molecules that hold two; in a run nothing is missing meanwhile."""
    steps = ("P + Ca <-> C1 : 0.1, 1", "C1 + Ca <-> C2 : 0.2, 2", "C2 -> P : 0.5")
    pump, c = Pump(name="two", density="300 /um^2", scheme=steps, leak="none"), 4.0
    q = np.array([[-0.4, 1.0, 0.5], [0.4, -1.8, 2.0], [1, 1, 1]])  # of the last state: all are 1 together
    full = np.linalg.solve(q, [0, 0, 1])[2]
    mechanism = pump_mechanism(pump, c)
    taken = mechanism.rates(np.array([c]), mechanism.start[:, None])[0, 0]
    assert taken == pytest.approx(2 * 0.5 * full * 300 / IONS_PER_AMOUNT, rel=1e-9)
    run = simulate(slab(pumps=[{**pump.model_dump(), "leak": "balances", "surface": "z_max"}], run={"duration": 20}))
    balance = run.balance()
    assert balance.pumped["two"] > 0
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)


def without_clock(mechanism: Mechanism, calcium: float) -> np.ndarray:
    """Rates of change of its rows, as they begin, at a calcium in µM."""
    rates = mechanism.rates(np.array([calcium]), mechanism.start[:, None])[:, 0]
    return rates[: len(rates) - bool(mechanism.courses)]


@pytest.mark.parametrize(
    ("places", "exact"),
    [
        ([(0.003, -0.001, 0.202)], 4 * np.pi * 0.1**2),
        ([(0, 0, 0)], 2 * np.pi * 0.1**2),  # half of it is in the box
        ([(-0.04, 0, 0.2), (0.04, 0, 0.2)], 4 * np.pi * 0.1 * (0.1 + 0.04)),  # less two caps of a height of 60 nm
    ],
)
def test_on_a_grid_spheres_have_their_own_area_and_not_that_of_the_cells(places: list, exact: float) -> None:
    spheres = [{"kind": "sphere", "centre": place, "radius": 0.1} for place in places]
    tables = {
        "geometry": {"kind": "box", "size": [0.4, 0.4, 0.4], "obstacles": spheres},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.008},
        "run": {"duration": 1},
    }
    assert rc.discretize(resolve(tables)).surfaces["vesicles"].areas.sum() == pytest.approx(exact, rel=0.01)


QUIET = {"duration": 120, "tolerance": 1e-3}


def after_a_pulse(monkeypatch: pytest.MonkeyPatch, implicit: bool, backend: str, use: str) -> Simulation:
    """A terminal of 0.4 µm that empties through its membrane, by implicit steps or without them."""
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 5.0 if implicit else np.inf)
    pulse = {"kind": "pulse", "amplitude": "20 fA", "start": 0.1, "duration": 0.5}
    tables = {
        "geometry": {"kind": "box", "size": [0.4, 0.4, 0.4]},
        "discretization": {"kind": "grid", "size_at_active_zone": 0.02, "size_in_bulk": 0.1},
        "buffers": [{"use": "fixed_keller2015"}],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": pulse}],
        "pumps": [{"use": use}],
        "run": {"duration": 120, "tolerance": 1e-3},
    }
    return simulate(resolve(tables), backend)


@pytest.mark.parametrize("use", ["PMCA_matveev2006", "PMCA_bartol2015"])
def test_implicit_steps_leave_and_pump_what_explicit_ones_do(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, twin = (after_a_pulse(monkeypatch, implicit, "compiled", use) for implicit in (True, False))
    assert run.stepper.evaluations < 0.8 * twin.stepper.evaluations
    assert run.balance().pumped[use] == pytest.approx(twin.balance().pumped[use], rel=2e-3)
    ends = [r.do.to_host(r.stepper.y)[CALCIUM] for r in (run, twin)]
    np.testing.assert_allclose(*ends, rtol=5e-3)
    balance = run.balance()
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)


def test_implicit_steps_with_pumps_are_the_same_on_every_backend(
    kernel_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the rounding of modes, which are in single precision."""
    run, twin = (after_a_pulse(monkeypatch, True, name, "PMCA_matveev2006") for name in (kernel_backend, "numpy"))
    assert run.balance().pumped == pytest.approx(twin.balance().pumped, rel=1e-5)


@pytest.mark.parametrize(("leak", "drifts"), [("balances", False), ("none", True)])
def test_check_tells_of_pumps_that_do_not_rest(leak: str, drifts: bool) -> None:
    model = slab(calcium={"rest": 0.05}, pumps=[{**LINEAR, "leak": leak}])
    told = [line for line in rc.check(model) if "at rest" in line]
    assert any("'linear' takes calcium out at rest, 0.025 uM um/ms" in line for line in told) == drifts


def test_what_follows_a_course_of_time_is_left_to_explicit_steps_while_that_changes() -> None:
    rows = (Row("out", Expression("a*Ca"), calcium=1.0), Row("clock", Expression("1")))
    ramp, one, first = Course(np.array([0.0, 1.0]), np.array([0.0, 1.0])), 1e-6 * np.ones(1), np.zeros(1, int)
    gentle = stiffness(Patch(pump_mechanism(Pump(**LINEAR), 0.05), first, one, one))
    for courses, begin, left in (({}, 0.5, True), ({"a": ramp}, 0.5, False), ({"a": ramp}, 1.0, True)):
        mechanism = Mechanism("driven", rows, {"a": 1e-6}, courses=courses)
        patches = Patches((Patch(mechanism, first, one, one),), (gentle,))
        assert suits(patches, [Room(D, 1.0)], 1.0, begin, begin + 1) == left


@pytest.mark.parametrize(("highest", "follows"), [(-80.0, 0), (20.0, 0), (40.0, 1)])
def test_a_state_that_only_a_high_voltage_makes_too_fast_for_steps_follows(highest: float, follows: int) -> None:
    """Its rates are 2e-8, 1.5e3 and 2.2e5 per ms; at rest it is as slow in all of them."""
    steps = {"scheme": ("C <-> O : 10*exp(V/4), 1",), "law": "P*O*Ca", "parameters": {"P": 0.02}}
    voltage = Course(np.array([0.0, 1.0, 2.0]), np.array([-80.0, highest, -80.0]))
    mechanism = pump_mechanism(Pump(name="gated", **steps), 0.05, voltage)
    assert len(mechanism.following) == follows


@pytest.mark.parametrize(
    "stimulus",
    [
        {"kind": "action_potential", "waveform": "cerebellar_mossy_fibre_ritzau_jost2014", "times": ["5 ms"]},
        {
            "kind": "voltage_step",
            "holding": "-80 mV",
            "steps": [{"start": "5 ms", "level": "20 mV", "duration": "0.3 ms"}],
        },
    ],
    ids=["action potential", "step"],
)
def test_a_voltage_that_a_pump_alone_reads_is_not_stepped_over(stimulus: dict[str, Any]) -> None:
    """After long rest steps are longer than the pulse; what is pumped is within the tolerance of steps of 2 µs."""
    pumps = [{"use": "NCX_luo_rudy1994", "surface": "z_max", "parameters": {"V_max": "100 uM*um/ms", "Ca_o": "1.8 mM"}}]
    pumped = []
    for limit in ({}, {"max_step": "2 us"}):
        model = rc.Model.model_validate(
            {
                "geometry": {"kind": "box", "size": [0.5, 0.5, 0.5]},
                "discretization": {"kind": "grid", "size_at_active_zone": 0.5},
                "calcium": {"rest": "50 nM"},
                "stimulus": stimulus,
                "pumps": pumps,
                "run": {"duration": 6.0, **limit},
            }
        )
        pumped.append(simulate(model, "numpy").balance().pumped["NCX_luo_rudy1994"])
    within = 0.02 * 0.05 * 0.5**3  # rtol and atol, of what is there at rest
    assert abs(pumped[0] - pumped[1]) < within < 0.4 * abs(pumped[1])
