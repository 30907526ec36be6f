"""Buffers that are not everywhere: how much of them there is, that they rest, and how they spread."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.parts import share
from rdcalcium.discretization.space import MeshSpace
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError, ModelError
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.files import write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.integrators import limits
from rdcalcium.model import Box, Buffer, Channels, Grid, Model, Sphere, Tetrahedra
from rdcalcium.model.region import Layer, SphereRegion
from rdcalcium.model.shapes.bouton import Axon, Bouton
from rdcalcium.model.shapes.hemisphere import Hemisphere
from rdcalcium.steady_state.newton import NoSteadyStateError
from rdcalcium.steady_state.solve import steady
from rdcalcium.system import build_system
from tests.ball import sphere_mesh
from tests.models import FIXED, SLOW_WHEN_BOUND, small_model
from tests.support import each_backend, fresh, simulate

LAYER = {"kind": "layer", "within": 0.033, "of": "membrane"}
REGIONS = {  # and their exact volumes, µm³, in a box of 0.3 × 0.3 × 0.2
    "layer": (LAYER, 0.3 * 0.3 * 0.033),
    "wall": ({"kind": "layer", "within": 0.047, "of": "x_max"}, 0.3 * 0.2 * 0.047),
    "box": ({"kind": "box", "low": (-0.071, -0.2, 0.013), "high": (0.052, 0.11, 0.123)}, 0.123 * 0.26 * 0.11),
    "sphere": ({"kind": "sphere", "centre": (0.02, 0, 0.09), "radius": 0.07}, 4 / 3 * math.pi * 0.07**3),
    "half": ({"kind": "sphere", "centre": (0.02, 0, 0), "radius": 0.07}, 2 / 3 * math.pi * 0.07**3),
    "ellipsoid": (
        {"kind": "ellipsoid", "centre": (0.01, 0, 0.1), "semi_axes": (0.1, 0.05, 0.07)},
        4 / 3 * math.pi * 0.1 * 0.05 * 0.07,
    ),
}


def empty(kind: str, buffers: tuple[Buffer, ...], **changes: Any) -> Model:
    """The small model without its vesicle, its channel and its probes."""
    return small_model(kind, geometry=Box(size=(0.3, 0.3, 0.2)), buffers=buffers, channels=(), probes=(), **changes)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
@pytest.mark.parametrize("name", REGIONS)
def test_a_region_holds_as_much_as_its_volume(name: str, kind: str) -> None:
    where, volume = REGIONS[name]
    system = build_system(empty(kind, (FIXED.changed(where=where),)), cells(kind))
    share = system.shares["fixed"]
    assert share.min() >= 0
    assert 0.9 < share.max() <= 1 + 1e-12  # of these control volumes few are in it as a whole
    assert system.discretization.volumes @ share == pytest.approx(volume, rel=0.02)


def cells(kind: str, made: dict[str, Discretization] = {}) -> Discretization:  # noqa: B006, that of all tests here
    """Control volumes of the empty model."""
    if kind not in made:
        made[kind] = discretize(empty(kind, ()))
    return made[kind]


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_layer_around_a_vesicle_is_a_shell(kind: str) -> None:
    vesicle = Sphere(name="docked", centre=(0.0, 0.0, 0.1), radius=0.04)
    around = FIXED.changed(where={"kind": "layer", "within": 0.03, "of": "docked"})
    model = empty(kind, (around,)).changed(geometry=Box(size=(0.3, 0.3, 0.2), obstacles=(vesicle,)))
    system = build_system(model, discretize(model))
    amount = system.discretization.volumes @ system.shares["fixed"]
    assert amount == pytest.approx(4 / 3 * math.pi * (0.07**3 - 0.04**3), rel=0.04)


def test_the_distance_from_a_curved_surface_is_that_from_its_facets() -> None:
    ball = discretize_tetrahedra(sphere_mesh(0.5, 0.12))
    points = np.random.default_rng(1).uniform(-0.28, 0.28, (200, 3))
    (surface,) = ball.surfaces
    found = ball.space.distance(points, surface, 1.0)
    assert found == pytest.approx(0.5 - np.linalg.norm(points, axis=1), abs=0.012)  # of facets whose middles lie deeper
    beyond = ball.space.distance(points, surface, 0.1)
    assert beyond[found <= 0.1] == pytest.approx(found[found <= 0.1])
    assert beyond[found > 0.1].min() > 0.1


def test_small_triangles_beside_large_ones_do_not_hide_these() -> None:
    ticks = np.concatenate([np.arange(10) * 0.003, 0.03 + np.arange(6) * 0.06])
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    number = np.arange(x.size).reshape(x.shape)
    corner, along, beside, across = number[:-1, :-1], number[1:, :-1], number[:-1, 1:], number[1:, 1:]
    floor = np.array([(corner, along, across), (corner, across, beside)]).transpose(0, 2, 3, 1).reshape(-1, 3)
    nodes = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    space = MeshSpace(nodes, np.ones(len(nodes)), np.empty((0, 4), dtype=np.int64), {"floor": floor}, {})
    points = np.random.default_rng(1).uniform(0, 1, (500, 3)) * (ticks[-1], ticks[-1], 0.05)
    assert space.distance(points, "floor", 0.05) == pytest.approx(points[:, 2], abs=1e-12)


@pytest.mark.parametrize("backend", each_backend())
@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_buffer_fixed_near_the_membrane_rests_there(kind: str, backend: str) -> None:
    run = simulate(empty(kind, (FIXED.changed(where=LAYER),), run={"duration": 5}), backend)
    assert [field.name for field in run.system.fields] == ["Ca", "fixed.free", "fixed.bound"]
    drift = np.abs(run.do.to_host(run.stepper.y) - run.system.rest)
    assert drift.max() < 1e-9
    bound = 400 * 0.05 / 10.05 * REGIONS["layer"][1]
    assert run.balance().bound["fixed"] == pytest.approx(bound, rel=0.02)


@pytest.mark.parametrize("same", [True, False], ids=["one diffusivity", "slow when bound"])
def test_a_dye_from_one_side_of_a_box_spreads_as_diffusion_says(same: bool) -> None:
    """Half a box is full of it. With one diffusivity, the modes of the box; at rest bound and free spread alike."""
    dye = SLOW_WHEN_BOUND.changed(
        where={"kind": "box", "low": (-0.4, -0.1, -0.1), "high": (0, 0.1, 0.1)},
        **({"diffusivity": 0.2} if same else {}),
    )
    length, time = 0.8, 0.3
    model = small_model(
        geometry=Box(size=(length, 0.05, 0.05)),
        discretization=Grid(size_at_active_zone=(0.01, 0.05, 0.05)),
        buffers=(dye,),
        channels=(),
        probes=(),
        run={"duration": time, "tolerance": 1e-4},
    )
    run = simulate(model)
    y = run.do.to_host(run.stepper.y)
    total = y[1] + y[2]
    x = run.system.discretization.centres[:, 0] + length / 2
    k = np.arange(1, 40)[:, None]
    decay = np.exp(-0.2 * (k * np.pi / length) ** 2 * time)
    exact = 50 + 200 * (np.sin(k * np.pi / 2) / (k * np.pi) * np.cos(k * np.pi * x / length) * decay).sum(axis=0)
    assert total.mean() == pytest.approx(50, rel=1e-12)
    assert run.balance().relative_error < 1e-12
    if same:
        assert total == pytest.approx(exact, rel=2e-3)
    else:  # what is bound at rest, 6 %, lags behind
        assert 0.002 < np.abs(total / exact - 1).max() < 0.1


def pore(**changes: Any) -> Model:
    """A quarter of a box around a pore that stays open, with a buffer fixed near the membrane."""
    current = {"kind": "constant", "amplitude": 0.02}
    parts: dict[str, Any] = {
        "geometry": Box(size=(0.6, 0.6, 0.3), symmetry=("x", "y")),
        "discretization": Grid(size_at_active_zone=0.03),
        "buffers": (FIXED.changed(where=LAYER),),
        "channels": (Channels(name="open", positions=((0.0, 0.0),), current=current),),
    }
    return small_model(probes=({"name": "near", "position": (0.1, 0.0, 0.0)},), **parts | changes)


def test_where_a_fixed_buffer_is_makes_no_difference_in_a_steady_state() -> None:
    near, without = (steady(pore(buffers=b), held="z_max") for b in ((FIXED.changed(where=LAYER),), ()))
    assert near.y[0] == pytest.approx(without.y[0], rel=1e-6)
    share = build_system(pore(), discretize(pore())).shares["fixed"]
    assert near.y[1] + near.y[2] == pytest.approx(400 * share, abs=1e-6)
    assert near.y[2] == pytest.approx(400 * share * near.y[0] / (10 + near.y[0]), abs=1e-6)


def test_a_buffer_that_spreads_has_no_steady_state_to_start_from() -> None:
    with pytest.raises(NoSteadyStateError, match="'indicator' spreads"):
        steady(pore(buffers=(SLOW_WHEN_BOUND.changed(where=LAYER),)), held="z_max")


def test_a_quiet_stretch_with_a_buffer_near_the_membrane_ends_where_explicit_steps_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulse = {"kind": "pulse", "amplitude": 0.05, "start": 0, "duration": 0.2}
    channels = (Channels(name="Ca", positions=((0.0, 0.0),), current=pulse),)
    ends = {}
    for above in (6, 10**6):
        monkeypatch.setattr(limits, "IMPLICIT_FROM", above)
        monkeypatch.setattr(limits, "IMPLICIT_ON", above / 2)
        run = simulate(pore(channels=channels, run={"duration": 20, "tolerance": 1e-3}))
        ends[above] = run.do.to_host(run.stepper.y)
        assert run.balance().relative_error < 1e-13
        assert run.rejected <= 0.2 * run.steps + 5
    assert ends[6] == pytest.approx(ends[10**6], rel=5e-3, abs=1e-6)


def test_check_says_how_much_of_the_terminal_has_a_buffer() -> None:
    lines = rc.check(empty("grid", (FIXED.changed(where=LAYER),)))
    assert any("buffer 'fixed' is in 0.00297 um^3 before the stimulus, 16.500%" in line for line in lines)
    outside = {"kind": "sphere", "centre": (1, 1, 1), "radius": 0.1}
    lines = rc.check(empty("grid", (FIXED.changed(where=outside),)))
    assert any(line.startswith("warning: buffer 'fixed' is in 0 um^3") for line in lines)


def test_only_buffers_at_the_channels_are_said_to_capture_calcium_beside_them() -> None:
    high = {"kind": "box", "low": (-1, -1, 0.1), "high": (1, 1, 1)}
    for where, warned in ((LAYER, True), (high, False)):
        strong = FIXED.changed(where=where, total=20000)
        assert any("captures calcium" in line for line in rc.check(pore(buffers=(strong,)))) == warned


def test_a_region_that_cannot_be_is_told() -> None:
    with pytest.raises(InputError, match=r"no surface 'membran'.*Did you mean 'membrane'"):
        fresh(empty("grid", (FIXED.changed(where={"kind": "layer", "within": 0.03, "of": "membran"}),)))
    docked = small_model("grid", buffers=(FIXED.changed(where={"kind": "layer", "within": 0.03, "of": "vesicel"}),))
    with pytest.raises(InputError, match=r"no surface 'vesicel'.*Did you mean 'vesicle'"):
        fresh(docked)
    with pytest.raises(ModelError, match="box of `where` is empty"):
        FIXED.changed(where={"kind": "box", "low": (0, 0, 0), "high": (0.1, -0.1, 0.1)})
    with pytest.raises(ModelError, match="needs a kind"):
        FIXED.changed(where={"within": 0.02})


@pytest.mark.parametrize("name", ["x_min", "x_max", "y_min", "y_max", "membrane", "z_max"])
def test_an_obstacle_is_not_called_as_a_wall_is(name: str) -> None:
    """A pump on that surface, and a layer of it, would be at one of the two."""
    ball = Sphere(name=name, centre=(0.0, 0.0, 0.1), radius=0.04)
    with pytest.raises(ModelError, match=f"obstacle 1 is called '{name}', as a wall of the box is"):
        Box(size=(0.3, 0.3, 0.2), obstacles=(ball,))


def test_one_obstacle_is_not_called_as_all_are() -> None:
    docked, all_of_them = (Sphere(name=n, centre=(0.0, 0.0, 0.1), radius=0.04) for n in ("docked", "vesicles"))
    assert Box(size=(0.3, 0.3, 0.2), obstacles=(all_of_them, all_of_them)).hollow == {"vesicles"}
    with pytest.raises(ModelError, match="called 'vesicles', which stands for all of them, and another one 'docked'"):
        Box(size=(0.3, 0.3, 0.2), obstacles=(docked, all_of_them))


def test_a_region_that_a_mesh_file_names_holds_its_tetrahedra(tmp_path: Path) -> None:
    mesh = described_mesh(Box(size=(0.3, 0.3, 0.2)), Tetrahedra(size_at_active_zone=0.04, size_in_bulk=0.04))
    middles = mesh.points[mesh.tetrahedra].mean(axis=1)
    upper = np.flatnonzero(middles[:, 2] > 0.1)
    write_mesh(TetrahedralMesh(mesh.points, mesh.tetrahedra, {"upper": upper}, mesh.surfaces), tmp_path / "box.vtu")
    where = {"kind": "region", "name": "upper"}
    geometry = {"kind": "mesh", "file": str(tmp_path / "box.vtu"), "length_unit": "um"}
    model = empty("tetrahedra", (FIXED.changed(where=where),)).changed(geometry=geometry, discretization=Tetrahedra())
    made = discretize(model)
    share = build_system(model, made).shares["fixed"]
    assert made.volumes @ share == pytest.approx(mesh.volumes()[upper].sum(), rel=1e-6)
    assert share[made.centres[:, 2] < 0.05].max() == 0
    assert share[made.centres[:, 2] > 0.15].min() == pytest.approx(1)
    with pytest.raises(InputError, match=r"no region 'uper'.*Did you mean 'upper'"):
        made.space.region("uper")
    with pytest.raises(InputError, match="a grid has no region 'upper'"):
        fresh(empty("grid", (FIXED.changed(where=where),)))


def test_a_layer_thinner_than_the_edges_of_a_mesh_holds_its_volume_nearly() -> None:
    """Of a few nodes the volume is known to some percent."""
    choice = Tetrahedra(size_at_active_zone=0.05, size_in_bulk=0.05)
    model = small_model("tetrahedra", discretization=choice, geometry=Box(size=(0.3, 0.3, 0.2)), probes=(), channels=())
    made = discretize(model.changed(buffers=()))
    for height in (0.03, 0.052, 0.13):
        share = made.space.share(lambda points, height=height: height - points[:, 2])
        assert made.volumes @ share == pytest.approx(0.3 * 0.3 * height, rel=0.03)


@pytest.mark.parametrize("wide", [0.06, 0.1])
def test_a_layer_of_a_surface_smaller_than_cells_is_there(wide: float) -> None:
    """Of the end of an axon with a radius of 20 nm, which leaves a bouton askew."""
    thick, radius = 0.05, 0.02
    axon = Axon(direction=(1, 1, 1), radius=radius, length=0.2)
    bouton, grid = Bouton(semi_axes=(0.3, 0.3, 0.3), axons=(axon,)), Grid(size_at_active_zone=wide)
    model = rc.Model(geometry=bouton, discretization=grid, run={"duration": 1.0})
    made = discretize(model)
    there = share(model, made.space, Layer(within=thick, of="axon"))
    assert made.volumes @ there == pytest.approx(math.pi * radius**2 * thick, rel=0.2)


@pytest.mark.parametrize("of", ["membrane", "dome", "part"])
def test_parts_of_cells_under_a_curved_membrane_hold_what_is_in_them(of: str) -> None:
    """Layers of 50 nm of a hemisphere of 0.3 µm, and what of a ball is in it, to second order: on one side only."""
    r, thick = 0.3, 0.05
    region, volume = {
        "membrane": (Layer(within=thick), math.pi * (r**2 * thick - thick**3 / 3)),
        "dome": (Layer(within=thick, of="dome"), 2 / 3 * math.pi * (r**3 - (r - thick) ** 3)),
        "part": (SphereRegion(centre=(0.0, 0.0, r), radius=0.1), math.pi * 0.1**3 * (2 / 3 - 0.1 / 4 / r)),
    }[of]
    errors = []
    for wide in (0.06, 0.03):
        grid = Grid(size_at_active_zone=wide, size_in_bulk=wide)
        model = rc.Model(geometry=Hemisphere(radius=r), discretization=grid, run={"duration": 1.0})
        made = discretize(model)
        errors.append(abs(float(made.volumes @ share(model, made.space, region)) / volume - 1))
    assert errors[1] < 4e-3
    assert errors[1] < 0.4 * errors[0] or errors[0] < 1e-3
