"""Active zones as surfaces: what of the membrane is in their discs, and what acts there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.advice.placement import placement
from rdcalcium.errors import InputError, ModelError
from rdcalcium.geometry.builders import tetrahedra_of
from rdcalcium.geometry.disc import share_within
from rdcalcium.model import Buffer, Channels, ConstantCurrent, Grid, Model, Pump, Run, Tetrahedra
from rdcalcium.model.placement.zones import ActiveZones
from rdcalcium.system import build_system
from rdcalcium.units import figures
from tests.support import simulate, slope
from tests.tolerances import TOLERANCES

BOX = {"kind": "box", "size": ["1 um", "1 um", "0.3 um"]}
R, RADIUS = 0.5, 0.17
BALL = {"kind": "sphere", "radius": f"{R} um"}
COARSE, FINE = Grid(size_at_active_zone=0.1), Grid(size_at_active_zone=0.03)
TETRAHEDRA = Tetrahedra(size_at_active_zone=0.1, size_in_bulk=0.1)
DISC, CAP = math.pi * RADIUS**2, 2 * math.pi * R**2 * (1 - math.sqrt(1 - (RADIUS / R) ** 2))
FLUX = Pump(name="pump", law="J*Ca/(K + Ca)", parameters={"J": "0.01 uM*um/ms", "K": "1e-9 uM"}, leak="none")


def terminal(geometry: dict[str, Any], cells: Grid | Tetrahedra, *centres: tuple[float, ...], **parts: Any) -> Model:
    """One with active zones at some places."""
    zones = ActiveZones(positions=centres, radius=RADIUS)
    return Model(
        **{"geometry": geometry, "discretization": cells, "active_zones": (zones,), "run": Run(duration=1)} | parts
    )


def areas(model: Model) -> dict[str, float]:
    """Of each surface, µm²."""
    return {name: float(at.areas.sum()) for name, at in rc.discretize(model).surfaces.items()}


@pytest.mark.parametrize("radius", [0.02, 0.3, 0.9, 3.0])
def test_the_share_of_a_triangle_in_a_disc_is_that_of_points_in_it(radius: float) -> None:
    random = np.random.default_rng(1)
    triangles = random.uniform(-1, 1, (50, 3, 2))
    weights = random.dirichlet((1, 1, 1), 40_000)
    inside = np.linalg.norm(np.einsum("pc,kci->kpi", weights, triangles), axis=2) < radius
    np.testing.assert_allclose(share_within(triangles, radius), inside.mean(axis=1), atol=0.015)


def test_a_triangle_that_is_a_line_counts_as_its_middle_does() -> None:
    line = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    assert share_within(np.array([line, line + 2.0]), 0.6).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("cells", [COARSE, FINE, TETRAHEDRA])
def test_the_area_of_a_zone_of_a_plane_membrane_is_that_of_its_disc(cells: Grid | Tetrahedra) -> None:
    found = areas(terminal(BOX, cells, (0.11, -0.07), (-0.25, 0.1)))
    assert [found["az0"], found["az1"]] == pytest.approx([DISC, DISC], rel=1e-9)
    assert found["az"] == pytest.approx(2 * DISC, rel=1e-9)
    assert found["membrane"] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("cells", [COARSE, FINE, TETRAHEDRA])
def test_what_two_zones_share_counts_once_in_all_of_them(cells: Grid | Tetrahedra) -> None:
    """The lens of two discs of radius r at a distance d is 2 r² acos(d / 2 r) - d / 2 √(4 r² - d²)."""
    found = areas(terminal(BOX, cells, (-0.14, -0.07), (0.1, 0.11), (0.3, -0.3)))
    d = 0.3
    lens = 2 * RADIUS**2 * math.acos(d / 2 / RADIUS) - d / 2 * math.sqrt(4 * RADIUS**2 - d**2)
    assert [found[f"az{i}"] for i in range(3)] == pytest.approx([DISC] * 3, rel=1e-9)
    assert found["az"] == pytest.approx(3 * DISC - lens, rel=3e-4)


def test_two_zones_at_one_place_are_one_together() -> None:
    found = areas(terminal(BALL, Grid(size_at_active_zone=0.06), (0.0, 0.3, -0.4), (0.0, 0.3, -0.4)))
    assert found["az"] == pytest.approx(found["az0"], rel=1e-9)


def test_half_of_a_zone_is_on_each_side_of_a_mirror_plane() -> None:
    model = terminal(BOX | {"symmetry": ["x"]}, FINE, (0.0, 0.0))
    assert model.copies * areas(model)["az0"] == pytest.approx(DISC, rel=1e-9)


@pytest.mark.parametrize("cells", [COARSE, TETRAHEDRA])
def test_a_zone_of_a_tile_is_whole_wherever_its_cells_begin(cells: Grid | Tetrahedra) -> None:
    pore = Channels(name="Ca", positions=((0.3, 0.2, 0.0),), current=ConstantCurrent(amplitude=0.1))
    found = areas(terminal(BOX | {"periodic": ["x", "y"]}, cells, (-0.32, 0.33), (0.1, 0.1), channels=(pore,)))
    assert [found["az0"], found["az1"]] == pytest.approx([DISC, DISC], rel=1e-9)


@pytest.mark.parametrize("cells", [Grid, Tetrahedra])
def test_the_area_of_a_zone_of_a_round_membrane_is_that_of_its_cap_to_second_order(
    cells: type[Grid] | type[Tetrahedra],
) -> None:
    normals = np.random.default_rng(1).normal(size=(8, 3))
    centres = [tuple((R * n / np.linalg.norm(n)).tolist()) for n in normals]
    sizes, errors = (0.12, 0.085, 0.06), []
    for size in sizes:
        bulk = {} if cells is Grid else {"size_in_bulk": size}
        found = areas(terminal(BALL, cells(size_at_active_zone=size, **bulk), *centres))
        errors.append(np.mean([abs(found[name] / CAP - 1) for name in found if name not in ("az", "membrane")]))
    assert errors[-1] < 1e-3
    assert slope(sizes, errors) == pytest.approx(2, abs=TOLERANCES["order"])


def test_a_zone_is_on_one_side_of_a_flat_terminal() -> None:
    flat = {"kind": "ellipsoid", "semi_axes": ["0.5 um", "0.5 um", "0.12 um"]}
    found = areas(terminal(flat, Grid(size_at_active_zone=0.06), (0.0, 0.0, -0.12)))
    assert DISC < found["az0"] < 1.05 * DISC


def test_the_floor_of_a_hemisphere_has_zones_beside_its_cut_cells() -> None:
    found = areas(terminal({"kind": "hemisphere", "radius": f"{R} um"}, FINE, (0.1, 0.05)))
    assert found["az0"] == pytest.approx(DISC, rel=1e-6)


def test_zones_of_a_mesh_file_are_discs_of_the_membrane_that_it_names(tmp_path: Path) -> None:
    rc.write_mesh(rc.mesh(Model(geometry=BOX, discretization=TETRAHEDRA, run=Run(duration=1))), tmp_path / "box.vtu")
    file = {"kind": "mesh", "file": str(tmp_path / "box.vtu"), "length_unit": "um"}
    found = areas(terminal(file, Tetrahedra(), (0.1, 0.1)))
    assert found["az0"] == pytest.approx(DISC, rel=1e-9)


@pytest.fixture(scope="module")
def ball_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The geometry of a ball from a file."""
    path = tmp_path_factory.mktemp("ball") / "ball.vtu"
    rc.write_mesh(tetrahedra_of(terminal(BALL, TETRAHEDRA, (0.0, 0.0, -R))), path)
    return {"kind": "mesh", "file": str(path), "length_unit": "um"}


