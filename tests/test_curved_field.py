"""What is added near pores in a membrane that cuts their cells, against fields that are known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import cg

import rdcalcium as rc
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.curved_field import MOST, CurvedField, _balanced
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.geometry.cut import cut_cells
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.spacing import uniform_axis
from rdcalcium.model import Channels, ConstantCurrent, Grid, Model, Probe
from rdcalcium.solids import Block, Turned, turn_of
from rdcalcium.solids.base import place
from rdcalcium.surfaces import closed_surface
from tests.surface_files import icosphere, write_stl

R, SIZE = 0.5, 0.04
CELLS = (0.5, 1, 2, 3, 5, 8)  # from a pore


def ball(symmetry: tuple[str, ...] = (), size: float = SIZE, radius: float = R, **changes: object) -> Model:
    geometry = {"kind": "sphere", "radius": f"{1000 * radius} nm", "symmetry": symmetry}
    given = {"calcium": {"rest": 0}, "run": {"duration": 1}, **changes}
    return Model(geometry=geometry, discretization=Grid(size_at_active_zone=size), **given)


def neumann(points: np.ndarray, pore: np.ndarray, radius: float = R) -> np.ndarray:
    """Field of a unit source on a sphere that loses as much evenly through it, with D = 1, but for a constant."""
    r = np.linalg.norm(points - pore, axis=1)
    return (2 / r + np.log(2 * radius**2 / (radius**2 - points @ pore + radius * r)) / radius) / (4 * np.pi)


def solved(made: Discretization, flow: np.ndarray, held: np.ndarray, given: np.ndarray, kappa: float) -> np.ndarray:
    """Steady field with D = 1 of what flows into each cell, captured at κ², with given values where it is held."""
    there = made.volumes > 0
    leaving = made.conductance.sum(axis=1) + kappa**2 * made.volumes + ~there
    matrix, c = csr_array(diags_array(leaving) - made.conductance), np.where(held, given, 0.0)
    free = ~held & there
    right, own = (flow - matrix @ c)[free], matrix[free][:, free]
    c[free] = cg(own, right, x0=given[free], rtol=1e-9, M=diags_array(1 / own.diagonal()))[0]
    return c


def source(made: Discretization, pore: np.ndarray) -> np.ndarray:
    shared = made.locator.source_weights(pore[None])
    return np.bincount(shared.indices[0], shared.weights[0], made.size)


def seen(made: Discretization, c: np.ndarray, points: np.ndarray, pore: np.ndarray, kappa: float) -> np.ndarray:
    """With what is added."""
    at = made.locator.weights(points)
    exact, discrete = made.locator.near_fields(points, pore[None], np.array([kappa]))
    values: np.ndarray = (c[at.indices] * at.weights).sum(axis=1) + (exact - discrete)[0, :, 0]
    return values


def frames(count: int, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """A normal and two directions along the membrane, at random."""
    for matrix in np.random.default_rng(seed).normal(size=(count, 3, 3)):
        yield tuple(np.linalg.qr(matrix)[0])


def test_calcium_around_a_pore_in_a_ball_is_right_in_all_directions_from_half_a_cell_on() -> None:
    """Wherever the pore is among cells of R / 12, one of them at the end of the grid, which the ball only touches."""
    made = rc.discretize(ball())
    membrane, inside = made.surfaces["membrane"], made.volumes > 0
    errors: dict[float, list[float]] = {cells: [] for cells in CELLS}
    for up, along, across in (*np.eye(3)[None, ::-1], *frames(4, seed=1)):
        pore = R * up
        flow = source(made, pore)
        flow[membrane.indices] -= membrane.areas / membrane.areas.sum()
        flow -= inside * flow.sum() / inside.sum()
        c = solved(made, flow, np.zeros(made.size, dtype=bool), np.zeros(made.size), 0.0)
        deep = -0.6 * pore[None]
        constant = seen(made, c, deep, pore, 0.0) - neumann(deep, pore)
        for cells, found in errors.items():
            angle = cells * SIZE / R
            beside = [R * 0.999999 * (up * np.cos(angle) + way * np.sin(angle)) for way in (along, -across)]
            points = np.array([pore - cells * SIZE * up, pore + cells * SIZE * (0.6 * across - 0.8 * up), *beside])
            exact = neumann(points, pore)
            found += list((seen(made, c, points, pore, 0.0) - constant) / exact - 1)
    worst, mean = (
        np.array([of(np.abs(e)) for e in errors.values()]) for of in (np.max, lambda x: np.sqrt(np.mean(x**2)))
    )
    assert (worst < 0.025).all()
    assert (mean < 0.01).all()
    assert (mean[3:] < 0.006).all()


@pytest.mark.parametrize("kappa", [0.0, 60.0])
def test_calcium_around_a_pore_in_a_plane_is_right_whatever_its_direction(kappa: float) -> None:
    """exp(-κ r) / (2 π r) in a half space, without capture and where it is within less than a cell."""
    h, n = 0.02, 15
    axes = tuple(uniform_axis(-n * h, n * h, h) for _ in range(3))
    for k, frame in enumerate(frames(2, seed=5)):
        pore = np.random.default_rng(k).uniform(-h, h, 3)
        below = Block(place(pore - [9, 9, 0]), place(pore + 9))
        solid = Turned(below, turn_of(np.array(frame).T), place(pore))
        cut = cut_cells((axes[0].edges, axes[1].edges, axes[2].edges), solid)
        made = discretize_grid(RectilinearGrid(*axes, cut=cut))

        def field(points: np.ndarray, pore: np.ndarray = pore) -> np.ndarray:
            r = np.maximum(np.linalg.norm(points - pore, axis=1), h / 20)
            return np.exp(-kappa * r) / (2 * np.pi * r)

        held = (np.abs(made.centres) > (n - 0.6) * h).any(axis=1) & (made.volumes > 0)
        c = solved(made, source(made, pore), held, field(made.centres), kappa)
        one, other, up = frame
        ways = (up, one + 1e-7 * up, 1e-7 * up - other, (one + other + up) / np.sqrt(3))
        points = np.array([pore + cells * h * way for cells in CELLS[:5] for way in ways])
        assert seen(made, c, points, pore, kappa) == pytest.approx(field(points), rel=0.01)


@pytest.mark.parametrize("x", [0.0, 0.05])
def test_half_of_a_pore_on_a_mirror_plane_and_a_pore_beside_it_are_as_in_the_whole(x: float) -> None:
    """What enters the computed half is twice as much in the whole, or that of the pore and its image."""
    pores = np.array([[x, 0.3, -np.sqrt(R**2 - 0.3**2 - x**2)], [-x, 0.3, -np.sqrt(R**2 - 0.3**2 - x**2)]])
    points = np.array([[0.01 + x, 0.28, -0.36], [0.05, 0.3, -0.3], [0.1, 0.2, -0.43]])
    half, whole = (rc.discretize(ball(symmetry)).locator for symmetry in (("x",), ()))
    kappas = np.array([0.0, 10.0])
    once, both = half.near_fields(points, pores[:1], kappas), whole.near_fields(points, pores, kappas)
    for found, expected in zip(once, both, strict=True):
        assert found[..., 0] == pytest.approx(expected.sum(axis=2), rel=2e-3)


@pytest.mark.parametrize("kappa", [20.0, 60.0])
def test_cells_of_a_small_ball_capture_what_does_not_leave_through_its_membrane(kappa: float) -> None:
    """All of exp(-κ r) / (2 π r) in it: where the sphere is r from the pore it goes on over 2 π r² (1 - r / 2R)."""
    radius = 0.14
    grid = rc.discretize(ball(radius=radius)).locator.grid
    pore = radius * np.array([0.6, -0.48, 0.64])
    own = np.array([[axis.find(x) for axis, x in zip(grid.axes, pore, strict=True)]])
    field = CurvedField.around(grid, pore, own, np.ones(1), np.array([kappa]))
    across = 2 * radius * kappa
    captured = 1 - 2 / across + np.exp(-across) * (1 + 2 / across)
    assert kappa**2 * field.cells.volumes @ field.values[0] == pytest.approx(captured, abs=0.03)


def test_sensors_beside_channels_of_a_bouton_see_the_same_calcium_on_coarse_cells() -> None:
    up = np.array([0.6, -0.48, 0.64])
    beside = 0.99999 * (up * np.cos(0.08) + np.array([0.8, 0.36, -0.48]) * np.sin(0.08))
    places = {"above": 0.92 * up, "along": beside}
    probes = tuple(Probe(name=name, position=tuple(R * at)) for name, at in places.items())
    pump = {"name": "pump", "law": "P*Ca", "parameters": {"P": "0.02 um/ms"}}
    channels = (Channels(name="Ca", positions=(tuple(R * up),), current=ConstantCurrent(amplitude=0.01)),)
    buffer = {"name": "buffer", "k_on": 0.4, "K_d": 0.2, "total": 40, "diffusivity": 0.2}
    coarse, fine = (
        rc.steady(ball(size=size, probes=probes, channels=channels, pumps=(pump,), buffers=(buffer,))).values[0]
        for size in (0.06, 0.04)
    )
    assert coarse == pytest.approx(fine, rel=0.01)


@pytest.fixture(scope="module")
def triangles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The ball as a closed surface of triangles, whose middles are 0.8 nm within it."""
    file = write_stl(tmp_path_factory.mktemp("ball") / "ball.stl", *icosphere(R, 4))
    return {"kind": "surface", "file": str(file), "length_unit": "um"}


