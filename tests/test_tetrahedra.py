"""Tetrahedral control volumes: exact where mathematics says so, of second order elsewhere, positive."""

import re

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import eigsh

from rdcalcium.discretization.couplings import symmetric
from rdcalcium.discretization.dual import guarded_sums, surface_area
from rdcalcium.discretization.sliced_ell import WINDOW, with_full_slices
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.model import Box, Sphere, Tetrahedra
from rdcalcium.units import nanometres
from tests.ball import sphere_mesh
from tests.support import slope
from tests.tolerances import TOLERANCES

VESICLES = [((0.1, 0.02, 0.0325), 0.03), ((0.1, 0.02, 0.09), 0.04), ((-0.1, 0.0, 0.06), 0.05)]
CHANNELS = [(0.0, 0.0, 0.0), (0.02, -0.05, 0.0), (0.15, 0.1, 0.0)]


@pytest.fixture(scope="module")
def mesh():
    obstacles = tuple(Sphere(centre=centre, radius=radius) for centre, radius in VESICLES)
    choice = Tetrahedra(size_at_active_zone=0.01, size_in_bulk=0.06)
    return described_mesh(Box(size=(0.5, 0.5, 0.4), obstacles=obstacles), choice, CHANNELS)


@pytest.fixture(scope="module")
def cells(mesh):
    return discretize_tetrahedra(mesh)


@pytest.fixture(scope="module")
def sliver():
    """A regular octahedron whose equator is nearly flat, in obtuse tetrahedra: circumcentres lie far out."""
    points = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 0.2], [0, 0, -0.2]], dtype=float)
    return TetrahedralMesh(points, [[4, 5, k, (k + 1) % 4] for k in range(4)])


def test_volumes_are_positive_and_fill_the_mesh(mesh, cells, sliver):
    for whole, dual in ((mesh, cells), (sliver, discretize_tetrahedra(sliver))):
        assert (dual.volumes > 0).all()
        assert dual.total_volume == pytest.approx(whole.volumes().sum(), rel=1e-13)


def test_surface_areas_are_positive_and_fill_each_surface(mesh, cells):
    assert set(cells.surfaces) == set(mesh.surfaces)
    assert cells.surfaces["membrane"].areas.sum() == pytest.approx(0.25, rel=1e-12)
    for name, faces in mesh.surfaces.items():
        corners = mesh.points[faces]
        flat = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
        assert (cells.surfaces[name].areas > 0).all()
        assert cells.surfaces[name].areas.sum() == pytest.approx(flat, rel=1e-12)
        assert len(np.unique(cells.surfaces[name].indices)) == len(cells.surfaces[name].indices)


def test_membrane_nodes_lie_on_the_membrane(cells):
    assert (cells.centres[cells.surfaces["membrane"].indices, 2] == 0).all()


def test_conductance_is_symmetric_with_an_empty_diagonal(cells):
    matrix = cells.conductance
    assert abs(matrix - matrix.T).max() == 0
    assert matrix.diagonal().max() == 0
    assert matrix.has_sorted_indices
    assert cells.quality.negative_weight < 1e-3
    assert cells.quality.parts == 1


def test_couplings_below_rounding_are_none_and_what_was_given_stays():
    given = csr_array(np.triu([[0, 1.0, 1e-15], [0, 0, -2.0], [0, 0, 0]]))
    kept = given.copy()
    assert np.array_equal(symmetric(given).toarray(), [[0, 1, 0], [1, 0, -2], [0, -2, 0]])
    assert symmetric(given).nnz == 4
    assert given.nnz == 3
    assert np.array_equal(given.data, kept.data)


