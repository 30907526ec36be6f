"""Tetrahedra of terminals that are described as bodies: their size, their names, and where they are small."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError
from rdcalcium.geometry import meshing
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.described_mesh import described_mesh, fewest_nodes
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.meshing import DELAUNAY, HXT
from rdcalcium.geometry.planning import planned_nodes
from rdcalcium.geometry.resolved import ZONE, between_neighbours, discs_of, resolved
from rdcalcium.geometry.size_estimate import estimated_nodes
from rdcalcium.geometry.sizes import ALIKE, Sizes
from rdcalcium.geometry.surface_samples import radii, spread, thickness
from rdcalcium.model import Box, Channels, Described, Grid, Probe, PulseCurrent, Sphere, Tetrahedra
from rdcalcium.model.obstacles.ellipsoid import Ellipsoid
from rdcalcium.model.placement.zones import ActiveZones
from rdcalcium.model.shapes.calyx_lobe import CalyxLobe
from rdcalcium.model.shapes.spherical import Spherical
from rdcalcium.solids import Ball, Block, Frustum, Joined, Solid, Turned, nearest_on_surface, surface_points, turn_of
from tests.models import small_model
from tests.support import simulate
from tests.tolerances import TOLERANCES

BALL = Ball((0.0, 0.0, 0.0), (0.3, 0.3, 0.3))
EGG = Ball((0.0, 0.0, 0.0), (0.3, 0.2, 0.15))
AXON = Frustum((0.2, 0.0, 0.0), (0.6, 0.0, 0.1), 0.06, 0.05, ("axon", "axon_start", "axon_end"))
BOUTON = Joined((EGG, AXON))


CHOICE = Tetrahedra(size_at_active_zone=0.01, size_in_bulk=0.05)


class Terminal(Described):
    """A body as it is."""

    kind: Literal["terminal"] = "terminal"
    body: Any

    @property
    def outline(self) -> Solid:
        """What it was given."""
        return self.body


def meshed(body: Solid, fine: float = 0.01, bulk: float = 0.05, **others: Any) -> TetrahedralMesh:
    given = {key: others.pop(key) for key in ("channels", "sensors", "hollow") if key in others}
    choice = Tetrahedra(size_at_active_zone=fine, size_in_bulk=bulk)
    return described_mesh(Terminal(body=body, **others), choice, **given)


def areas(mesh: TetrahedralMesh) -> dict[str, float]:
    found = {}
    for name, faces in mesh.surfaces.items():
        a, b, c = (mesh.points[faces[:, k]] for k in range(3))
        found[name] = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
    return found


@pytest.mark.parametrize("mirror", [1, -1])
def test_a_turned_body_is_meshed_where_it_is(mirror: int) -> None:
    """An ellipsoid: every node of its surface has depth 0, also of its mirror image."""
    turn = Rotation.from_rotvec([0.4, 0.9, -0.3]).as_matrix() * [mirror, 1, 1]
    body = Turned(EGG, turn_of(turn), (0.1, 0.05, 0.0))
    mesh = meshed(body)
    np.testing.assert_allclose(body.depth(mesh.points[np.unique(mesh.surfaces["membrane"])]), 0, atol=1e-6)
    assert mesh.volumes().sum() == pytest.approx(4 / 3 * np.pi * 0.3 * 0.2 * 0.15, rel=0.03)


def test_pieces_of_the_surface_and_mirrors_and_obstacles_have_their_names() -> None:
    vesicle, er = Sphere(centre=(0, 0, -0.1), radius=0.03), Sphere(centre=(0.1, 0.1, 0), radius=0.05, name="ER")
    mesh = meshed(BOUTON, symmetry=("y",), obstacles=(vesicle, er), hollow=("ER",))
    found = areas(mesh)
    assert set(found) == {"membrane", "axon", "axon_end", "y_min", "vesicle", "vesicles"}
    assert found["vesicle"] == found["vesicles"] == pytest.approx(2 * np.pi * 0.03**2, rel=0.02)
    assert found["axon_end"] == pytest.approx(np.pi * 0.05**2 / 2, rel=0.02)
    assert mesh.volumes()[mesh.regions["ER"]].sum() == pytest.approx(4 / 3 * np.pi * 0.05**3, rel=0.05)


def test_channels_on_a_curved_membrane_are_nodes_of_it() -> None:
    channels = [nearest_on_surface(EGG, (x, y, -1.0)) for x, y in [(0, 0), (0.1, 0.05), (-0.05, 0.1), (0.02, 0.0)]]
    off = [tuple((1 - 1e-4) * np.array(place)) for place in channels]  # as numbers are that somebody typed
    mesh = meshed(EGG, channels=off, sensors=[(0.0, 0.0, -0.1)])
    membrane = mesh.points[np.unique(mesh.surfaces["membrane"])]
    for place in channels:
        assert np.linalg.norm(membrane - place, axis=1).min() < 2e-5
    assert np.linalg.norm(mesh.points - [0.0, 0.0, -0.1], axis=1).min() == 0


def ratios(mesh: TetrahedralMesh, wanted: Sizes) -> np.ndarray:
    """Length of every edge over what was wanted at its middle."""
    pairs = np.sort(mesh.tetrahedra[:, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]].reshape(-1, 2), axis=1)
    a, b = (mesh.points[ends] for ends in np.unique(pairs, axis=0).T)
    return np.linalg.norm(a - b, axis=1) / wanted.at((a + b) / 2)


@pytest.mark.parametrize("body", [BALL, EGG], ids=["ball", "ellipsoid"])
@pytest.mark.parametrize("probes", [[], [(0.0, 0.0, 0.0)], [(0.0, 0.0, -0.1), (0.1, 0.05, 0.0)]])
def test_edges_are_as_long_as_wanted_also_around_probes(body: Solid, probes: list) -> None:
    """Delaunay's criterion is on circumscribed balls: edges are 1.3 times what is wanted on average, 2.2 at most."""
    foot = nearest_on_surface(body, (0.0, 0.0, -1.0))
    wanted = resolved(Terminal(body=body), CHOICE, np.array([foot]), np.array(probes).reshape(-1, 3))
    found = ratios(meshed(body, channels=[foot], sensors=probes), wanted)
    assert found.mean() < 1.4
    assert found.max() < 3


