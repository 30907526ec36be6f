"""Steady states and rests where stores have lumens: as much goes into each as comes out, here or there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium import runner
from rdcalcium.backends.numpy import NumpyOperations
from rdcalcium.chemistry import CALCIUM, MAGNESIUM
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.held import hold
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import FACES, TetrahedralMesh
from rdcalcium.library import resolve
from rdcalcium.steady_state.equations import Equations
from rdcalcium.steady_state.linear import correction
from rdcalcium.steady_state.newton import NoSteadyStateError
from rdcalcium.system import build_system
from tests.support import StopAfter, assert_same_tables, simulate
from tests.test_lumens import BALL, BUFFER, CALRETICULIN, SERCA, store, tables, with_lumen
from tests.test_quiet_lumens import MOVING, PASSIVE
from tests.test_rest import PMCA, POROUS, begun, rested

FAR = ("x_max", "y_max", "z_max")
REST, INSIDE = 0.05, 200.0  # µM
UNEVEN: dict[str, Any] = {
    "pumps": [{**PMCA, "leak": "balances", "surface": "membrane"}, {**PMCA, "name": "bare"}],
    "channels": [],
}
CLOSED: dict[str, Any] = {"stores": [store(SERCA, POROUS, leak="none")], "channels": []}


def pore(amplitude: str = "10 fA") -> list[dict[str, Any]]:
    """One channel that never closes, under the store."""
    return [{"name": "Ca", "positions": [[0, 0]], "current": {"kind": "constant", "amplitude": amplitude}}]


def steady(model: rc.Model, held: tuple[str, ...] = ()) -> rc.SteadyState:
    return rc.steady(model, held=held, warn=lambda sentences: None)


# Two layers --------------------------------------------

LONG, THIN = 1.0, 0.02  # µm, length and height of each layer
D, D_ER, P, P_NEAR, P_FAR = 0.22, 0.1, 0.015, 0.2, 0.3  # µm² ms⁻¹ and µm ms⁻¹


def two_layers(nodes: int = 41) -> TetrahedralMesh:
    """Cytosol below and the region "ER" above, in cubes cut into six tetrahedra, and both ends of the cytosol."""
    places = np.meshgrid(np.linspace(0, LONG, nodes), [0, THIN], [0, THIN, 2 * THIN], indexing="ij")
    number = np.arange(places[0].size).reshape(places[0].shape)
    tetrahedra = []
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        corner, corners = np.zeros(3, dtype=int), []
        for axis in (None, *order):
            corner[axis] += axis is not None
            i, j, k = corner
            corners.append(number[i : nodes - 1 + i, j : 1 + j, k : 2 + k].ravel())
        tetrahedra.append(np.array(corners).T)
    points, cells = np.array([axis.ravel() for axis in places]).T, np.vstack(tetrahedra)
    above = points[cells].mean(axis=1)[:, 2] > THIN
    faces = cells[~above][:, FACES].reshape(-1, 3)
    walls = {name: faces[(points[faces][:, :, 0] == x).all(axis=1)] for name, x in (("near", 0.0), ("far", LONG))}
    return TetrahedralMesh(points, cells, {"ER": np.flatnonzero(above)}, walls)


def exact_layers(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Calcium of both layers where D h c″ = P (c - s) = -D_ER h s″, and what enters at 0 leaves at LONG.

    D h c + D_ER h s is a straight line a + b x, and c - s = e cosh(x/λ) + f sinh(x/λ).
    """
    below, above = D * THIN, D_ER * THIN
    both, length = below + above, np.sqrt(1 / (P * (1 / below + 1 / above)))

    def parts(x: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What a, b, e and f are multiplied with in c, in its slope, and in the slope of s."""
        one, y = np.ones_like(x), np.asarray(x) / length
        c = [one, x, above * np.cosh(y), above * np.sinh(y)]
        slope = [0 * one, one, above * np.sinh(y) / length, above * np.cosh(y) / length]
        inside = [0 * one, one, -below * np.sinh(y) / length, -below * np.cosh(y) / length]
        return np.array(c) / both, np.array(slope) / both, np.array(inside) / both

    (c_0, slope_0, inside_0), (c_1, slope_1, inside_1) = parts(0.0), parts(LONG)
    ends = np.array([D * slope_0 - P_NEAR * c_0, D * slope_1 + P_FAR * c_1, inside_0, inside_1])
    of = np.linalg.solve(ends, [-P_NEAR * REST, 0.0, 0.0, 0.0])
    c = np.tensordot(of, parts(x)[0], axes=1)
    return c, c - of[2] * np.cosh(x / length) - of[3] * np.sinh(x / length)


def layered(tmp_path: Path, **changes: Any) -> rc.Model:
    """A leak at one end and a pump at the other, and pores all along between the layers."""
    write_mesh(two_layers(), tmp_path / "layers.msh")
    pump = {"law": "P*Ca", "surface": "near", "name": "near", "parameters": {"P": P_NEAR}}
    far = {**pump, "surface": "far", "name": "far", "parameters": {"P": P_FAR}, "leak": "none"}
    pores = {**PASSIVE, "parameters": {"P": P}}
    return resolve(
        {
            "geometry": {"kind": "mesh", "file": str(tmp_path / "layers.msh"), "length_unit": "um"},
            "discretization": {"kind": "tetrahedra"},
            "calcium": {"rest": REST, "diffusivity": D},
            "stores": [store(pores, lumen={"region": "ER", "diffusivity": D_ER}, rest=REST, leak="none")],
            "pumps": [pump, far],
            "run": {"duration": 1},
        }
        | changes
    )


def test_a_store_relays_calcium_from_where_it_enters_to_where_it_leaves(tmp_path: Path) -> None:
    """Two layers against their exact rest: the store takes up calcium at one end, and lets it out at the other."""
    model = layered(tmp_path)
    found = rested(model)
    cells, calcium = found.system.discretization, found.system.rest[CALCIUM]
    c, s = exact_layers(cells.centres[:, 0])
    there = np.where(cells.parts == 1, s, c)
    assert found.solved
    assert calcium == pytest.approx(there, rel=5e-4)
    assert np.ptp(calcium) > 0.05 * REST
    assert np.abs(c - s).max() > 5e-3 * REST
    assert abs(found.drift.largest) < 1e-9 * REST
    assert steady(model).y[CALCIUM] == pytest.approx(calcium, rel=1e-7)


# Rest --------------------------------------------


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_an_uneven_terminal_with_a_lumen_stays_in_its_rest(kind: str) -> None:
    """Buffers too, of which there are as many as in equilibrium with the mean, each on its side."""
    model = with_lumen(kind, **UNEVEN, run={"duration": 10, "tolerance": 1e-4})
    found = rested(model)
    run = begun(found.system, model)
    cells, before = run.system.discretization, run.do.to_host(run.stepper.y)
    assert found.range[1] > 1.02 * found.range[0]
    run.run()
    change = np.abs(run.do.to_host(run.stepper.y) - before) / (before.max(axis=1, keepdims=True) + 1e-30)
    assert change.max() < 1e-9
    inside = cells.parts == 1
    for field, y in zip(run.system.fields, before, strict=True):
        assert not (field.buffer and y[inside != (field.buffer == "CR")].any())
    volumes, totals = cells.volumes, [before[1] + before[2], before[3] + before[4]]
    assert volumes @ totals[0] == pytest.approx(100 * cells.total_volume, rel=1e-9)
    assert volumes @ totals[1] == pytest.approx(3000 * cells.part_volumes(1).sum(), rel=1e-9)
    assert np.ptp(before[CALCIUM][inside]) > 1e-6 * found.level.lumens["ER"]


def test_grids_and_tetrahedra_rest_alike() -> None:
    grid, mesh = (rested(with_lumen(kind, **UNEVEN)) for kind in ("grid", "tetrahedra"))
    assert grid.level.calcium == pytest.approx(mesh.level.calcium, rel=1e-3)
    assert grid.level.lumens["ER"] == pytest.approx(mesh.level.lumens["ER"], rel=1e-3)
    assert grid.range == pytest.approx(mesh.range, rel=3e-3)


def test_a_run_begins_in_an_uneven_rest_and_is_resumed_there(tmp_path: Path) -> None:
    model = with_lumen(**UNEVEN | {"channels": tables()["channels"]}, run={"duration": 0.2})
    whole = runner.run(model, "numpy", tmp_path / "whole")
    runner.run(model, "numpy", tmp_path / "parts", should_stop=StopAfter(5))
    runner.resume(tmp_path / "parts")
    assert_same_tables(tmp_path / "whole", tmp_path / "parts")
    assert whole.about.rest.begins == "solved"
    assert whole.about.rest.stores["ER"][1] < 0.5 * whole.about.rest.stores["ER"][0]


# Steady states --------------------------------------------


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_what_enters_beneath_a_store_leaves_and_the_store_is_in_balance(kind: str) -> None:
    """SERCA beneath the pore fills it, and it leaks all around: ∫ J dA = 0, which is not zero anywhere."""
    found = steady(with_lumen(kind, channels=pore(), **{"stores": CLOSED["stores"]}), held=FAR)
    assert abs(found.missing) < 1e-9 * found.entering
    cells = discretize(with_lumen(kind))
    at, calcium = cells.membranes["ER"], np.zeros(cells.size)
    calcium[cells.volumes > 0] = found.y[CALCIUM]
    c, s = calcium[at.outside], calcium[at.inside]
    taken = 0.05 * c**2 / (0.1**2 + c**2)
    passed = at.areas * (taken - 4e-6 * (s - c))
    assert abs(passed.sum()) < 1e-6 * np.abs(passed).sum()
    assert np.abs(passed).sum() > 0.1 * (at.areas @ taken)
    assert found.stored["ER"] > 2 * cells.part_volumes(1) @ np.full(cells.size, INSIDE + 500)
    assert found.snapshot.compartment.sum() == (cells.parts[cells.volumes > 0] == 1).sum()


@pytest.mark.parametrize("inside", [{}, {"lumen": None, "volume": 4e-3}], ids=["resolved", "well mixed"])
def test_what_a_store_lets_out_into_a_held_wall_leaves_there(inside: dict[str, Any]) -> None:
    """The membrane is next to the walls, so that the store takes calcium from the pore right to them."""
    given = {**CLOSED["stores"][0], "surface": "ER", **inside}
    found = steady(with_lumen(channels=pore(), buffers=[BUFFER], probes=[], stores=[given]), held=FAR)
    assert abs(found.missing) < 1e-9 * found.entering


def test_a_long_run_ends_in_the_steady_state() -> None:
    """Where a store exchanges in milliseconds what else takes it minutes; a probe inside sees its control volumes."""
    leaky = {**POROUS, "parameters": {"P": 0.02}}
    box = {"kind": "box", "size": [0.4, 0.4, 0.4], "obstacles": [BALL]}  # whose walls the membrane is away from
    stores = [store({**SERCA, "parameters": {"V_max": "0.5 uM*um/ms"}}, leaky, leak="none", rest=1.0)]
    model = with_lumen(channels=pore(), stores=stores, geometry=box, run={"duration": 200, "tolerance": 1e-3})
    found = steady(model, held=FAR)
    run = simulate(model, discretization=hold(discretize(model), FAR))
    np.testing.assert_allclose(found.values, run.values, rtol=1e-4, atol=1e-12)
    y = run.do.to_host(run.stepper.y)[:, run.system.discretization.volumes > 0]
    np.testing.assert_allclose(found.y, y, rtol=2e-4, atol=1e-12)
    assert found.stored == pytest.approx(run.balance().stored, rel=1e-4)
    assert found.bound == pytest.approx(run.balance().bound, rel=1e-4)


def test_a_store_keeps_its_buffers_and_its_magnesium_though_the_cytosol_is_held() -> None:
    """As many as in the beginning, though calcium that has come in has taken the place of magnesium."""
    model = with_lumen(channels=pore(), **MOVING)
    found, system = steady(model, held=FAR), build_system(model, discretize(model))
    volumes, there = system.discretization.part_volumes(1), system.discretization.volumes > 0
    kept = np.vstack([system.chemistry.conserved, system.chemistry.magnesium_content])
    assert kept @ found.y @ volumes[there] == pytest.approx(kept @ system.rest @ volumes, rel=1e-10)
    assert found.y[MAGNESIUM].max() > 610


def test_a_closed_terminal_comes_to_the_level_at_which_it_rests() -> None:
    model = with_lumen(**CLOSED)
    found, level = steady(model), rested(model).level
    assert found.probes["outside"].calcium == pytest.approx(level.calcium, rel=1e-9)
    assert found.probes["inside"].calcium == pytest.approx(level.lumens["ER"], rel=1e-9)
    assert level.calcium < 0.9 * REST


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_lumen_that_fills_has_no_steady_state(kind: str) -> None:
    with pytest.raises(NoSteadyStateError, match="the store 'ER' fills, and nothing comes out of it"):
        steady(with_lumen(kind, channels=pore(), stores=[store(SERCA, leak="none")]), held=FAR)


# How it is found --------------------------------------------


def test_a_correction_knows_both_sides_of_a_membrane() -> None:
    """A small enough change of the state changes the rates by what the correction was to undo."""
    fixed = [{**buffer, "diffusivity": 0} for buffer in (BUFFER, CALRETICULIN)]
    model = resolve(tables(**UNEVEN, buffers=fixed))
    system = build_system(model, discretize(model))
    equations = Equations(NumpyOperations(system), np.zeros(system.shape))
    u = (system.rest * np.linspace(0, 0.3, system.shape[1]))[:, equations.free]
    wanted = np.random.default_rng(2).uniform(-1e-3, 1e-3, u.shape) * equations.there
    kept = equations.chemistry.kept_in_place
    wanted -= kept.T @ (kept @ wanted) * equations.there
    change, _ = correction(equations, u, -wanted, 1e-11)
    step = 1e-4 / np.abs(change[CALCIUM] / system.rest[CALCIUM, equations.free]).max()
    slope = (equations.rates(u + step * change) - equations.rates(u - step * change)) / (2 * step)
    np.testing.assert_allclose(slope, wanted, atol=1e-8)