def test_a_linear_field_is_exact(mesh, cells):
    """Σ_j G_ij (x_j - x_i) is the surface integral of the normal: zero inside, minus the wall at a wall."""
    flow = cells.conductance @ cells.centres - cells.conductance.sum(axis=1)[:, None] * cells.centres
    wall = np.zeros(cells.size, dtype=bool)
    for surface in cells.surfaces.values():
        wall[surface.indices] = True
    scale = abs(cells.conductance).sum(axis=1)[:, None] * cells.quality.smallest
    assert (~wall).sum() > 500
    assert np.abs(flow / scale)[~wall].max() < 1e-10
    np.testing.assert_allclose(flow.sum(axis=0), 0, atol=1e-13)


def test_a_linear_profile_enters_through_the_area_of_each_wall_node(cells):
    """On a plane wall the flow of the field z into the node is the area that the surface gives to it."""
    z = cells.centres[:, 2]
    top = cells.surfaces["z_max"]
    inner = np.setdiff1d(top.indices, np.concatenate([cells.surfaces[n].indices for n in ("x_min", "x_max", "y_min")]))
    inner = np.setdiff1d(inner, cells.surfaces["y_max"].indices)
    out = cells.conductance.sum(axis=1) * z - cells.conductance @ z
    area = dict(zip(top.indices, top.areas, strict=True))
    np.testing.assert_allclose(out[inner], [area[k] for k in inner], rtol=1e-8)


def test_one_regular_tetrahedron_has_the_conductance_of_its_voronoi_cells():
    """Edge 1: the dual face is a kite of two right triangles, area / length = 1 / (12 √2)."""
    points = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8)
    dual = discretize_tetrahedra(TetrahedralMesh(points, [[0, 1, 2, 3]]))
    in_radius, face_in_radius = 1 / np.sqrt(24), 1 / np.sqrt(12)
    kite = 2 * face_in_radius * in_radius / 2
    np.testing.assert_allclose(dual.conductance.data, kite)
    np.testing.assert_allclose(dual.volumes, 1 / np.sqrt(72) / 2 / 2)


def test_the_numbering_of_the_mesh_does_not_matter(mesh, cells):
    shuffle = np.random.default_rng(1).permutation(len(mesh.points))
    place = np.argsort(shuffle)
    faces = {name: place[triangles] for name, triangles in mesh.surfaces.items()}
    other = discretize_tetrahedra(TetrahedralMesh(mesh.points[shuffle], place[mesh.tetrahedra], surfaces=faces))
    np.testing.assert_allclose(np.sort(other.volumes), np.sort(cells.volumes), rtol=1e-9)
    assert other.quality.gershgorin == pytest.approx(cells.quality.gershgorin)
    assert np.abs(np.diff(other.picture.connectivity, axis=1)).max() < cells.size / 2  # near neighbours, near numbers


def test_rows_of_like_length_lie_together_and_no_row_goes_far() -> None:
    order, lengths = np.random.default_rng(1).permutation(100), np.arange(100) % 7
    found = with_full_slices(order, lengths)
    for first in range(0, 100, WINDOW):
        window = slice(first, first + WINDOW)
        assert set(found[window]) == set(order[window])
        assert np.all(np.diff(lengths[found[window]]) <= 0)


def test_little_of_a_mesh_is_padding(cells):
    assert cells.conductance.nnz > 0.85 * cells.layout.column.size


def test_small_dual_volumes_are_replaced_until_none_is_left():
    members = np.array([[0, 1, 2], [1, 2, 3]])
    dual = np.array([[1.4, -0.2, -0.2], [0.5, 0.3, 0.2]])
    sums, blended = guarded_sums(members, dual, dual.sum(axis=1))
    assert blended == 1  # node 1; the others are mended with it
    np.testing.assert_allclose(sums, [1 / 3, 2 / 3, 2 / 3, 1 / 3])


def test_an_obtuse_triangle_keeps_positive_areas():
    points = np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.05, 0]])
    surface = surface_area(points, np.array([[0, 1, 2]]))
    assert (surface.areas > 0).all()
    assert surface.areas.sum() == pytest.approx(0.025)