def test_calcium_around_a_pore_on_triangles_is_as_in_the_ball(triangles: dict[str, object]) -> None:
    """As in a smooth membrane: at an edge, where it slopes away, and near a corner."""
    model = ball().changed(geometry=triangles)
    made, (a, b, _) = rc.discretize(model), model.geometry.closed.triangles.corners()[300]
    membrane, inside = made.surfaces["membrane"], made.volumes > 0
    for pore in ((a + b) / 2, 0.95 * a + 0.05 * b):
        up = pore / np.linalg.norm(pore)
        flow = source(made, pore)
        flow[membrane.indices] -= membrane.areas / membrane.areas.sum()
        flow -= inside * flow.sum() / inside.sum()
        found = solved(made, flow, np.zeros(made.size, dtype=bool), np.zeros(made.size), 0.0)
        points = np.concatenate([-0.6 * R * up[None], pore - np.outer((SIZE, 2 * SIZE, 4 * SIZE), up)])
        exact = neumann(points, R * up)
        off = seen(made, found, points, pore, 0.0) - exact
        assert (np.abs(off[1:] - off[0]) < 0.03 * exact[1:]).all()


def test_a_channel_a_little_off_triangles_lets_calcium_in_where_these_are(triangles: dict[str, object]) -> None:
    """Whatever was typed, which the model keeps; one that may be anywhere may be just within them, but not outside."""
    pump = {"name": "pump", "law": "P*Ca", "parameters": {"P": "0.02 um/ms"}}
    foot = closed_surface(str(triangles["file"]), "um").triangles.corners()[300].mean(axis=0)
    out = foot / np.linalg.norm(foot)
    probe = {"name": "below", "position": (foot - 0.03 * out).tolist()}

    def model(off: float, where: str) -> Model:
        current = {"kind": "constant", "amplitude": 0.1}
        channel = {"name": "Ca", "positions": [(foot + off * out).tolist()], "current": current, "place": where}
        return ball(size=0.1, pumps=[pump]).changed(geometry=triangles, channels=[channel], probes=[probe])

    for off, where in ((8e-4, "membrane"), (8e-4, "anywhere"), (-8e-4, "membrane"), (-8e-4, "anywhere")):
        typed = model(off, where)
        stays = off < 0 and where == "anywhere"
        assert typed.pores()[0][0] == pytest.approx(foot + off * out if stays else foot, abs=1e-4)
        assert typed.channels[0].points[0] == pytest.approx(foot + off * out, abs=1e-12)
    one, other = (rc.steady(model(off, "membrane")).values[0, 0] for off in (0.0, 8e-4))
    assert one == pytest.approx(other, rel=1e-3)


