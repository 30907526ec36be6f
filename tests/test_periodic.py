"""A box as one tile of an endless lattice: of itself, or of its mirror images."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.linalg import eigsh
from scipy.special import ndtr

import rdcalcium as rc
from rdcalcium.backends import open_backend
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.base import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.parts import share
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.spacing import periodic_axis, uniform_circle
from rdcalcium.geometry.tiled_mesh import middle_of, moved, tiling
from rdcalcium.integrators import limits
from rdcalcium.library import resolve
from rdcalcium.model import Box, Grid, Model, ModelError, Sphere, doubts
from rdcalcium.model.optics import FWHM_PER_SD
from rdcalcium.model.region import SphereRegion
from rdcalcium.recorders.sight import sight
from rdcalcium.results.provenance import scene
from rdcalcium.results.scene import Scene
from rdcalcium.solids.periodic import nearest_image, smallest_arc
from rdcalcium.steady_state import steady
from rdcalcium.system import build_system
from tests.support import each_backend, need_backend, on_cells, simulate, slope
from tests.tolerances import TOLERANCES

SIDE, HEIGHT, CELL = 0.24, 0.12, 0.02
PORE, VESICLE = (-0.05, 0.03), (0.1093, -0.1021, 0.0507)  # the vesicle reaches beyond two sides, and so beyond a corner
BUFFERS = [
    {"name": "fixed", "total": 400, "diffusivity": 0, "k_on": 0.1, "K_d": 10},
    {"name": "mobile", "total": 300, "diffusivity": 0.2, "k_on": 0.2, "K_d": 1.0},
]


BOX = {"kind": "box", "size": [SIDE, SIDE, HEIGHT], "periodic": ["x", "y"]}


def tiles(count: int = 1, shift: tuple[float, float] = (0.0, 0.0), **changes: object) -> Model:
    """So many times so many tiles with a pore and a vesicle each, moved along x and y, as one periodic box."""
    wide = count * SIDE

    def images(place: tuple[float, ...]) -> list[list[float]]:
        steps = product(SIDE * (np.arange(count) - (count - 1) / 2), repeat=2)
        xy = [(place[0] + shift[0] + a, place[1] + shift[1] + b) for a, b in steps]
        return [[*((np.array(p) + wide / 2) % wide - wide / 2).tolist(), *place[2:]] for p in xy]

    pulse = {"kind": "pulse", "amplitude": 0.1, "start": 0.05, "duration": 0.1}
    places = {"near": (-0.03, 0.03, 0.005), "far": (0.1, 0.05, 0.1), "across": (0.115, 0.03, 0.01)}
    parts = {
        "geometry": {
            "kind": "box",
            "size": [wide, wide, HEIGHT],
            "periodic": ["x", "y"],
            "obstacles": [{"kind": "sphere", "centre": centre, "radius": 0.03} for centre in images(VESICLE)],
        },
        "discretization": {"kind": "grid", "size_at_active_zone": CELL},
        "buffers": BUFFERS,
        "channels": [{"name": "Ca", "positions": images(PORE), "current": pulse}],
        "probes": [{"name": name, "position": images(place)[0]} for name, place in places.items()],
        "run": {"duration": 0.3, "tolerance": 1e-3},
    }
    return resolve(parts | changes)


TILES = {
    "four tiles": tiles(2),
    "half a tile further": tiles(shift=(SIDE / 2, SIDE / 2)),
    "aside": tiles(1, (0.11, -0.07)),
}


@pytest.mark.parametrize("backend", each_backend())
@pytest.mark.parametrize("other", TILES)
def test_a_tile_is_the_lattice_wherever_it_begins(other: str, backend: str) -> None:
    one, same = simulate(tiles(), backend), simulate(TILES[other], backend)
    count = same.system.discretization.size / one.system.discretization.size
    np.testing.assert_allclose(on_cells(same), on_cells(one), rtol=1e-11)
    np.testing.assert_allclose(same.values, one.values, rtol=1e-5)  # images of pores are counted as far as they matter
    assert same.system.discretization.total_volume == pytest.approx(count * one.system.discretization.total_volume)
    assert same.balance().entered == pytest.approx(count * one.balance().entered, rel=1e-9)
    assert max(one.balance().relative_error, same.balance().relative_error) < 1e-13
    for name, at in one.system.discretization.surfaces.items():
        areas = same.system.discretization.surfaces[name].areas
        assert areas.sum() == pytest.approx(count * at.areas.sum(), rel=1e-9), name


def test_so_it_is_with_implicit_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """And they end where explicit steps end."""
    explicit = simulate(tiles())
    monkeypatch.setattr(limits, "IMPLICIT_FROM", 6)
    monkeypatch.setattr(limits, "IMPLICIT_ON", 3)
    one, same = simulate(tiles()), simulate(tiles(2))
    np.testing.assert_allclose(on_cells(same), on_cells(one), rtol=1e-6)
    np.testing.assert_allclose(on_cells(one), on_cells(explicit), rtol=5e-3)


def test_so_it_is_in_a_steady_state() -> None:
    found = [steady(tiles(count), held="z_max", warn=lambda _: None) for count in (1, 2)]
    one, four = found
    np.testing.assert_allclose(four.values, one.values, rtol=1e-4)  # as above
    assert four.free == pytest.approx(4 * one.free, rel=1e-6)
    assert four.leaving["z_max"] == pytest.approx(4 * one.leaving["z_max"], rel=1e-6)


def test_a_stretched_grid_is_fine_around_a_pore_at_the_end_of_the_tile() -> None:
    """Its cells are those around a pore in the middle, elsewhere."""
    fine = {"kind": "grid", "size_at_active_zone": 0.01, "size_in_bulk": 0.03, "margin": 0.01}
    one, other = (simulate(tiles(1, shift, discretization=fine)) for shift in ((0.0, 0.0), (0.172, -0.151)))
    assert one.system.discretization.layout.shape == other.system.discretization.layout.shape
    np.testing.assert_allclose(other.values, one.values, rtol=1e-7)  # of which the bound of the fastest mode differs


def test_walls_are_mirrors_of_a_tile_twice_as_wide() -> None:
    def places(point: tuple[float, ...]) -> list[list[float]]:
        return [
            [a * (point[0] - SIDE / 2), b * (point[1] - SIDE / 2), *point[2:]] for a, b in product((1, -1), repeat=2)
        ]

    walls = tiles(1, geometry={"kind": "box", "size": [SIDE, SIDE, HEIGHT]})
    wide = {"kind": "box", "size": [2 * SIDE, 2 * SIDE, HEIGHT], "periodic": ["x", "y"]}
    current = walls.channels[0].current.model_dump()
    channels = [{"name": "Ca", "positions": places(PORE), "current": current}]
    probes = [{"name": probe.name, "position": places(probe.position)[0]} for probe in walls.probes]
    mirrored = tiles(1, geometry=wide, channels=channels, probes=probes)
    np.testing.assert_allclose(on_cells(simulate(mirrored)), on_cells(simulate(walls)), rtol=1e-6)


def empty(cells: int, bulk: float | None = None, periodic: tuple[str, ...] = ("x", "y")) -> Discretization:
    """A periodic box without anything in it, so many cells wide, or with wider ones outside its middle."""
    size, growth = 0.4 / cells, 1.5 ** min(16 / cells, 1)
    across = (size, size if len(periodic) > 1 else 0.4, 0.05)
    grid = Grid(size_at_active_zone=across, size_in_bulk=bulk and bulk * size, margin=0.05, growth=growth)
    return discretize(
        Model(geometry=Box(size=(0.4, 0.4, 0.05), periodic=periodic), discretization=grid, run={"duration": 1})
    )


@pytest.mark.parametrize("backend", each_backend())
def test_a_wave_decays_at_the_rate_of_the_cells_in_every_backend(backend: str) -> None:
    """exp(i k x) is a mode of equal cells, with the rate D (2 - 2 cos k h) / h² along each axis."""
    made, h, D = empty(16), 0.025, 0.22
    model = Model(
        geometry=Box(size=(0.4, 0.4, 0.05)), discretization=Grid(size_at_active_zone=0.1), run={"duration": 1}
    )
    need_backend(backend)
    do = open_backend(backend, build_system(model, made))
    for waves in ((1, 0), (2, 3), (8, 5)):
        k = 2 * np.pi * np.array(waves) / 0.4
        wave = np.cos(made.centres[:, :2] @ k + 0.3)
        out = do.new()
        do.rhs(do.from_host(wave[None]), out)
        rate = D * np.sum(2 - 2 * np.cos(k * h)) / h**2
        np.testing.assert_allclose(do.to_host(out)[CALCIUM], -rate * wave, atol=1e-12 * rate)


@pytest.mark.parametrize("bulk", [None, 4.0])
def test_the_slowest_wave_is_found_at_second_order(bulk: float | None) -> None:
    """The rates of both waves of length L tend to (2 π / L)², on cells of one size and of several."""
    errors, exact = [], (2 * np.pi / 0.4) ** 2
    sizes = (16, 32, 64)
    for cells in sizes:
        made = empty(cells, bulk, ("x",))
        scale = np.sqrt(made.volumes)
        matrix = made.laplacian().multiply(scale[:, None]).multiply(1 / scale).tocsc()
        rates = np.sort(-eigsh(matrix, k=4, sigma=1e-3, return_eigenvectors=False))
        errors.append(float(np.abs(rates[1:3] / exact - 1).max()))
    assert slope(1 / np.array(sizes), errors) == pytest.approx(2, abs=TOLERANCES["order"])


@pytest.mark.parametrize("periodic", [("x",), ("y",), ("x", "y")])
@pytest.mark.parametrize("cells", [5, 8])
def test_no_mode_is_faster_than_the_bound(cells: int, periodic: tuple[str, ...]) -> None:
    """Which is met where equal cells of an even number alternate."""
    made = empty(cells, periodic=periodic)
    fastest = -np.linalg.eigvals(made.laplacian().toarray()).real.min()
    assert fastest <= made.radius * (1 + 1e-12)
    if cells % 2 == 0 and periodic == ("x", "y"):
        assert made.radius == pytest.approx(fastest, rel=1e-12)


def test_a_vesicle_on_the_corner_of_a_tile_takes_as_much_as_one_in_the_middle() -> None:
    def made(centre: tuple[float, ...]) -> Discretization:
        return discretize(
            tiles(1, geometry={**BOX, "obstacles": [{"kind": "sphere", "centre": centre, "radius": 0.05}]})
        )

    middle, corner = made((0.011, 0.007, 0.06)), made((0.011 - 0.12, 0.007 + 0.12, 0.06))
    assert corner.total_volume == pytest.approx(middle.total_volume, rel=1e-12)
    assert corner.surfaces["vesicles"].areas.sum() == pytest.approx(middle.surfaces["vesicles"].areas.sum(), rel=1e-9)


def test_a_part_of_the_cytosol_goes_on_in_the_next_tile() -> None:
    """A sphere around a corner of the tile has its whole volume."""
    model = tiles(1, geometry=BOX, discretization={"kind": "grid", "size_at_active_zone": 0.01})
    made = discretize(model)
    around = SphereRegion(centre=(0.12, -0.12, 0.06), radius=0.05)
    volume = float(share(model, made.space, around) @ made.volumes)
    assert volume == pytest.approx(4 / 3 * np.pi * 0.05**3, rel=1e-3)


TETRAHEDRA = {"kind": "tetrahedra", "size_at_active_zone": 0.012, "size_in_bulk": 0.04}


def test_tetrahedra_of_a_tile_are_those_of_the_lattice_wherever_it_begins() -> None:
    """Within what both miss they find what a grid finds, and calcium is conserved across the ends."""
    one, other = (simulate(tiles(1, shift, discretization=TETRAHEDRA)) for shift in ((0.0, 0.0), (0.13, -0.06)))
    np.testing.assert_allclose(other.values, one.values, rtol=0.04)
    grid = {"kind": "grid", "size_at_active_zone": 0.01}
    np.testing.assert_allclose(one.values, simulate(tiles(1, discretization=grid)).values, rtol=0.06)
    assert one.balance().relative_error < 1e-13
    made = one.system.discretization
    assert made.quality.parts == 1
    assert made.total_volume == pytest.approx(SIDE**2 * HEIGHT - 4 / 3 * np.pi * 0.03**3, rel=2e-3)
    assert made.surfaces["membrane"].areas.sum() == pytest.approx(SIDE**2, rel=1e-9)
    assert made.surfaces["vesicles"].areas.sum() == pytest.approx(4 * np.pi * 0.03**2, rel=0.05)
    assert {*made.surfaces} == {"membrane", "z_max", "vesicles"}
    assert abs(made.conductance - made.conductance.T).max() == 0
    at_both_ends = made.locator.weights(np.array([[x, 0.05, 0.06] for x in (-0.12, 0.12)]))
    assert np.array_equal(*np.sort(at_both_ends.indices, axis=1))


def test_the_ends_of_tetrahedra_go_where_no_obstacle_touches_them() -> None:
    """A ball whose top would be at an end, as far from the channels as it can be: Gmsh cuts no tangent plane."""
    pores = [(0.0, 0.0, 0.0), (-0.13, 0.1, 0.0)]
    ball = {"centre": (-0.05, -0.15, 0.1), "radius": 0.05}
    model = Model(
        geometry={"kind": "box", "size": (0.3, 0.3, 0.3), "periodic": ("x", "y"), "obstacles": (ball,)},
        discretization={"kind": "tetrahedra", "size_at_active_zone": 0.02, "size_in_bulk": 0.04},
        channels=({"name": "Ca", "positions": pores, "current": {"kind": "constant", "amplitude": 0.1}},),
        run={"duration": 1},
    )
    ends = middle_of(model.geometry, pores)[:2] + 0.15
    for touching in ((-0.1, -0.2), (0.0, -0.1)):  # where the ball begins and where it ends
        assert (np.abs((ends - touching + 0.15) % 0.3 - 0.15) >= 0.003 * (1 - 1e-9)).all()
    assert discretize(model).volumes.sum() == pytest.approx(0.027 - 4 / 3 * np.pi * 0.05**3, rel=2e-3)


def test_waves_on_tetrahedra_decay_at_second_order() -> None:
    """The slowest four, along x and y, those of a tile that is its own neighbour."""
    sizes, errors = (0.04, 0.028, 0.02, 0.014), []
    for size in sizes:
        cells = {"kind": "tetrahedra", "size_at_active_zone": size, "size_in_bulk": size}
        made = discretize(
            tiles(1, geometry={**BOX, "size": [0.2, 0.2, 0.1]}, channels=[], probes=[], discretization=cells)
        )
        scale = np.sqrt(made.volumes)
        matrix = made.laplacian().multiply(scale[:, None]).multiply(1 / scale).tocsc()
        rates = np.sort(-eigsh(matrix, k=5, sigma=1e-3, return_eigenvectors=False))
        errors.append(float(np.abs(rates[1:] / (2 * np.pi / 0.2) ** 2 - 1).max()))
    assert errors[-1] < 0.03  # k² h² / 12 is 0.016
    assert slope(sizes, errors) == pytest.approx(2, abs=TOLERANCES["order"])


def test_a_part_of_a_tile_of_tetrahedra_goes_on_in_the_next() -> None:
    model = tiles(1, geometry=BOX, discretization=TETRAHEDRA)
    made = discretize(model)
    around = SphereRegion(centre=(0.07, -0.09, 0.06), radius=0.05)  # across the ends of a tile around the pore
    assert float(share(model, made.space, around) @ made.volumes) == pytest.approx(4 / 3 * np.pi * 0.05**3, rel=0.02)


def widths_around(axis: Axis) -> np.ndarray:
    """With the first again after the last."""
    return np.append(axis.widths, axis.widths[0])


@pytest.mark.parametrize("growth", [1.05, 1.2, 1.7])
@pytest.mark.parametrize("cells", [1.3, 7.2, 40.1, 40.9, 41.0])
def test_neighbouring_cells_differ_by_the_growth_at_most_all_around(cells: float, growth: float) -> None:
    """The fine part in the middle, across the ends, and everywhere; around a pore, and not."""
    size, low = 0.01, -0.07
    length = cells * size
    for first, last in ((0.45, 0.55), (-0.02, 0.03), (0.9, 1.2), (0.0, 1.0), (-0.3, 1.1)):
        focus = (low + first * length, low + last * length)
        for bulk in (size, 1.5 * size, 8 * size):
            for through in (None, focus[0] + 0.3 * (focus[1] - focus[0])):
                axis = periodic_axis(low, low + length, focus, size, bulk, growth, through=through)
                assert abs(np.diff(np.log(widths_around(axis)))).max() <= np.log(growth) + 1e-6
                assert axis.length == pytest.approx(length, rel=1e-12)
                assert low - 1e-12 <= axis.edges[0] <= low + axis.widths[-1]
                inside = np.linspace(*focus, 52)[1:-1]
                assert axis.widths[axis.find(inside)].max() <= size * (1 + 1e-9)
                if through is not None:
                    pore, cell = float(axis.within(np.array(through))), int(axis.find(np.array(through)))
                    assert axis.edges[cell : cell + 2].mean() == pytest.approx(pore, abs=1e-9)


def test_equal_cells_begin_at_the_end_of_the_tile() -> None:
    axis = uniform_circle(-0.3, 0.704, 0.01)
    assert (axis.edges[0], axis.size) == (-0.3, 101)
    np.testing.assert_allclose(axis.widths, 1.004 / 101)


def test_the_nearest_image_and_the_smallest_arc_go_across_the_ends() -> None:
    found = nearest_image(np.array([[0.45, 0.0, 0.4]]), np.array([-0.45, 0.1, -0.4]), {0: 1.0})
    np.testing.assert_allclose(found, [[-0.55, 0.0, 0.4]])
    assert smallest_arc(np.array([0.45, -0.4, 0.4]), 1.0) == pytest.approx((0.4, 0.6))
    assert smallest_arc(np.array([0.2]), 1.0) == pytest.approx((0.2, 0.2))


def test_what_a_tile_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError, match="x is among both symmetry and periodic"):
        tiles(1, geometry={**BOX, "symmetry": ["x"]})
    with pytest.raises(ModelError, match="periodic names y twice"):
        tiles(1, geometry={**BOX, "periodic": ["y", "y"]})
    with pytest.raises(ModelError, match="is inside obstacle 1, 'vesicle' at"):
        tiles(1, probes=[{"name": "in", "position": [-0.11, -0.11, 0.05]}])
    pump = {"name": "pump", "surface": "x_max", "law": "P*Ca", "parameters": {"P": 0.2}}
    with pytest.raises(InputError, match="'x_max', which the terminal does not have"):
        build_system(tiles(1, pumps=[pump]), discretize(tiles()))


def test_check_and_pictures_say_that_it_is_a_tile() -> None:
    assert any("one tile of many, along x, every 240 nm and along y" in line for line in rc.check(tiles()))
    model = tiles()
    drawn = scene(model, discretize(model))
    assert Scene.from_json(drawn.to_json()).remark == "one tile of many along x and y"
    assert len(drawn.vesicles) == 4  # one on each corner
    walls = tiles(1, geometry={**BOX, "periodic": []})
    assert scene(walls, discretize(walls)).remark == ""


def test_a_probe_is_told_how_far_the_nearest_image_of_a_channel_is() -> None:
    """From x = 110 nm to -100 nm are 30 nm across the end."""
    channels = [{"name": "Ca", "positions": [[0.11, 0]], "current": {"kind": "constant", "amplitude": 0.1}}]
    probes = [{"name": "across", "position": [-0.1, 0, 0]}]
    lines = rc.check(tiles(1, geometry=BOX, channels=channels, probes=probes))
    assert any("probe 'across' is 30 nm from the nearest channel" in line for line in lines)


def test_distances_are_to_the_channels_of_the_tiles_around() -> None:
    sensor = {"name": "sensor", "use": "schneggenburger_neher2000", "positions": [[-0.1, 0, 0]]}
    channels = [{"name": "Ca", "positions": [[0.11, 0]], "current": {"kind": "constant", "amplitude": 0.1}}]
    found = rc.distances(tiles(1, geometry=BOX, channels=channels, sensors=[sensor]))
    assert found.distance.shape == (1, 9)
    assert found.nearest.values == pytest.approx(0.03)
    assert str(found.nearest_channel.values[0]) == "Ca 1 in the next tile"


def test_obstacles_that_overlap_across_the_end_are_asked_about() -> None:
    balls = [{"kind": "sphere", "centre": [x, 0, 0.06], "radius": 0.03} for x in (0.11, -0.11)]
    assert any("overlap" in line for line in doubts(tiles(1, geometry={**BOX, "obstacles": balls})))
    assert not any("overlap" in line for line in doubts(tiles(1, geometry={**BOX, "periodic": [], "obstacles": balls})))


def test_a_microscope_sees_the_neighbouring_tiles() -> None:
    """A homogeneous lattice is as bright at the end of a tile as in its middle, and as bright as space without end."""
    shine = {"488 nm": {"free": 1, "bound": 3}}
    dye = {"name": "dye", "total": 100, "diffusivity": 0.02, "k_on": 0.5, "K_d": 0.3, "brightness": shine}
    for place in ((0.0, 0.0, 0.06), (0.119, -0.1, 0.06)):
        entry = {"name": "spot", "dye": "dye", "every": 0.1, "view": {"kind": "spot", "position": place}}
        optics = {"kind": "gaussian", "lateral": 0.3, "axial": 0.6}
        model = tiles(1, geometry=BOX, buffers=[dye], imaging=[{**entry, "optics": optics}])
        found = sight(model.imaging[0], model, discretize(model))(np.full(12 * 12 * 6, 2.0))
        spread = 0.6 / FWHM_PER_SD
        assert found == pytest.approx(2 * (2 * ndtr(0.06 / spread) - 1), rel=1e-5)


def test_a_tile_that_was_written_and_read_is_the_same_tile(tmp_path: Path) -> None:
    """Volumes and conductances across its ends too; a mesh whose ends do not match is none."""
    box = {"kind": "box", "size": [0.2, 0.16, 0.1], "periodic": ["x", "y"]}
    cells = {"kind": "tetrahedra", "size_at_active_zone": 0.03, "size_in_bulk": 0.03}
    made = rc.mesh(tiles(1, geometry=box, probes=[], discretization=cells))
    rc.write_mesh(made, tmp_path / "tile.msh")
    whole = discretize_tetrahedra(made)

    def read(**periodic: float) -> Discretization:
        file = {"kind": "mesh", "file": str(tmp_path / "tile.msh"), "length_unit": "um", "periodic": periodic}
        return discretize(tiles(1, geometry=file, probes=[], discretization={"kind": "tetrahedra"}))

    again = read(x=0.2, y=0.16)
    assert again.size == whole.size
    assert set(again.surfaces) == {"membrane", "z_max"}
    np.testing.assert_allclose(np.sort(again.volumes), np.sort(whole.volumes), rtol=1e-7)
    np.testing.assert_allclose(np.sort(again.conductance.data), np.sort(whole.conductance.data), atol=1e-7)
    assert again.surfaces["membrane"].areas.sum() == pytest.approx(0.2 * 0.16, rel=1e-6)
    with pytest.raises(InputError, match=r"tile\.msh is 180 nm long along x, and it is 200 nm; say its own length"):
        read(x=0.18)
    moved = made.points.copy()
    inside = (moved[:, 0] == moved[:, 0].max()) & (moved[:, 2] > 0.03) & (moved[:, 2] < 0.07)
    moved[inside, 2] += 0.002
    rc.write_mesh(TetrahedralMesh(moved, made.tetrahedra, made.regions, made.surfaces), tmp_path / "tile.msh")
    with pytest.raises(InputError, match=r"at both ends along x do not match, corner by corner, so that it is no tile"):
        read(x=0.2)


def test_two_nodes_at_one_end_of_a_tile_have_two_partners_at_the_other() -> None:
    """And not the same one, however near to its image both are."""
    low, high = -SIDE / 2, SIDE / 2
    tile = Box(size=(SIDE, SIDE, HEIGHT), periodic=("x",))
    nodes = np.array([[low, 0, 0], [low, 0.1, 0], [high, 0, 0], [high, 0.1, 0]])
    made = tiling(tile, nodes)
    assert made is not None
    assert made.same.tolist() == [0, 1, 0, 1]
    nodes[3] = [high, 5e-7, 0]
    with pytest.raises(InputError, match="meshes the two ends of the tile along x differently"):
        tiling(tile, nodes)


def test_what_stands_in_a_moved_tile_is_found_where_it_has_come_to() -> None:
    vesicle = Sphere(name="vesicle", centre=(0.0, 0.0, 0.06), radius=0.02)
    tile = Box(size=(SIDE, SIDE, HEIGHT), periodic=("x", "y"), obstacles=(vesicle,))
    before, after = (0.0, 0.0, 0.06), (0.05, 0.0, 0.06)
    tile.require_inside("a probe", after)
    further = moved(tile, np.array([0.05, 0.0, 0.0]))
    further.require_inside("a probe", before)
    with pytest.raises(ValueError, match="vesicle"):
        further.require_inside("a probe", after)