@pytest.mark.parametrize("other", [HXT, DELAUNAY])
def test_a_ball_that_is_not_filled_is_never_taken(monkeypatch: pytest.MonkeyPatch, other: int) -> None:
    """Gmsh leaves it empty around a probe without a size; another algorithm fills it, and else it is refused."""
    monkeypatch.setattr(meshing, "_prescribe", lambda *_: None)
    monkeypatch.setattr(meshing, "HXT", other)
    probe = np.array([[0.0, 0.0, -0.1]])
    if other == HXT:
        wanted = resolved(Terminal(body=BALL), CHOICE, np.zeros((0, 3)), probe)
        assert ratios(meshed(BALL, sensors=probe.tolist()), wanted).max() < 3
    else:
        with pytest.raises(InputError, match=r"an edge of .* times as long as asked"):
            meshed(BALL, sensors=probe.tolist())


def test_calcium_in_a_ball_is_that_of_a_grid() -> None:
    """At probes near an open channel and far from it, within 3 %."""
    probes = tuple(Probe(name=f"p{k}", position=(0.0, 0.0, z)) for k, z in enumerate((-0.27, -0.25, -0.2, 0.0)))

    def calcium(choice: Grid | Tetrahedra) -> np.ndarray:
        current = PulseCurrent(amplitude=0.2, start=0, duration=0.1)
        channel = Channels.model_validate({"name": "Ca", "positions": [[0, 0, -0.3]], "current": current})
        given = {"geometry": Spherical(radius=0.3), "channels": (channel,), "probes": probes, "run": {"duration": 0.1}}
        found: np.ndarray = simulate(small_model(discretization=choice, **given)).values[CALCIUM]
        return found

    grid = Grid(size_at_active_zone=(0.006, 0.006, 0.006), size_in_bulk=0.03)
    tetrahedra = Tetrahedra(size_at_active_zone=0.006, size_in_bulk=0.03)
    np.testing.assert_allclose(calcium(tetrahedra), calcium(grid), rtol=0.03)