def test_the_radius_bounds_the_spectrum(cells):
    matrix = cells.laplacian()
    scale = np.sqrt(cells.volumes)
    balanced = diags_array(scale) @ -matrix @ diags_array(1 / scale)
    largest = eigsh(balanced, k=1, which="LA", return_eigenvectors=False, tol=1e-8)[0]
    smallest = eigsh(balanced, k=1, sigma=-1.0, return_eigenvectors=False)[0]
    assert largest <= cells.radius <= cells.quality.gershgorin
    assert cells.radius < 1.03 * largest
    assert abs(smallest) < 1e-6 * largest


def slowest_modes(mesh, count):
    """Smallest nonzero eigenvalues of -L with no flux through the wall, µm⁻²."""
    dual = discretize_tetrahedra(mesh)
    graph = diags_array(dual.conductance.sum(axis=1)) - dual.conductance
    values = eigsh(graph.tocsc(), k=count + 1, M=diags_array(dual.volumes).tocsc(), sigma=-0.5, which="LM")[0]
    return np.sort(values)[1:], (mesh.volumes().sum() / len(mesh.tetrahedra)) ** (1 / 3)


def test_diffusion_in_a_ball_is_of_second_order():
    """cos(k r) modes with j₁(kR) = 0, the angular l = 1 mode first: kR = 2.081576 (three times)."""
    errors, sizes = [], []
    for size in (0.4, 0.28, 0.2, 0.14, 0.1):
        values, length = slowest_modes(sphere_mesh(1.0, size), 3)
        errors.append(abs(values.mean() / 2.0815759778**2 - 1))
        sizes.append(length)
    assert slope(sizes, errors) == pytest.approx(2.0, abs=TOLERANCES["order"])
    assert errors[-1] < 5e-3


def test_diffusion_in_a_box_is_at_least_of_second_order():
    """Slowest mode cos(πz/L) of a box: (π/L)²."""
    errors, sizes = [], []
    for size in (0.125, 0.09, 0.0625, 0.045):
        values, length = slowest_modes(described_mesh(Box(size=(0.8, 0.7, 1.0)), Tetrahedra(size_in_bulk=size)), 1)
        errors.append(abs(values[0] / np.pi**2 - 1))
        sizes.append(length)
    assert slope(sizes, errors) > 2.0 - TOLERANCES["order"]
    assert errors[-1] < 2e-3


def inside(count, seed=0):
    """Random points of the cytosol of the module's box."""
    points = np.random.default_rng(seed).uniform([-0.25, -0.25, 0], [0.25, 0.25, 0.4], (count, 3))
    gap = [np.linalg.norm(points - centre, axis=1) - radius for centre, radius in VESICLES]
    return points[np.min(gap, axis=0) > 0]


def test_the_locator_is_exact_for_linear_fields(cells):
    points = inside(2000)
    found = cells.locator.weights(points)
    np.testing.assert_allclose(np.einsum("pk,pkc->pc", found.weights, cells.centres[found.indices]), points, atol=1e-12)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1)
    assert (found.weights >= 0).all()


def test_the_locator_finds_nodes_faces_and_corners(mesh, cells):
    faces = mesh.points[mesh.tetrahedra[:300, :3]].mean(axis=1)
    corners = np.array([[x, y, z] for x in (-0.25, 0.25) for y in (-0.25, 0.25) for z in (0, 0.4)])
    points = np.vstack([cells.centres[::7], faces, mesh.points[mesh.boundary()[::5]].mean(axis=1), corners])
    found = cells.locator.weights(points)
    np.testing.assert_allclose(np.einsum("pk,pkc->pc", found.weights, cells.centres[found.indices]), points, atol=1e-12)


def test_a_source_at_a_node_belongs_to_it_alone(cells):
    points = np.array(CHANNELS)
    found = cells.locator.source_weights(points)
    np.testing.assert_array_equal(found.weights, [[1, 0, 0, 0]] * 3)
    np.testing.assert_array_equal(cells.centres[found.indices[:, 0]], points)