def test_nothing_is_known_beyond_the_cells_around_a_pore() -> None:
    locator = rc.discretize(ball()).locator
    pore = np.array([[0.3, 0.0, -0.4]])
    exact, discrete = locator.near_fields(np.array([[0.0, 0.0, 0.3]]), pore, np.array([0.0]))
    assert exact[0, 0, 0] == discrete[0, 0, 0] == 0
    assert locator.knows_near(pore * 0.9, pore)


def test_a_field_is_found_where_conjugate_gradients_take_too_long() -> None:
    """As along a line of more cells than they have rounds: one end is held at 0, into the other 1 flows."""
    count = 2 * MOST
    line = csr_array(diags_array([np.ones(count - 1), np.ones(count - 1)], offsets=[-1, 1]))
    own = np.full((count, 1), 2.0)
    own[-1] = 1.0
    flowing = np.zeros((count, 1))
    flowing[-1] = 1.0
    found = _balanced(own, line, flowing, np.zeros((count, 1)))
    np.testing.assert_allclose(found[:, 0], np.arange(count) + 1, rtol=1e-9)


def test_a_channel_on_a_mirror_plane_beside_triangles_stays_on_it(tmp_path: Path) -> None:
    """Even in a furrow there, beside which the surface is nearer: half of its current is in the computed half."""
    points, faces = icosphere(R, 4)
    half = faces[(points[faces][:, :, 0] > -1e-9).all(axis=1)]
    furrowed = points * (0.9 + 0.2 * np.abs(points[:, :1]) / R)
    file = write_stl(tmp_path / "half.stl", furrowed, half)
    surface = {"kind": "surface", "file": str(file), "length_unit": "um", "symmetry": ["x"]}
    shape = ball().changed(geometry=surface).geometry
    point = 0.9001 * R * np.array([[0.0, 0.6, -0.8]])
    assert abs(shape.closed.distances.foot(tuple(point[0]))[0]) > 1e-5
    on = shape.put_on(point)
    assert on[0, 0] == 0
    assert 0 < np.linalg.norm(on - point) < 1e-3