def test_a_linear_field_is_exact_around_a_vesicle_in_a_curved_terminal() -> None:
    """Σ_j G_ij (x_j - x_i) vanishes at every node inside: what flows in flows out."""
    made = discretize_tetrahedra(meshed(EGG, obstacles=(Sphere(centre=(0.05, 0.02, -0.08), radius=0.04),)))
    flow = made.conductance @ made.centres - made.conductance.sum(axis=1)[:, None] * made.centres
    walls = np.zeros(made.size, dtype=bool)
    for surface in made.surfaces.values():
        walls[surface.indices] = True
    scale = abs(made.conductance).sum(axis=1)[:, None] * made.quality.smallest
    assert (~walls).sum() > 300
    assert np.abs(flow / scale)[~walls].max() < 1e-10


def test_how_round_a_surface_is_comes_from_its_depth() -> None:
    """An ellipsoid is roundest at the ends of its longest axis, with radius c² / a; a box is plane, its edges too."""
    on = spread(EGG, 0.02)
    assert radii(EGG, on).min() == pytest.approx(0.15**2 / 0.3, rel=0.1)
    assert radii(BALL, spread(BALL, 0.05)) == pytest.approx(0.3, rel=1e-3)
    block = Block((0.0, 0.0, 0.0), (0.5, 0.5, 0.4))
    assert np.isinf(radii(block, spread(block, 0.03))).all()


def test_every_place_of_a_surface_is_near_a_sample_of_it() -> None:
    on = spread(BALL, 0.05)
    np.testing.assert_allclose(np.linalg.norm(on, axis=1), 0.3, atol=1e-4)
    random = np.random.default_rng(1).normal(size=(500, 3))
    random *= 0.3 / np.linalg.norm(random, axis=1, keepdims=True)
    nearest = np.linalg.norm(random[:, None] - on, axis=2).min(axis=1)
    assert nearest.max() < 2 * 0.05


def test_active_zones_are_what_lies_between_neighbours() -> None:
    """Two groups of channels are two zones, filled with points; what is between the groups belongs to none."""
    corners = np.array([[0.0, 0, 0], [0.06, 0, 0], [0, 0.06, 0], [0.06, 0.06, 0]])
    found = between_neighbours(np.vstack([corners, corners + np.array([0.5, 0, 0])]), 0.005)
    for x in (0.03, 0.53):
        assert np.linalg.norm(found - [x, 0.03, 0], axis=1).min() < 0.005
    assert np.linalg.norm(found - [0.28, 0.03, 0], axis=1).min() > ZONE
    line = between_neighbours(np.array([[0.0, 0, 0], [0.04, 0, 0], [0.09, 0, 0]]), 0.005)
    assert np.diff(np.unique(line[:, 0])).max() <= 0.005 + 1e-12
    assert len(between_neighbours(np.zeros((0, 3)), 0.005)) == 0


def test_what_a_smaller_size_nearby_decides_is_not_asked_again() -> None:
    """Sizes are the same without places that are not needed, by their definition."""
    random = np.random.default_rng(4)
    places, sizes = random.uniform(0, 0.3, (300, 3)), random.uniform(0.005, 0.06, 300)
    found = Sizes(0.05, 0.1).and_at(places, sizes)
    points = random.uniform(0, 0.3, (500, 3))
    away = np.linalg.norm(points[:, None] - places, axis=2)
    exact = np.minimum((sizes + 0.1 * away).min(axis=1), 0.05)
    assert sum(tree.n for _, tree in found.classes) < 100
    assert np.all(found.at(points) <= exact * (1 + 1e-2))
    assert np.all(found.at(points) >= exact / ALIKE * (1 - 1e-12))


def volumes_across(mesh: TetrahedralMesh, ways: np.ndarray) -> np.ndarray:
    """How many control volumes each of some ways goes through, from wall to wall, (w,) of (w, k, 3) µm."""
    _, nearest = cKDTree(mesh.points).query(ways)
    return np.array([len(np.unique(nodes)) for nodes in nearest])


