"""Stores whose lumen has control volumes: nothing is lost across their membrane, and calcium diffuses inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.errors import InputError
from rdcalcium.exact import ball_flux
from rdcalcium.geometry.cut import CutCells
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.divided import divided
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.library import resolve
from rdcalcium.model import Box, ModelError, Sphere, Tetrahedra
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.plausible import doubts
from rdcalcium.simulation import Simulation
from rdcalcium.view.run_folder import CALCIUM as SHOWN
from rdcalcium.view.run_folder import RunFolder
from tests.support import fresh, launched_ahead, on_cells, simulate
from tests.tolerances import TOLERANCES

RADIUS, REST, BOUND = 0.1, 200.0, 3000.0 * 200 / 1200  # µm; µM free in the lumen, and on its buffer
BALL = {"kind": "sphere", "name": "ER", "centre": [0, 0, 0.15], "radius": RADIUS}
SERCA = {"use": "SERCA_li_rinzel1994", "name": "SERCA", "parameters": {"V_max": "0.05 uM*um/ms"}}
IP3R = {"use": "IP3R_li_rinzel1994", "name": "IP3R", "parameters": {"P": "1e-4 um/ms", "IP3": "0.4 uM"}}
RYR_4 = {"use": "RyR_4_states_keizer_levine1996", "name": "RyR", "parameters": {"P": "1e-4 um/ms"}}
INSIDE = {"kind": "lumen", "of": "ER"}
BUFFER = {"name": "B", "total": "100 uM", "k_on": "0.1 /uM/ms", "K_d": "1 uM", "diffusivity": "0.02 um^2/ms"}
CALRETICULIN = {**BUFFER, "name": "CR", "total": "3 mM", "k_on": "1e-3 /uM/ms", "K_d": "1 mM", "where": INSIDE}
SIZES = {"size_at_active_zone": 0.05, "size_in_bulk": 0.06}


def store(*transports: dict[str, Any], **changes: Any) -> dict[str, Any]:
    lumen = {"region": "ER", "diffusivity": "0.1 um^2/ms"}
    return {"name": "ER", "lumen": lumen, "rest": REST, "transports": [*transports], **changes}


def tables(kind: str = "grid", **changes: Any) -> dict[str, Any]:
    """A box with a ball of endoplasmic reticulum over a channel."""
    current = {"kind": "pulse", "amplitude": "0.2 pA", "start": 0, "duration": 1}
    given = {
        "geometry": {"kind": "box", "size": [0.3, 0.3, 0.3], "obstacles": [BALL]},
        "discretization": {"kind": kind, **SIZES},
        "stores": [store(SERCA, IP3R)],
        "buffers": [BUFFER, CALRETICULIN],
        "channels": [{"name": "Ca", "positions": [[0, 0]], "current": current}],
        "probes": [{"name": "inside", "position": BALL["centre"]}, {"name": "outside", "position": [0.12, 0.12, 0.2]}],
        "run": {"duration": 0.5},
    }
    return given | changes


def with_lumen(kind: str = "grid", **changes: Any) -> rc.Model:
    return resolve(tables(kind, **changes))


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_what_the_cytosol_loses_the_lumen_gains(backend: str, kind: str) -> None:
    run = simulate(with_lumen(kind), backend)
    balance, patch = run.balance(), run.system.patches.patches[0]
    volume = run.system.discretization.part_volumes(1).sum()
    gained = balance.stored["ER"] - volume * (REST + BOUND)
    crossed = patch.extents @ run.do.sites(run.stepper.y)[: len(patch.extents)]
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)
    assert gained > 3e-3 * balance.entered
    assert gained == pytest.approx(crossed, rel=1e-9)
    there = run.system.discretization.parts == 1
    fields = {field.name: y for field, y in zip(run.system.fields, run.do.to_host(run.stepper.y), strict=True)}
    assert not fields["B.free"][there].any()  # buffers stay on their side
    assert not fields["CR.free"][~there].any()


@pytest.mark.parametrize("open_run", [fresh, launched_ahead])
def test_lumens_are_the_same_on_every_backend(open_run: Callable[..., Simulation], kernel_backend: str) -> None:
    run, twin = open_run(with_lumen(), kernel_backend), fresh(with_lumen(), "numpy")
    run.run()
    twin.run()
    assert (run.steps, run.rejected) == (twin.steps, twin.rejected)
    fields = [r.do.to_host(r.stepper.y) for r in (run, twin)]
    np.testing.assert_allclose(*fields, rtol=TOLERANCES["run, float64"], atol=1e-12)


def test_a_receptor_that_is_far_too_fast_for_steps_does_not_shorten_them(backend: str) -> None:
    """Under a channel that brings the membrane to tens of µM, where its rate is above 1e6 each ms."""
    described = with_lumen(stores=[store(SERCA, RYR_4)], buffers=[], run={"duration": 0.2})
    run, twin = simulate(described, backend), simulate(described, "numpy")
    balance, outside = run.balance(), run.system.patches.patches[0].volumes
    highest = run.do.to_host(run.stepper.y)[CALCIUM, outside].max()
    assert 28.8e-3 * (highest / 0.372242) ** 4 > 1e6
    assert run.stepper.evaluations < 300
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * (balance.initial + balance.entered)
    assert (run.steps, run.rejected) == (twin.steps, twin.rejected)
    fields = [np.append(r.do.to_host(r.stepper.y), r.do.sites(r.stepper.y)) for r in (run, twin)]
    np.testing.assert_allclose(*fields, rtol=TOLERANCES["run, float64"], atol=1e-12)


def test_calcium_in_a_lumen_says_nothing_of_how_fast_the_cytosol_reacts(backend: str) -> None:
    """A probe inside, at 200 µM, changes no step."""
    described = with_lumen()
    watched, alone = (simulate(m, backend) for m in (described, described.changed(probes=described.probes[1:])))
    assert watched.points.last[CALCIUM].max() > 100 > watched.points.highest_calcium
    assert (watched.steps, watched.stepper.evaluations) == (alone.steps, alone.stepper.evaluations)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_terminal_with_a_lumen_rests_while_nothing_enters(kind: str) -> None:
    run = simulate(with_lumen(kind, channels=[]), "numpy")
    assert np.abs(run.do.to_host(run.stepper.y) - run.system.rest).max() < 1e-9
    assert run.system.rest[CALCIUM].max() == REST


def without_lumen(cells: Discretization) -> Discretization:
    """The same control volumes of the cytosol, and nothing beyond the membrane."""
    grid = cells.space.grid  # type: ignore[attr-defined]
    there = (grid.lumens.parts == 0).astype(float)
    x, y, z = (there * np.roll(there, 1, axis) for axis in range(3))  # faces towards the lower neighbours
    x[0], y[:, 0], z[:, :, 0] = 0.0, 0.0, 0.0
    whole = CutCells(there, (x, y, z), {}, grid.lumens.bodies[0])
    closed = discretize_grid(replace(grid, lumens=None, cut=whole))
    return replace(closed, surfaces={OBSTACLES: cells.surfaces["ER"]}, locator=cells.locator)


def test_a_lumen_in_which_calcium_spreads_at_once_is_well_mixed() -> None:
    mixing = store(SERCA, IP3R, lumen={"region": "ER", "diffusivity": "10 um^2/ms"})
    run = simulate(with_lumen(stores=[mixing], buffers=[BUFFER]), "numpy")
    cells = run.system.discretization
    mixed = {**store(SERCA, IP3R), "lumen": None, "volume": cells.part_volumes(1).sum()}
    model = resolve(tables(stores=[mixed], buffers=[BUFFER], probes=tables()["probes"][1:]))
    twin = simulate(model, "numpy", without_lumen(cells))
    gained = [r.balance().stored["ER"] - cells.part_volumes(1).sum() * REST for r in (run, twin)]
    assert gained[0] == pytest.approx(gained[1], rel=1e-4)
    assert run.values[CALCIUM, 1] == pytest.approx(twin.values[CALCIUM, 0], rel=1e-3)  # other steps


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_flux_through_the_membrane_diffuses_in_the_lumen_as_in_a_ball(kind: str) -> None:
    """A constant uptake of 2 µM µm/ms: calcium in the middle, and at two thirds of the radius, by the exact series."""
    uptake = {"name": "uptake", "law": "J", "parameters": {"J": "2 uM*um/ms"}}
    lumen = {"region": "ER", "diffusivity": "0.01 um^2/ms"}
    places = np.array([0.0, 2 / 3 * RADIUS])
    fine = {"kind": kind, "size_at_active_zone": 0.015, "size_in_bulk": 0.02}
    if kind == "grid":
        del fine["size_in_bulk"]
    model = resolve(
        {
            "geometry": {"kind": "box", "size": [0.24, 0.24, 0.24], "symmetry": ["x", "y"],
                         "obstacles": [{**BALL, "centre": [0, 0, 0.12]}]},
            "discretization": fine,
            "calcium": {"rest": "100 uM"},
            "stores": [store(uptake, lumen=lumen, rest="100 uM", leak="none")],
            "probes": [{"name": f"at {r:.2g}", "position": [0, 0, 0.12 + r]} for r in places],
            "run": {"duration": 0.3, "tolerance": 1e-3},
        }
    )  # fmt: skip
    run = simulate(model, "numpy")
    gained = run.values[CALCIUM] - 100
    assert gained == pytest.approx(ball_flux(2.0, places, 0.3, RADIUS, 0.01), rel=0.05)


def test_what_cells_miss_near_a_channel_is_not_missed_behind_a_membrane() -> None:
    """A probe in the lumen 30 nm above a pore sees the cells of the lumen as they are; one as far away does not."""
    ball = {**BALL, "centre": [0, 0, 0.12]}
    places = {"behind": [0, 0, 0.03], "beside": [0.03, 0, 0.0]}
    model = with_lumen(
        geometry={"kind": "box", "size": [0.3, 0.3, 0.3], "obstacles": [ball]},
        discretization={"kind": "grid", "size_at_active_zone": 0.02},
        probes=[{"name": name, "position": place} for name, place in places.items()], buffers=[],
    )  # fmt: skip
    run = fresh(model, "numpy")
    for _ in range(20):
        run.advance()
    missed = run.values[CALCIUM] - on_cells(run)
    assert missed[0] == 0
    assert abs(missed[1]) > 1e-3


def test_grids_and_tetrahedra_take_up_alike() -> None:
    gained = []
    for kind in ("grid", "tetrahedra"):
        run = simulate(with_lumen(kind, buffers=[]), "numpy")
        gained.append(run.balance().stored["ER"] - REST * run.system.discretization.part_volumes(1).sum())
    assert gained[0] == pytest.approx(gained[1], rel=0.05)


def test_the_membrane_of_a_ball_in_cells_tends_to_its_area() -> None:
    """Faces of cells count by the cosine between them and the membrane; the staircase itself is half as large again."""
    for size, far in ((0.02, 0.03), (0.007, 0.003)):
        cells = discretize(with_lumen(discretization={"kind": "grid", "size_at_active_zone": size}))
        assert cells.surfaces["ER"].areas.sum() == pytest.approx(4 * np.pi * RADIUS**2, rel=far)


def test_no_mode_at_a_membrane_is_faster_than_the_bound() -> None:
    """The Jacobian of all cells and rows by differences, beside the bound that steps are chosen by."""
    leaky = {**IP3R, "parameters": {"P": "300 um/ms", "IP3": "2 uM"}}
    model = with_lumen(
        stores=[store(SERCA, leaky, leak="none")], buffers=[], channels=[], probes=[],
        discretization={"kind": "grid", "size_at_active_zone": 0.06},
    )  # fmt: skip
    run = fresh(model, "numpy")
    do, system, n = run.do, run.system, run.system.discretization.size
    start = np.concatenate([system.rest.ravel(), system.patches.start])

    def rates(values: np.ndarray) -> np.ndarray:
        out = do.new()
        do.rhs(do.from_host(values[None, :n], values[n:]), out)
        return np.concatenate([do.to_host(out).ravel(), do.sites(out)])

    jacobian = np.array([(rates(start + step) - rates(start - step)) / 2e-6 for step in 1e-6 * np.eye(len(start))])
    fastest = np.abs(np.linalg.eigvals(jacobian)).max()
    assert system.discretization.radius * 0.22 < 1e-3 * fastest  # the membrane decides
    assert fastest < system.stiffness(1.0) < 10 * fastest


def ball_in_box() -> TetrahedralMesh:
    box = Box(size=(0.3, 0.3, 0.3), obstacles=(Sphere(name="ER", centre=(0, 0, 0.15), radius=RADIUS),))
    return described_mesh(box, Tetrahedra(**SIZES), hollow=("ER",))


def test_somebodys_mesh_with_a_region_is_a_lumen(tmp_path: Path) -> None:
    mesh = ball_in_box()
    write_mesh(mesh, tmp_path / "box.msh")
    geometry = {"kind": "mesh", "file": str(tmp_path / "box.msh"), "length_unit": "um"}
    model = with_lumen("tetrahedra", geometry=geometry, discretization={"kind": "tetrahedra"})
    run, twin = fresh(model, "numpy"), fresh(with_lumen("tetrahedra"), "numpy")
    areas = [r.system.discretization.membranes["ER"].areas.sum() for r in (run, twin)]
    assert areas[0] == pytest.approx(4 * np.pi * RADIUS**2, rel=0.05)
    assert run.balance().stored["ER"] == pytest.approx(mesh.volumes()[mesh.regions["ER"]].sum() * (REST + BOUND))


def test_a_mesh_whose_parts_share_no_nodes_is_divided_alike() -> None:
    """As meshers write it that treat each part by itself; then the membrane of the lumen is no wall of the terminal."""
    mesh = ball_in_box()
    once = divided(mesh, ["ER"])
    apart = TetrahedralMesh(once.mesh.points, once.mesh.tetrahedra, mesh.regions)
    assert set(apart.surfaces) == {"membrane"}
    again = divided(apart, ["ER"])
    assert len(again.mesh.points) == len(once.mesh.points)
    walls = sum(len(mesh.surfaces[name]) for name in mesh.surfaces)
    assert len(again.mesh.surfaces["membrane"]) == walls


def test_a_wall_of_a_mesh_is_not_lost_to_a_lumen_of_its_name() -> None:
    mesh = ball_in_box()
    named = TetrahedralMesh(mesh.points, mesh.tetrahedra, {"membrane": mesh.regions["ER"]}, mesh.surfaces)
    with pytest.raises(InputError, match="a surface 'membrane' that is more than the membrane of its region"):
        divided(named, ["membrane"])


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_the_membrane_of_a_lumen_is_no_surface_of_obstacles(kind: str) -> None:
    """A layer of it is asked for by its own name; where nothing else stands in the way there are no vesicles."""
    layer = {"kind": "layer", "within": 0.05}
    around = {**BUFFER, "where": {**layer, "of": "ER"}}
    run = fresh(with_lumen(kind, buffers=[around]), "numpy")
    found = run.system.discretization.volumes @ run.system.shares["B"]
    assert found == pytest.approx(4 / 3 * np.pi * ((RADIUS + 0.05) ** 3 - RADIUS**3), rel=0.15)
    with pytest.raises(InputError, match="no surface 'vesicles'"):
        fresh(with_lumen(kind, buffers=[{**BUFFER, "where": {**layer, "of": "vesicles"}}]), "numpy")


def test_a_run_says_what_is_in_a_lumen_and_pictures_leave_it_out(tmp_path: Path) -> None:
    result = rc.run(with_lumen(run={"duration": 0.05}), "numpy", tmp_path / "run")
    assert result.about.lumens == {"inside": "ER"}
    assert result.about.discretization.lumens["ER"] == pytest.approx(4 / 3 * np.pi * RADIUS**3, rel=0.1)
    told = rc.check(with_lumen())
    assert "probe 'inside' lies in the lumen of store 'ER'" in told
    (where,) = [line for line in told if line.startswith("buffer 'CR' is in ")]
    assert where.endswith(", the lumen of store 'ER'")
    seen = result.snapshot(0.0)
    assert set(seen.calcium.values[seen.compartment == 1]) == {np.float32(REST)}
    assert seen.calcium.values[seen.compartment == 0].max() < 0.1
    shown = RunFolder(tmp_path / "run").snapshots
    assert np.nanmax(shown.read(0)[SHOWN]) < 0.1
    assert len(shown.picture.connectivity) == int((seen.compartment == 0).sum())


LEAKLESS = {**store(SERCA), "lumen": {"region": "mito"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stores": [{**store(SERCA), "lumen": None}]}, r"needs the volume of a well-mixed lumen, or a lumen"),
        ({"stores": [LEAKLESS]}, r"store 'ER' fills 'mito'; obstacles: ER"),
        (
            {"stores": [store(SERCA, surface="z_max")]},
            r"has the surface 'z_max', .* is that of 'ER': leave surface out",
        ),
        ({"stores": [store(SERCA, binding_ratio=4)]}, r"leave out binding_ratio, and give it buffers"),
        ({"buffers": [{**BUFFER, "where": {**INSIDE, "of": "er"}}]}, r"in the lumen of 'er'; .*Did you mean 'ER'"),
        ({"buffers": [{**BUFFER, "where": {"kind": "region", "name": "ER"}}]}, r"is the lumen of store 'ER': say"),
        ({"tortuosity": [{"factor": 2, "where": INSIDE}]}, r"is the diffusivity of that lumen"),
        ({"calcium": {"diffusivity": 0}}, r"calcium in the lumen of a store diffuses"),
    ],
)
def test_a_lumen_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        with_lumen(**changes)


def test_a_pump_out_of_the_cell_in_the_membrane_of_a_store_is_asked_about() -> None:
    """Whether the store has control volumes or is well mixed; on that of the terminal it is where it belongs."""
    mixed = {**store(SERCA), "lumen": None, "volume": "1e-3 um^3"}
    cases = ((store(SERCA), "ER"), ({**mixed, "surface": "ER"}, "ER"), (store(SERCA), "membrane"))
    asked = []
    for of, surface in cases:
        pumps = [{"use": "PMCA_matveev2006", "surface": surface}]
        asked.append(
            [q for q in doubts(with_lumen(stores=[of], pumps=pumps, buffers=[], probes=[])) if "transports" in q]
        )
    assert [len(questions) for questions in asked] == [1, 1, 0]
    assert "lies in the membrane of store 'ER' and takes calcium out of the cell" in asked[0][0]


def test_a_channel_in_a_lumen_is_refused(tmp_path: Path) -> None:
    write_mesh(ball_in_box(), tmp_path / "box.msh")
    channel = {**tables()["channels"][0], "positions": [[0, 0, 0.15]], "place": "anywhere"}
    geometry = {"kind": "mesh", "file": str(tmp_path / "box.msh"), "length_unit": "um"}
    given = tables("tetrahedra", geometry=geometry, discretization={"kind": "tetrahedra"}, channels=[channel])
    with pytest.raises(InputError, match=r"channels .* lies in the lumen of store 'ER', where only probes may be"):
        discretize(resolve(given))
    unnamed = {**store(SERCA), "lumen": {"region": "Er"}}
    with pytest.raises(InputError, match=r"has no region 'Er'; it has: ER. Did you mean 'ER'"):
        discretize(resolve({**given, "stores": [unnamed], "buffers": []}))