@pytest.mark.parametrize("centre", [(0.3, 0.4, 0.0), (0.0, 0.0, R), (-0.4, 0.18, 0.24)])
def test_zones_of_a_curved_mesh_file_lie_as_its_triangles_do(
    ball_file: dict[str, Any], centre: tuple[float, ...]
) -> None:
    model = terminal(ball_file, Tetrahedra(), centre)
    (area,) = (float(at.areas.sum()) for name, at in rc.discretize(model).surfaces.items() if name == "az0")
    assert area == pytest.approx(CAP, rel=5e-3)
    assert any(f"a radius of 170 nm, {figures(area)} um^2 in all" in line for line in rc.check(model))


def test_a_zone_off_the_membrane_of_a_mesh_file_is_refused(ball_file: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^active zone 'az0' at \(5000, 0, 0\) nm is 4500 nm away .* move it there$"):
        rc.discretize(terminal(ball_file, Tetrahedra(), (5.0, 0.0, 0.0)))


@pytest.mark.parametrize("cells", [COARSE, TETRAHEDRA])
def test_a_zone_beyond_a_mirror_plane_has_no_area(cells: Grid | Tetrahedra) -> None:
    with pytest.raises(InputError, match=r"^active zone 'az1' at .* has no area: nothing of the computed 'membrane'"):
        areas(terminal(BALL | {"symmetry": ["x"]}, cells, (0.3, 0.4, 0.0), (-0.3, 0.4, 0.0)))


@pytest.mark.parametrize(("symmetry", "share"), [((), 1.0), (("x",), 0.5)])
def test_check_tells_the_area_of_a_cap_and_not_of_its_disc(symmetry: tuple[str, ...], share: float) -> None:
    model = terminal(BALL | {"symmetry": symmetry}, COARSE, (0.0, 0.0, -R))
    (line,) = placement(model)
    part = " of the computed part" if symmetry else ""
    assert line == f"active zones 'az': 1 zone with a radius of 170 nm, {figures(share * CAP)} um^2{part} in all"


@pytest.mark.parametrize(("geometry", "centres"), [(BOX, ((0.11, -0.07), (-0.25, 0.1))), (BALL, ((0.0, 0.3, -0.4),))])
@pytest.mark.parametrize("suffix", ["msh", "vtu", "inp"])
def test_a_mesh_that_is_written_keeps_its_zones_as_triangles_in_them(
    tmp_path: Path, suffix: str, geometry: dict[str, Any], centres: tuple[tuple[float, ...], ...]
) -> None:
    made = rc.mesh(terminal(geometry, TETRAHEDRA, *centres))
    rc.write_mesh(made, tmp_path / f"terminal.{suffix}")
    file = {"kind": "mesh", "file": str(tmp_path / f"terminal.{suffix}"), "length_unit": "um"}
    pump = FLUX.changed(surface="az0")
    found = areas(Model(geometry=file, discretization=Tetrahedra(), run=Run(duration=1), pumps=(pump,)))
    names = [f"az{k}" for k in range(len(centres))]
    assert found == pytest.approx(made.areas(), rel=1e-9)
    for name, centre in zip(names, centres, strict=True):
        middles = made.points[made.surfaces[name]].mean(axis=1)
        assert np.linalg.norm(middles[:, : len(centre)] - centre, axis=1).max() < RADIUS
        assert found[name] == pytest.approx(DISC, rel=0.25)
    assert found["az"] == pytest.approx(sum(found[name] for name in names))
    with pytest.raises(InputError, match=r"are called 'az'; .*leave them out where a mesh file names them"):
        areas(terminal(file, Tetrahedra(), *centres))


def test_a_zone_smaller_than_triangles_is_told_and_not_written() -> None:
    zone = ActiveZones(positions=((0.111, -0.073),), radius=1e-4)
    model = Model(geometry=BOX, discretization=TETRAHEDRA, active_zones=(zone,), run=Run(duration=1))
    made = rc.mesh(model)
    assert "az0" not in made.surfaces
    assert any("no triangle has its middle in active zone 'az0'" in line for line in made.remarks)


@pytest.mark.parametrize(
    ("geometry", "cells", "centre", "area"),
    [
        (BOX, FINE, (0.1, 0.1), DISC),
        (BALL, Grid(size_at_active_zone=0.06), (0.0, 0.3, -0.4), CAP),
        (BALL, TETRAHEDRA, (0.0, 0.0, -R), CAP),
    ],
)
def test_a_pump_in_a_zone_takes_what_its_area_says(
    geometry: dict[str, Any], cells: Grid | Tetrahedra, centre: tuple[float, ...], area: float
) -> None:
    """J A t, of a pump that is saturated."""
    run = simulate(terminal(geometry, cells, centre, pumps=(FLUX.changed(surface="az0"),), calcium={"rest": 1.0}))
    balance = run.balance()
    assert balance.pumped["pump"] == pytest.approx(0.01 * area * run.t, rel=5e-3)
    assert abs(balance.missing) < TOLERANCES["balance, float64"] * balance.initial


def test_a_zone_can_be_held() -> None:
    pore = Channels(name="Ca", positions=((0.0, 0.0, 0.0),), current=ConstantCurrent(amplitude=0.1))
    state = rc.steady(terminal(BOX, COARSE, (0.3, 0.3), channels=(pore,)), held="az0")
    assert state.leaving["az0"] == pytest.approx(0.1, rel=1e-6)


WITHIN = 0.06
LAYER = Buffer(
    name="B", total=1, diffusivity=0, k_on=0.1, K_d=1, where={"kind": "layer", "of": "az1", "within": WITHIN}
)


def beside(tilt: float, radius: float = RADIUS) -> float:
    """Volume of a layer beside the rim of a zone, where the membrane is inclined by an angle, and bends as the ball.

    A quarter of a torus, by Pappus: the centroid of its section is 4 w / 3 π from the rim along it, and as much above.
    """
    section = math.pi * WITHIN**2 / 4 - (WITHIN**3 / (6 * R) if tilt else 0.0)
    outwards = 4 * WITHIN / (3 * math.pi) * (math.cos(tilt) - math.sin(tilt) if tilt else 1.0)
    return section * 2 * math.pi * (radius + outwards)


ABOVE_DISC = DISC * WITHIN + beside(0.0)
ABOVE_CAP = CAP / R**2 / 3 * (R**3 - (R - WITHIN) ** 3) + beside(math.asin(RADIUS / R))


@pytest.mark.parametrize(
    ("geometry", "cells", "centres", "volume"),
    [
        (BOX, FINE, ((-0.3, 0.2), (0.1, 0.05)), ABOVE_DISC),
        (BOX, TETRAHEDRA.scaled(0.6), ((-0.3, 0.2), (0.1, 0.05)), ABOVE_DISC),
        (BALL, Grid(size_at_active_zone=0.05), ((0.0, 0.0, -R), (0.0, 0.3, 0.4)), ABOVE_CAP),
    ],
)
def test_a_layer_of_a_zone_is_what_is_near_its_disc(
    geometry: dict[str, Any], cells: Grid | Tetrahedra, centres: tuple[tuple[float, ...], ...], volume: float
) -> None:
    model = terminal(geometry, cells, *centres, buffers=(LAYER,))
    system = build_system(model, rc.discretize(model))
    made, share = system.discretization, system.shares["B"]
    assert made.volumes @ share == pytest.approx(volume, rel=0.03)
    middle = (made.volumes * share) @ made.centres / (made.volumes @ share)
    assert np.linalg.norm(middle - np.array([*centres[1], 0.0])[:3]) < WITHIN


@pytest.mark.parametrize("radius", [RADIUS, 0.005])
def test_a_layer_may_be_of_all_zones_of_an_entry_of_a_mesh_file(tmp_path: Path, radius: float) -> None:
    """Also of those that are smaller than the triangles of the file."""
    rc.write_mesh(tetrahedra_of(terminal(BOX, TETRAHEDRA.scaled(0.8), (0.0, 0.0))), tmp_path / "box.vtu")
    file = {"kind": "mesh", "file": str(tmp_path / "box.vtu"), "length_unit": "um"}
    layer = LAYER.changed(where={"kind": "layer", "of": "az", "within": WITHIN})
    zones = ActiveZones(positions=((-0.3, 0.2), (0.11, -0.07)), radius=radius)
    model = terminal(file, Tetrahedra(), (0.0, 0.0), buffers=(layer,)).changed(active_zones=(zones,))
    system = build_system(model, rc.discretize(model))
    each = math.pi * radius**2 * WITHIN + beside(0.0, radius)
    assert system.discretization.volumes @ system.shares["B"] == pytest.approx(2 * each, rel=0.08)


def test_a_layer_of_no_zone_is_told_their_names() -> None:
    layer = LAYER.changed(where={"kind": "layer", "of": "az3", "within": WITHIN})
    model = terminal(BOX, COARSE, (0.1, 0.1), buffers=(layer,))
    with pytest.raises(InputError, match=r"the terminal has no surface 'az3'.*az0"):
        build_system(model, rc.discretize(model))


def test_a_misspelt_zone_is_told_the_nearest_name() -> None:
    model = terminal(BOX, COARSE, (0.1, 0.1), (-0.2, -0.2), pumps=(FLUX.changed(surface="az1_"),))
    with pytest.raises(InputError, match=r"pump 'pump' is on the surface 'az1_'.*az1"):
        simulate(model)


@pytest.mark.parametrize("name", ["z_max", "membrane", "vesicles", "ER"])
def test_a_zone_is_not_called_as_a_wall_or_an_obstacle(name: str) -> None:
    body = {"kind": "sphere", "name": "ER", "centre": [0, 0, "0.1 um"], "radius": "50 nm"}
    zones = ActiveZones(name=name, positions=((0.1, 0.1),), radius=RADIUS)
    with pytest.raises(ModelError, match=f"are called '{name}'; give the zones another name"):
        Model(geometry=BOX | {"obstacles": [body]}, active_zones=(zones,), discretization=COARSE, run=Run(duration=1))