def test_a_source_on_the_membrane_stays_in_the_membrane(cells):
    points = np.column_stack([np.random.default_rng(2).uniform(-0.2, 0.2, (50, 2)), np.zeros(50)])
    found = cells.locator.source_weights(points)
    carriers = cells.centres[found.indices]
    assert (carriers[found.weights > 0][:, 2] == 0).all()
    np.testing.assert_allclose(np.einsum("pk,pkc->pc", found.weights, carriers), points, atol=1e-9)


def test_a_point_just_outside_a_curved_membrane_is_moved_onto_it():
    ball = discretize_tetrahedra(sphere_mesh(1.0, 0.3))
    found = ball.locator.weights([[0, 0, 1.0], [0.6, 0.0, 0.8]])
    assert found.weights.min() >= 0
    placed = np.einsum("pk,pkc->pc", found.weights, ball.centres[found.indices])
    np.testing.assert_allclose(placed, [[0, 0, 1.0], [0.6, 0.0, 0.8]], atol=0.03)


def test_a_point_outside_is_moved_onto_the_nearest_facet_however_flat_the_tetrahedron_behind_it():
    """One of edge 1 and height 0.05: a point that is 0.03 off its base is far outside in barycentric coordinates."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.87, 0], [0.5, 0.29, 0.05]])
    cells = discretize_tetrahedra(TetrahedralMesh(corners, np.array([[0, 1, 2, 3]])))
    found = cells.locator.source_weights([[0.4, 0.3, -0.03]])
    placed = np.einsum("pk,pkc->pc", found.weights, cells.centres[found.indices])
    np.testing.assert_allclose(placed, [[0.4, 0.3, 0.0]], atol=1e-12)


@pytest.mark.parametrize("size", [0.12, 0.2])  # beyond, some triangles are flat, and their heights small
def test_every_point_of_a_sphere_is_on_the_membrane_of_a_coarse_ball(size):
    directions = np.random.default_rng(5).normal(size=(200, 3))
    points = 0.5 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    ball = discretize_tetrahedra(sphere_mesh(0.5, size))
    found = ball.locator.source_weights(points)
    radii = np.linalg.norm(ball.centres[found.indices], axis=2)
    np.testing.assert_allclose(radii[found.weights > 0], 0.5, rtol=1e-9)  # carried by nodes of the membrane alone


@pytest.mark.parametrize("point", [(0.1, 0.02, 0.1), (0.26, 0, 0.1), (0, 0, -0.01), (5, 5, 5)])
def test_a_point_outside_is_named(cells, point):
    said = re.escape(f"point {nanometres(point)} lies outside the cytosol; the mesh is nearest at (")
    with pytest.raises(ValueError, match=said):
        cells.locator.weights([(0, 0, 0.1), point])


def test_widths_follow_the_mesh(cells):
    near, far = cells.locator.widths([(0.0, 0.0, 0.001), (0.0, 0.0, 0.39)])[:, 0]
    assert 0.005 < near < 0.02
    assert 0.03 < far < 0.08


def test_no_mode_can_grow_on_a_mesh_of_slivers():
    """Delaunay tetrahedra of random points, sheared and pressed flat, have many negative couplings."""
    from scipy.spatial import Delaunay

    points = np.random.default_rng(3).uniform(size=(300, 3))
    sheared = points @ np.array([[1, 0, 0], [0.8, 0.2, 0], [0.3, 0.5, 0.1]])
    tetrahedra = Delaunay(points).simplices
    dual = discretize_tetrahedra(TetrahedralMesh(sheared, tetrahedra))
    graph = (diags_array(dual.conductance.sum(axis=1)) - dual.conductance).toarray()
    modes = np.linalg.eigvalsh(graph)
    assert dual.quality.negative > 0.05
    assert dual.quality.capped > 10
    assert modes[0] > -1e-12 * modes[-1]
    assert (dual.volumes > 0).all()