def test_a_thin_lobe_has_three_control_volumes_across_everywhere() -> None:
    """Edges of the bulk are 80 % as long as it is thick."""
    lobe = CalyxLobe(radius=4, thickness=0.075, extent=0.6)
    mesh = described_mesh(lobe, Tetrahedra(size_at_active_zone=0.01, size_in_bulk=0.06))
    angles = np.random.default_rng(1).uniform(-0.05, 0.05, (100, 2))
    outwards = np.column_stack([angles, np.ones(100)])
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    ways = outwards[:, None] * np.linspace(4.0005, 4.0745, 80)[:, None] - [0, 0, 4]
    assert volumes_across(mesh, ways).min() >= 3


def test_a_gap_over_the_membrane_has_three_control_volumes_across_unless_they_were_too_short() -> None:
    """20 nm under a mitochondrion: three where edges may be 5 nm, two nodes where 20 nm are the shortest."""
    mitochondrion = Ellipsoid(name="mitochondrion", centre=(0, 0, 0.07), semi_axes=(0.08, 0.08, 0.05))
    box = Box(size=(0.25, 0.25, 0.2), obstacles=(mitochondrion,))
    x = np.random.default_rng(1).uniform(-0.015, 0.015, (50, 2))
    ways = np.stack([np.column_stack([x, np.full(50, z)]) for z in np.linspace(0.0005, 0.0195, 40)], axis=1)
    found = {}
    for fine in (0.005, 0.02):
        mesh = described_mesh(box, Tetrahedra(size_at_active_zone=fine, size_in_bulk=0.06))
        found[fine] = volumes_across(mesh, ways)
    assert found[0.005].min() >= 3
    assert np.median(found[0.02]) == 2


def test_a_sheet_is_as_thick_as_it_is_and_an_edge_is_none() -> None:
    """A slab 0.1 high; where the lateral face of a pencil meets its base the way in is short, and no wall faces it."""
    slab = Block((0.0, 0.0, 0.0), (0.6, 0.6, 0.1))
    on, found = thickness(slab, spread(slab, 0.03), 0.25)
    found = found[((on > 0.01) & (on < 0.59))[:, :2].all(axis=1)]  # an edge has no normal
    assert len(found) > 500
    np.testing.assert_allclose(found, 0.1, atol=1e-4)
    pencil = Frustum((0.0, 0.0, 0.0), (0.0, 0.0, 0.9), 0.3, 0.2, ("membrane",) * 3)
    assert len(thickness(pencil, spread(pencil, 0.03), 0.25)[0]) == 0


def mean_edges(mesh: TetrahedralMesh) -> dict[str, float]:
    """Mean length of the edges in each surface, and of vesicles on either side of x = 0, µm."""
    corners = {name: mesh.points[faces] for name, faces in mesh.surfaces.items()}
    right = corners["v"][..., 0].mean(axis=1) > 0
    corners |= {"left": corners["v"][~right], "right": corners["v"][right]}
    return {k: float(np.linalg.norm(c - np.roll(c, 1, axis=1), axis=2).mean()) for k, c in corners.items()}


def test_edges_are_as_short_as_wanted_at_surfaces_by_their_names() -> None:
    """A piece of the membrane, and one of two vesicles; what is far from them stays as it is."""
    pair = [Sphere(name="v", centre=(x, 0.0, 0.0), radius=0.05) for x in (-0.1, 0.1)]
    shape = Terminal(body=BOUTON, obstacles=pair)
    plain, named = (
        mean_edges(described_mesh(shape, Tetrahedra(size_at_active_zone=0.02, size_in_bulk=0.06, size_at=at)))
        for at in ({}, {"axon_end": 0.01, "v.2": 0.008})
    )
    wanted = {"axon_end": 0.01, "right": 0.008}
    assert {name: named[name] for name in wanted} == pytest.approx(wanted, rel=0.25)
    assert all(plain[name] > 1.4 * size for name, size in wanted.items())
    assert named["left"] == pytest.approx(plain["left"], rel=0.1)


def test_a_size_at_a_surface_that_is_not_there_is_refused() -> None:
    choice = Tetrahedra(size_at_active_zone=0.02, size_in_bulk=0.06, size_at={"axom": 0.01})
    with pytest.raises(InputError, match=r"size_at: the terminal has no surface 'axom'; .* Did you mean 'axon'"):
        described_mesh(Terminal(body=BOUTON), choice)


