"""A curved membrane through the cells of a grid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import cg

from rdcalcium import exact
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.discretization.spectral_radius import of_axes, of_matrix
from rdcalcium.geometry.cut import CAP, cut_cells, is_whole
from rdcalcium.geometry.facets import lattice, named_areas, settled
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.joining import LEAST
from rdcalcium.geometry.sampled import PARTS
from rdcalcium.geometry.shares import volumes_and_areas
from rdcalcium.geometry.spacing import stretched_axis, uniform_axis
from rdcalcium.solids import Ball, Block, Common, Frustum, Joined, Solid, Without, nearby
from rdcalcium.solids.base import place

D, R = 0.22, 0.5
CENTRE = (0.003, 0.0071, -0.0052)  # of no symmetry with the grid
SPHERE = Ball(CENTRE, (R, R, R))


def grid_of(solid: Solid, cells: int, half: float = 0.53) -> RectilinearGrid:
    """A cube of cells around the origin, and what of them a body fills."""
    axes = tuple(uniform_axis(-half, half, 2 * half / cells) for _ in range(3))
    cut = cut_cells((axes[0].edges, axes[1].edges, axes[2].edges), solid)
    return RectilinearGrid(*axes, cut=cut)


def area(made: Discretization, name: str) -> float:
    return float(made.surfaces[name].areas.sum())


def test_a_slit_that_goes_a_little_into_wider_or_narrower_cells_conducts_by_its_whole_cross_section() -> None:
    """The tiny parts of cells that it has there belong to their neighbours, as wide as they are in these."""
    along, across = np.linspace(-0.2, 0.2, 5), np.array([0.0, 0.1, 0.14, 0.3, 0.4])
    for low, high, layers in ((0.0, 0.142, 2), (0.098, 0.4, 3), (0.139, 0.303, 1)):
        cut = cut_cells((along, along, across), Block((-0.2, -0.2, low), (0.2, 0.2, high)))
        assert (cut.fill > 0).sum() == 16 * layers
        assert (cut.faces[0][1:] @ np.diff(across)).sum(axis=1) == pytest.approx(4 * (high - low))


def test_calcium_leaves_a_sphere_through_a_linear_pump_at_the_exact_rate() -> None:
    """x cot x = 1 - P R / D has the root 0.36760088 for R = 0.5 µm, P = 0.02 µm/ms: 0.11891476 /ms."""
    errors = [abs(slowest_rate(discretize_grid(grid_of(SPHERE, cells)), 0.02) / 0.11891476 - 1) for cells in (10, 24)]
    assert errors[0] < 3e-3
    assert np.log(errors[0] / errors[1]) / np.log(2.4) > 1.8


def test_calcium_from_the_middle_of_a_sphere_lies_as_it_should_around_it() -> None:
    """c(r) = q / (4 π D) (1/r - 1/R) + q / (4 π R² P) for a source q in the middle, with order two in the mean."""
    errors = []
    for cells in (12, 24):
        made = discretize_grid(grid_of(SPHERE, cells))
        c, r = steady(made, 0.02, CENTRE), np.linalg.norm(made.centres - np.array(CENTRE), axis=1)
        far = (made.volumes > 0) & (r > 0.2)
        exact = 1 / (4 * np.pi * D) * (1 / r[far] - 1 / R) + 1 / (4 * np.pi * R**2 * 0.02)
        errors.append(np.sqrt(np.average((c[far] / exact - 1) ** 2, weights=made.volumes[far])))
        assert np.abs(c[far] / exact - 1).max() < 0.02
    assert np.log2(errors[0] / errors[1]) > 1.8


def test_calcium_flows_around_a_ball_as_it_should() -> None:
    """c = z (1 + a³/2r³) around a closed ball in a steady gradient, held at the ends of the grid, in several places.

    Stairs are 5 times as wrong in cells of this size, and twice as wrong in cells half as wide, not four times.
    """
    radius, errors = 0.12, []
    for cells in (10, 20):
        worst = []
        for shift in np.random.default_rng(1).uniform(-0.5, 0.5, (4, 3)) * 0.5 / cells:
            ball = Ball(place(shift), (radius,) * 3, "vesicle")
            made = discretize_grid(grid_of(Without(Block((-9,) * 3, (9,) * 3), (ball,)), cells, half=0.25))
            away = made.centres - shift
            exact = away[:, 2] * (1 + radius**3 / (2 * np.maximum(np.linalg.norm(away, axis=1), radius / 2) ** 3))
            held = (np.abs(made.centres) > 0.25 - 0.5 / cells).any(axis=1)
            free = ~held & (made.volumes > 0)
            c = np.where(held, exact, 0.0)
            leaving = matrix(made, 0.0, "vesicle")
            c[free] = solved(leaving[free][:, free], -(leaving @ c)[free], exact[free])
            worst.append(np.sqrt(np.average((c - exact)[free] ** 2, weights=made.volumes[free])))
        errors.append(max(worst) / radius)
    assert errors[0] < 6e-3
    assert np.log2(errors[0] / errors[1]) > 1.8


def test_where_a_sphere_lies_among_the_cells_hardly_matters() -> None:
    """Twenty places: rates of a linear pump within 0.3 %, the fastest mode no more than half as fast again."""
    rates, radii = [], []
    for shift in np.random.default_rng(2).uniform(-0.5, 0.5, (20, 3)):
        centre = place(shift * 1.06 / 16)
        made = discretize_grid(grid_of(Ball(centre, (0.49,) * 3), 16, half=0.53 + 1.06 / 32))
        rates.append(slowest_rate(made, 0.02))
        radii.append(made.radius / of_axes(made.layout.axes))  # type: ignore[attr-defined]
    assert rates == pytest.approx([exact.ball_wavenumber(1, 0.49, 0.02, D) ** 2 * D] * 20, rel=3e-3)
    assert max(radii) < CAP


def matrix(made: Discretization, pump: float, surface: str = "membrane") -> csr_array:
    """What leaves each control volume, by diffusion and a linear pump, µm³/ms; solid cells hold nothing."""
    leaving = np.zeros(made.size)
    leaving[made.surfaces[surface].indices] = pump * made.surfaces[surface].areas
    leaving += made.volumes == 0
    return csr_array(D * (diags_array(made.conductance.sum(axis=1)) - made.conductance) + diags_array(leaving))


def solved(a: csr_array, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = cg(a, b, x0=x, rtol=1e-10, M=diags_array(1 / a.diagonal()))[0]
    return found


def steady(made: Discretization, pump: float, source: tuple[float, float, float]) -> np.ndarray:
    at = made.locator.source_weights(np.array([source]))
    b = np.bincount(at.indices[0], at.weights[0], made.size)
    return solved(matrix(made, pump), b, np.full(made.size, 1 / (4 * np.pi * R**2 * pump)))


def slowest_rate(made: Discretization, pump: float) -> float:
    """By inverse iteration, /ms."""
    a, x, rate = matrix(made, pump), np.where(made.volumes > 0, 1.0, 0.0), 0.12
    for _ in range(4):
        x = solved(a, made.volumes * x, x / rate)
        x /= np.sqrt(made.volumes @ x**2)
        rate = float(x @ (a @ x))
    return rate


def test_cut_cells_are_no_faster_than_whole_ones_by_much() -> None:
    grid = grid_of(SPHERE, 16)
    made, there = discretize_grid(grid), np.flatnonzero(~grid.solid.transpose(2, 1, 0).ravel())
    fastest = of_matrix(csr_array(made.conductance[there][:, there]), made.volumes[there], np.inf)
    assert fastest < made.radius <= 1.01 * CAP * of_axes(made.layout.axes)  # type: ignore[attr-defined]


def test_nothing_moves_where_calcium_is_the_same_everywhere() -> None:
    made = discretize_grid(grid_of(Without(SPHERE, (Ball((0.2, 0.1, 0), (0.1, 0.1, 0.1)),)), 15))
    assert (made.conductance.data >= 0).all()
    assert abs(made.conductance - made.conductance.T).max() < 1e-15
    assert np.abs(made.laplacian() @ np.ones(made.size)).max() < 1e-9 * made.radius


def test_tiny_cells_belong_to_their_neighbours() -> None:
    grid = grid_of(SPHERE, 30)
    assert grid.cut is not None
    fill = grid.cut.fill
    assert fill[fill > 0].min() >= LEAST
    assert 1 < fill.max() < 1.2


def test_a_flat_wall_between_the_faces_of_cells_is_exact() -> None:
    """Volume, area and steady flux of a slab whose ends lie anywhere in a cell."""
    axes = (uniform_axis(0, 0.1, 0.05), uniform_axis(0, 0.1, 0.05), uniform_axis(0, 1, 0.1))
    slab = Block((-1, -1, 0.134), (1, 1, 0.871), {"z_min": "floor", "z_max": "roof"})
    cut = cut_cells((axes[0].edges, axes[1].edges, axes[2].edges), slab)
    made = discretize_grid(RectilinearGrid(*axes, cut=cut))
    assert made.total_volume == pytest.approx(0.01 * 0.737, rel=1e-9)
    assert area(made, "floor") == pytest.approx(0.01, rel=1e-9)
    assert area(made, "roof") == pytest.approx(0.01, rel=1e-9)


def test_bodies_in_stretched_cells_keep_volume_and_area() -> None:
    axes = tuple(stretched_axis(-0.6, 0.6, (-0.05, 0.05), 0.01, 0.05, 1.2) for _ in range(3))
    two = Joined((SPHERE, Frustum((0.3, 0, 0), (1.0, 0, 0), 0.1, 0.1, ("axon", "base", "top"))))
    cut = cut_cells((axes[0].edges, axes[1].edges, axes[2].edges), two)
    made = discretize_grid(RectilinearGrid(*axes, cut=cut))
    joint = 0.3 + np.sqrt(R**2 - 0.1**2) - 0.3 + CENTRE[0]  # where the axon leaves the sphere
    assert area(made, "axon") == pytest.approx(2 * np.pi * 0.1 * (0.6 - joint), rel=0.02)
    assert area(made, "x_max") == pytest.approx(np.pi * 0.1**2, rel=0.01)


def test_walls_along_the_faces_of_cells_do_not_cut_them() -> None:
    """All cells of a box around a ball are whole but those that the ball cuts, and each wall has its name."""
    axes = (uniform_axis(-0.4, 0.4, 0.1), uniform_axis(-0.3, 0.3, 0.1), uniform_axis(0.0, 0.7, 0.1))
    ball = Ball((0.05, 0.0, 0.31), (0.13,) * 3, "vesicle")
    body = Without(Common((Block((-0.4, -0.3, 0.0), (0.4, 0.3, 0.7)), Block((-9, -9, -9), (9, 9, 9)))), (ball,))
    cut = cut_cells((axes[0].edges, axes[1].edges, axes[2].edges), body, {"membrane": (2, 0)})
    x, y, z = np.meshgrid(*(axis.centres for axis in axes), indexing="ij")
    far = np.hypot(np.hypot(x - 0.05, y), z - 0.31) > 0.13 + 0.1 * np.sqrt(3)
    assert (cut.fill[far] == 1).all()
    areas = {name: areas.sum() for name, (_, areas) in cut.walls.items()}
    assert areas.pop("vesicle") == pytest.approx(4 * np.pi * 0.13**2, rel=0.02)
    assert areas == pytest.approx(dict(membrane=0.48, z_max=0.48, x_min=0.42, x_max=0.42, y_min=0.56, y_max=0.56))


@pytest.mark.parametrize("size", [(1, 1, 1), (0.02, 0.02, 0.45), (3, 0.1, 0.1)], ids=["cube", "column", "rod"])
def test_an_empty_box_has_whole_cells_however_slender_it_is(size: tuple[float, float, float]) -> None:
    low, high = (-size[0] / 2, -size[1] / 2, 0.0), (size[0] / 2, size[1] / 2, size[2])
    assert is_whole(Common((Block(low, high), Block(low, high))), low, high)
    assert not is_whole(Without(Block(low, high), (Ball((0, 0, size[2] / 2), (0.005,) * 3),)), low, high)


def test_of_many_bodies_those_that_are_elsewhere_change_nothing() -> None:
    balls = tuple(Ball((x, 0.1 * x, 0.0), (0.04,) * 3, f"vesicle.{k}") for k, x in enumerate(np.linspace(-0.4, 0.4, 7)))
    body = Without(Joined((SPHERE, Frustum((0, 0, 0), (0, 0, 2), 0.1, 0.1))), balls)
    low, high = (-0.2, -0.1, -0.1), (0.0, 0.1, 0.1)
    near = nearby(body, low, high)
    points = np.random.default_rng(1).uniform(low, high, (2000, 3))
    assert isinstance(near, Without)
    assert len(near.cut) == 2
    assert ((near.depth(points) > 0) == (body.depth(points) > 0)).all()


def test_ends_of_the_grid_that_a_body_only_touches_are_no_walls() -> None:
    """A ball has its membrane alone; half of one a mirror plane too."""
    axes = tuple(uniform_axis(-R, R, 0.1) for _ in range(3))
    edges = (axes[0].edges, axes[1].edges, axes[2].edges)
    assert set(cut_cells(edges, Ball((0, 0, 0), (R,) * 3)).walls) == {"membrane"}
    assert set(cut_cells(edges, Frustum((-0.2, 0, -0.1), (-0.2, 0, 9), 0.3, 0.3)).walls) == {
        "membrane",
        "base",
        "z_max",
    }
    half = (uniform_axis(0, R, 0.1).edges, *edges[1:])
    found = cut_cells(half, Ball((0, 0, 0), (R,) * 3), {"middle": (0, 0)}).walls
    assert set(found) == {"membrane", "middle"}
    assert found["middle"][1].sum() == pytest.approx(np.pi * R**2, rel=0.01)


def test_a_body_of_several_is_cut_as_it_says_of_itself_piece_by_piece() -> None:
    """Bodies that overlap, touch and leave gaps of a cell: each cell asks only those near it, with the same answer."""
    random = np.random.default_rng(4)
    balls = tuple(
        Ball(place(random.uniform(-0.4, 0.4, 3)), (random.uniform(0.05, 0.15),) * 3, f"vesicle.{k}") for k in range(12)
    )
    body = Without(Common((SPHERE, Frustum((0, 0, -0.35), (0, 0.2, 0.4), 0.45, 0.3))), balls)
    edges = np.linspace(-0.5, 0.5, 17)
    cut = cut_cells((edges, edges, edges), body)
    low, high = (
        np.stack(np.meshgrid(*[e] * 3, indexing="ij"), axis=-1).reshape(-1, 3) for e in (edges[:-1], edges[1:])
    )
    points = lattice(low, high, PARTS)
    depth = settled(body.depth(points.reshape(-1, 3)).reshape(points.shape[:2]), low, high)
    expected = named_areas(lambda at, _: body.names(at), points, depth)
    volumes, areas = volumes_and_areas(depth, high - low)
    assert cut.fill.sum() == pytest.approx(volumes.sum(), rel=1e-12)
    assert areas.sum() == pytest.approx(sum(of.sum() for _, of in expected.values()), rel=1e-12)
    assert set(cut.walls) == set(expected) >= {"membrane", "vesicle.3"}
    for name, (_, own) in expected.items():
        assert cut.walls[name][1].sum() == pytest.approx(own.sum(), rel=1e-9)