@pytest.mark.parametrize("body", [BALL, EGG], ids=["ball", "ellipsoid"])
def test_edges_are_short_all_over_an_active_zone_without_channels(body: Solid) -> None:
    foot = nearest_on_surface(body, (0.05, 0.0, -1.0))
    zone = ActiveZones(positions=(foot,), radius=0.05)
    shape = Terminal(body=body)
    discs = discs_of(shape, zone.found_in(shape), CHOICE.size_at_active_zone)
    np.testing.assert_allclose(body.depth(discs), 0, atol=1e-9)
    sizes = resolved(shape, CHOICE, np.zeros((0, 3)), np.zeros((0, 3)), discs)
    on = surface_points(body, 4000)
    within = np.linalg.norm(on - foot, axis=1) < 0.049
    assert within.sum() > 10
    assert sizes.at(on[within]).max() < 1.15 * CHOICE.size_at_active_zone


def test_a_model_with_zones_alone_is_meshed_finely_at_them() -> None:
    zones = (ActiveZones(positions=((0.1, 0.1), (-0.1, -0.1)), radius=0.04),)
    model = small_model(geometry=Box(size=(0.5, 0.5, 0.3)), discretization=CHOICE, channels=(), active_zones=zones)
    mesh = build(model)
    assert isinstance(mesh, TetrahedralMesh)
    floor = mesh.points[mesh.points[:, 2] == 0]
    for x in (0.1, -0.1):
        in_zone = (np.linalg.norm(floor[:, :2] - x, axis=1) < 0.04).sum()
        assert in_zone == pytest.approx(np.pi * 0.04**2 / (0.8 * 0.01**2), rel=0.3)
    assert planned_nodes(model) == pytest.approx(len(mesh.points), rel=TOLERANCES["planned nodes"])


VESICLES = (Sphere(centre=(0, 0, -0.1), radius=0.03), Sphere(centre=(0.05, 0.1, 0), radius=0.05, name="ER"))
FEET = [nearest_on_surface(EGG, (x, y, -1.0)) for x, y in [(0, 0), (0.05, 0.03), (-0.05, 0.06)]]
COUNTED: dict[str, tuple[Solid, dict[str, Any]]] = {
    "ball": (BALL, {"bulk": 0.04}),
    "channels": (EGG, {"channels": FEET, "fine": 0.005}),
    "vesicles": (EGG, {"obstacles": VESICLES}),
}


@pytest.mark.parametrize("name", COUNTED)
def test_the_number_of_nodes_is_nearly_known_before_they_are_made(name: str) -> None:
    body, given = COUNTED[name]
    shape = Terminal(body=body, obstacles=given.get("obstacles", ()))
    choice = Tetrahedra(size_at_active_zone=given.get("fine", 0.01), size_in_bulk=given.get("bulk", 0.05))
    sizes = resolved(shape, choice, np.reshape(given.get("channels", ()), (-1, 3)), np.zeros((0, 3)))
    closed = [obstacle.solid for obstacle in shape.obstacles]
    planned = estimated_nodes(shape.cytosol(shape.hollow), closed, sizes)
    assert planned == pytest.approx(len(meshed(body, **given).points), rel=TOLERANCES["planned nodes"])


def test_a_terminal_has_no_fewer_nodes_than_it_would_have_at_least() -> None:
    fine = Tetrahedra(size_at_active_zone=0.003, size_in_bulk=0.003)
    body, obstacle = BALL, VESICLES[0]
    shape = Terminal(body=body, obstacles=(obstacle,))
    at_least = fewest_nodes(shape, fine)
    low, high = body.bounds
    radius = (high[0] - low[0]) / 2
    volume = 4 / 3 * np.pi * (radius**3 - obstacle.radius**3)
    assert at_least == pytest.approx(0.75 * volume / 0.003**3, rel=0.02)
    assert at_least <= estimated_nodes(body, [obstacle.solid], Sizes(0.003, 0.1))
    assert not fewest_nodes(shape, Tetrahedra(size_at_active_zone=0.1, size_in_bulk=0.1))  # nobody has to know
