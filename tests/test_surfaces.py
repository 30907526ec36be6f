"""Closed surfaces from files: read with their names, mended and told, refused where nobody can know what was meant."""

import contextlib
import pickle
import re
from itertools import pairwise

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError, MemoryShortageError
from rdcalcium.geometry import surface_mesh
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.planning import planned_size
from rdcalcium.library import resolve
from rdcalcium.placement import placed
from rdcalcium.solids import Surface, only_name
from rdcalcium.solids.data import from_data, to_data
from rdcalcium.surfaces import ClosedSurface, closed_surface
from rdcalcium.surfaces.closed import mended
from rdcalcium.surfaces.crossing import crossings
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.edges import edges_of
from rdcalcium.surfaces.flat import without_lines
from rdcalcium.surfaces.nesting import solid_angles
from rdcalcium.surfaces.samples import samples
from rdcalcium.surfaces.triangles import Triangles, named
from tests.surface_files import CORNERS, SIDES, icosphere, write_binary_stl, write_obj, write_ply, write_stl
from tests.test_lumens import tables

CUBE = named(CORNERS, SIDES)
CONSTANT = {"kind": "constant", "amplitude": 0.1}


# Its sharp edge from corner 0 to corner 1, along z.
WEDGE = (
    np.array([[0, 0, -5], [0, 0, 5], [10, 0.3, -5], [10, 0.3, 5], [10, -0.3, -5], [10, -0.3, 5]]),
    np.array([[0, 1, 2], [2, 1, 3], [0, 4, 1], [4, 5, 1], [2, 3, 4], [4, 3, 5], [0, 2, 4], [1, 5, 3]]),
)


def around_the_wedge() -> tuple[np.ndarray, np.ndarray]:
    """Points round its sharp edge, and which of them are in it."""
    angle = np.linspace(-3, 3, 61)
    around = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1) * 0.5
    return around, np.abs(np.arctan2(around[:, 1], around[:, 0])) < np.arctan(0.03)


def volume(points: np.ndarray, faces: np.ndarray) -> float:
    """By the height of every triangle over z = 0."""
    a, b, c = (points[faces[:, k]] for k in range(3))
    return float((np.cross(b - a, c - a)[:, 2] / 2 * (a + b + c)[:, 2] / 3).sum())


@pytest.mark.parametrize("write", [write_stl, write_binary_stl, write_ply])
def test_a_cube_is_a_cube_in_every_format(tmp_path, write):
    path = write(tmp_path / f"cube.{'ply' if write is write_ply else 'stl'}", 1000 * CORNERS, SIDES)
    found = closed_surface(path, "nm")
    assert len(found.triangles.points) == 8
    assert found.triangles.volume() == pytest.approx(1)
    assert found.triangles.areas() == pytest.approx({"membrane": 6})
    assert found.remarks == (
        f"{path.name}, read in nm: 12 triangles, 1 x 1 x 1 um, it encloses 1 um^3, and its area is 6 um^2",
    )


@pytest.mark.parametrize(("head", "behind"), [(b"solid", b""), (b"any", b"0123456789"), (b"solid", b"\0")])
def test_a_binary_stl_may_call_itself_solid_and_have_some_bytes_behind_it(tmp_path, head, behind):
    path = write_binary_stl(tmp_path / "cube.stl", CORNERS, SIDES)
    path.write_bytes(head.ljust(80) + path.read_bytes()[80:] + behind)
    assert closed_surface(path, "um").triangles.volume() == pytest.approx(1)


STL = "solid a\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 1 0 0\n"
PLY = "ply\nformat ascii 1.0\nelement vertex 3\n"


@pytest.mark.filterwarnings("ignore:genfromtxt")  # meshio says it of a PLY without corners
@pytest.mark.parametrize(
    ("name", "holds", "said"),
    [
        ("a.stl", STL, "it ends within a triangle"),
        ("a.stl", STL + "endloop\nendfacet\n", "the triangle that ends in line 7 has not three corners"),
        ("a.stl", STL + "vertex 1 1", "line 6 has no three numbers, but '1 1'"),
        ("a.stl", "one\n", "it has 4 bytes, and is neither a text that begins with 'solid' nor a binary file"),
        ("a.stl", "solid".ljust(80) + "\4\0\0\0", "it has 84 bytes, and the 4 triangles that it says it has take 284"),
        ("a.obj", "v 0 0 0\nv 0 1\n", "line 2 has no three numbers, but '0 1'"),
        ("a.obj", "v 0 0 0\nf 1 2 3\n", "line 2 names corner 2 of 1"),
        ("a.obj", "v 0 0 0\nf 1 a 3\n", "line 2 names a corner 'a', which is no number"),
        ("a.ply", "", "its header has no end"),
        ("a.ply", PLY, "its header has no end"),
        ("a.ply", PLY + "end_header\n", "it does not hold the corners and faces that its header says"),
    ],
)
def test_a_file_that_was_cut_off_or_damaged_is_refused_with_what_is_wrong(tmp_path, name, holds, said):
    (tmp_path / name).write_text(holds)
    with pytest.raises(InputError, match=f"{name} cannot be read as .{name[2:]}: {said}$"):
        closed_surface(tmp_path / name, "um")


def test_a_face_of_a_corner_that_is_not_there_and_a_folder_are_refused(tmp_path):
    path = write_ply(tmp_path / "cube.ply", CORNERS, np.vstack([SIDES, [[1, 2, 99]]]))
    with pytest.raises(InputError, match=r"cube\.ply has triangles with corners beyond the 8 that it holds"):
        closed_surface(path, "um")
    with pytest.raises(InputError, match="there is no surface file"):
        closed_surface(tmp_path, "um")


@pytest.mark.parametrize(
    ("lines", "areas"),
    [
        (("g floor", "g walls"), {"floor": 1, "walls": 5}),
        (("usemtl az", "usemtl membrane"), {"az": 1, "membrane": 5}),
        (("o cube\ng a\nusemtl az", "g b\nusemtl walls"), {"az": 1, "walls": 5}),
        (("o cube\ng a\nusemtl one", "g b"), {"a": 1, "b": 5}),
        (("o cube\nusemtl one", "usemtl one"), {"membrane": 6}),
    ],
)
def test_materials_of_an_obj_else_its_groups_are_names(tmp_path, lines, areas):
    path = write_obj(tmp_path / "cube.obj", CORNERS, zip(lines, (SIDES[:2], SIDES[2:]), strict=True))
    assert closed_surface(path, "um").triangles.areas() == pytest.approx(areas)


def test_an_obj_may_have_quadrangles_and_count_backwards(tmp_path):
    quads = ["-8 -6 -5 -7", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6"]
    text = [f"v {x:g} {y:g} {z:g}" for x, y, z in CORNERS] + [f"f {quad}" for quad in quads]
    (tmp_path / "cube.obj").write_text("\n".join(text))
    assert closed_surface(tmp_path / "cube.obj", "um").triangles.volume() == pytest.approx(1)


def test_solids_of_an_stl_are_names(tmp_path):
    path = write_stl(tmp_path / "cube.stl", CORNERS, SIDES, ("lower half", "upper"))
    assert closed_surface(path, "um").triangles.pieces == ("lower half", "upper")


def test_inverted_normals_are_turned_wherever_they_are():
    faces = SIDES.copy()
    faces[[0, 5]] = faces[[0, 5]][:, ::-1]
    made, remarks = mended(named(CORNERS, faces))
    assert volume(made.points, made.faces) == pytest.approx(1)
    (said,) = remarks
    assert said.startswith("inverted normals: 2 of 12, at ")
    made, remarks = mended(named(CORNERS, SIDES[:, ::-1]))
    assert volume(made.points, made.faces) == pytest.approx(1)
    assert remarks == ["inverted normals: 12 of 12; turned"]


def test_a_cavity_is_not_part_of_the_terminal_and_a_ball_in_it_is():
    points, faces = [], []
    for radius in (1.0, 0.5, 0.25):
        more, sides = icosphere(radius, 2)
        faces.append(sides + sum(map(len, points)))
        points.append(more)
    made, _ = mended(named(np.vstack(points), np.vstack(faces)))
    inside = Distances(made).depth(np.array([[0, 0, 0], [0.35, 0, 0], [0.7, 0, 0], [2, 0, 0]])) > 0
    assert inside.tolist() == [True, False, True, False]
    ball = volume(points[0], faces[0])
    assert made.volume() == pytest.approx(ball * (1 - 1 / 8 + 1 / 64))


def test_triangles_that_are_there_twice_or_have_no_area_are_left_out():
    faces = np.vstack([SIDES, SIDES[3:4], [[0, 0, 1]]])
    made, remarks = mended(named(CORNERS, faces))
    assert len(made.faces) == 12
    assert remarks == [
        "triangles that are only an edge: 1, at (333.3, 0, 0) nm; left out",
        "triangles that are there twice: 1, at (333.3, 666.7, 1000) nm; left out",
    ]


@pytest.mark.parametrize("missing", [[7], [7, 8], [100, 7]])
def test_small_holes_of_a_sphere_are_filled(missing):
    points, faces = icosphere(0.5, 3)
    made, (said,) = mended(named(points, np.delete(faces, missing, axis=0)))
    assert made.volume() == pytest.approx(volume(points, faces), rel=2e-3)
    assert re.fullmatch(r"holes: \d, of perimeter \d+.* nm, at \(.*\) nm; filled", said)


@pytest.mark.parametrize(("missing", "count"), [((0, 2), 2), ((0, 2, 4), 3), ((0, 1, 3), 2)])
def test_each_of_several_holes_that_meet_in_a_corner_is_filled(missing, count):
    """Some of the six triangles round a corner of a sphere, one after the other; two side by side are one hole."""
    points, faces = icosphere(0.5, 4)
    corner = int(np.flatnonzero(np.bincount(faces.ravel()) == 6)[0])
    around = np.flatnonzero((faces == corner).any(axis=1))
    axis = np.linalg.svd(points[corner][None])[2]
    turn = np.arctan2(*(points[faces[around]].mean(axis=1) @ axis[1:].T).T)
    gone = around[np.argsort(turn)[list(missing)]]
    made, (said,) = mended(named(points, np.delete(faces, gone, axis=0)))
    assert (edges_of(made.faces).count == 2).all()
    assert made.volume() == pytest.approx(volume(points, faces), rel=1e-3)
    assert re.fullmatch(rf"holes: {count}, of perimeter .*; filled", said)


def test_many_small_holes_are_refused_though_each_of_them_would_be_filled():
    """A disc around one of 512 triangles is 0.3 % of the sphere; here none of them meet."""
    points, faces = icosphere(0.5, 3)
    taken: set[int] = set()
    apart = [k for k, row in enumerate(faces.tolist()) if not taken & {*row} and not taken.update(row)]
    assert mended(named(points, np.delete(faces, apart[:14], axis=0)))[1][0].startswith("holes: 14,")
    with pytest.raises(InputError, match=r"the surface is open, .* 1 % of its area, 5 % together, .*; holes: 20,"):
        mended(named(points, np.delete(faces, apart[:20], axis=0)))


def test_a_triangle_by_itself_is_no_part_of_the_surface():
    points, faces = np.vstack([CORNERS, [[3, 3, 3], [3, 3.1, 3], [3, 3, 3.1]]]), np.vstack([SIDES, [[8, 9, 10]]])
    made, (said,) = mended(named(points, faces))
    assert made.extent() == 1
    assert said == (
        "triangles of open sheets by themselves, each below 1 % of the area: 1, at (3000, 3033, 3033) nm; left out"
    )


def test_a_triangle_whose_corners_lie_on_a_line_is_left_out():
    """It hangs on the edge of a cube by its longest side."""
    points, faces = np.vstack([CORNERS, [[0.5, 0, 0]]]), np.vstack([SIDES, [[0, 1, 8]]])
    made, (said,) = mended(named(points, faces))
    assert made.volume() == pytest.approx(1)
    assert len(made.faces) == 12
    assert said == "triangles whose corners lie on a line: 1, at (500, 0, 0) nm; left out"


def test_a_slit_is_closed_however_many_corners_it_has_on_either_side():
    """An edge of a cube is in four parts on one side and in three on the other."""
    points = np.vstack([CORNERS, [[x, 0, 0] for x in (1 / 4, 1 / 2, 3 / 4, 1 / 3, 2 / 3)]])
    rest = [row for row in SIDES.tolist() if row not in ([0, 3, 1], [0, 1, 5])]
    fans = [[3, 1, 10], [3, 10, 9], [3, 9, 8], [3, 8, 0], [5, 0, 11], [5, 11, 12], [5, 12, 1]]
    made, _ = mended(named(points, np.array([*rest, *fans])))
    assert made.volume() == pytest.approx(1)
    assert len(made.faces) == 10 + 2 * 6


@pytest.mark.parametrize("between", [[], [[6, 0, 1]], [[6, 1, 0]]])
def test_an_edge_that_has_a_corner_on_one_side_alone_has_it_on_both_afterwards(between):
    """So that a sharp edge is no hole, and tells the inside from the outside there."""
    points, faces = WEDGE
    points = np.vstack([points, (points[0] + points[1]) / 2])  # number 6
    rest = [row for row in faces.tolist() if row != [0, 1, 2]]
    made, remarks = mended(named(points, np.array([*rest, [0, 6, 2], [6, 1, 2], *between])))
    assert made.volume() == pytest.approx(volume(*WEDGE))
    assert len(made.faces) == len(faces) + 2
    assert "triangles whose corners lie on a line: 1, at (0, 0, 0) nm; the one beside divided there" in remarks
    around, inside = around_the_wedge()
    assert ((Distances(made).depth(around) > 0) == inside).all()


def test_an_open_surface_is_refused_with_the_place():
    with pytest.raises(
        InputError, match=r"the surface is open.* holes: 1, of perimeter 4000 nm, at \(500, 500, 1000\) nm"
    ):
        mended(named(CORNERS, np.delete(SIDES, [2, 3], axis=0)))


def test_edges_of_three_triangles_are_refused_with_the_place():
    faces = np.vstack([SIDES, [[0, 1, 6]]])
    with pytest.raises(InputError, match=r"edges of more than two triangles: 2, at \(0, 500, 500\) nm, \(500, 0"):
        mended(named(CORNERS, faces))


def test_a_surface_with_one_side_is_refused():
    """The real projective plane from a half icosahedron has Euler's characteristic 1, and no inside."""
    faces = [
        [0, 1, 2],
        [0, 2, 3],
        [0, 3, 4],
        [0, 4, 5],
        [0, 5, 1],
        [1, 2, 4],
        [2, 3, 5],
        [3, 4, 1],
        [4, 5, 2],
        [5, 1, 3],
    ]
    points = np.random.default_rng(1).normal(size=(6, 3))
    with pytest.raises(InputError, match="it has one side only"):
        mended(named(points, np.array(faces)))


def test_cubes_that_cross_are_found_and_refused():
    """One corner of a cube is in the other: three edges of each pass through the other, that is six pairs at least."""
    far, near = CORNERS + np.array([2, 0, 0]), CORNERS + np.array([0.7, 0.6, 0.65])
    assert not len(crossings(named(np.vstack([CORNERS, far]), np.vstack([SIDES, SIDES + 8]))))
    both = named(np.vstack([CORNERS, near]), np.vstack([SIDES, SIDES + 8]))
    assert len(crossings(both)) >= 6
    with pytest.raises(
        InputError,
        match=r"it goes through itself: \d+ pairs of triangles cross, or lie on each other in one plane, at \(",
    ):
        mended(both)


@pytest.mark.parametrize("rounding", [0.0, 1e-8])
def test_boxes_whose_faces_overlap_in_one_plane_go_through_each_other(rounding):
    """No side of a triangle passes through another one; boxes that are only beside each other are two boxes."""
    shift, size = np.array([0.75, 0, 0]), np.array([1.0, 1 + rounding, 1 - rounding])
    both = named(np.vstack([CORNERS, size * CORNERS + shift]), np.vstack([SIDES, SIDES + 8]))
    with pytest.raises(InputError, match=r"lie on each other in one plane, at \(.* a union of its parts"):
        mended(both)
    beside = named(np.vstack([CORNERS, size * CORNERS + np.array([1.25, 0, 0])]), np.vstack([SIDES, SIDES + 8]))
    assert not len(crossings(beside))


def test_a_plane_piece_of_many_triangles_does_not_overlap_itself():
    assert not len(crossings(sheet(12)))


def test_a_sphere_that_meets_its_mirror_image_crosses_it():
    """There each edge passes through an edge, and none through the inside of a triangle."""
    points, faces = icosphere(1.0, 3)
    both = np.vstack([points, points + np.array([0.8, 0.0, 0.0])])
    assert len(crossings(named(both, np.vstack([faces, faces + len(points)])))) >= 6


def sheet(side: int) -> Triangles:
    """A unit square in triangles, two for each of side x side squares."""
    x, y = (part.ravel() for part in np.meshgrid(*[np.arange(side + 1) / side] * 2))
    first = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).reshape(-1, 1)
    faces = np.vstack([first + np.array(of) for of in ([0, 1, side + 1], [1, side + 2, side + 1])])
    return named(np.stack([x, y, 0 * x], axis=1), faces)


def test_triangles_that_may_cross_are_looked_for_no_further_away_than_they_are_large():
    """Else each of them had ever more neighbours: of 600,000 they took minutes, and gigabytes."""
    assert samples(sheet(240)).radius == pytest.approx(samples(sheet(120)).radius / 2)


def test_no_triangles_of_a_sphere_cross():
    assert not len(crossings(named(*icosphere(1.0, 4))))


def test_solid_angles_around_a_point_make_up_the_sphere():
    for point, whole in (((0.3, 0.4, 0.2), 4 * np.pi), ((1.2, 0.4, 0.2), 0)):
        assert solid_angles(CUBE.corners() - np.array(point)).sum() == pytest.approx(whole, abs=1e-12)


def test_no_point_of_a_triangle_is_far_from_its_samples():
    there = samples(CUBE)
    shares = np.random.default_rng(1).dirichlet((0.5, 0.5, 0.5), size=(12, 50))
    points = np.einsum("msk,mki->msi", shares, CUBE.corners())
    for triangle, some in enumerate(points):
        own = there.points[there.triangle == triangle]
        assert np.linalg.norm(some[:, None] - own, axis=2).min(axis=1).max() <= there.radius


def test_distances_from_a_cube_are_exact_and_their_sign_is_right():
    points = np.random.default_rng(2).uniform(-0.5, 1.5, size=(4000, 3))
    beyond = np.abs(points - 0.5) - 0.5
    exact = -np.where((beyond < 0).all(axis=1), beyond.max(axis=1), np.linalg.norm(np.maximum(beyond, 0), axis=1))
    found = Distances(CUBE).depth(points)
    assert (np.sign(found) == np.sign(exact)).all()
    np.testing.assert_allclose(found, exact, atol=1e-9)


def prism(sides: int, radius: float, length: float) -> tuple[np.ndarray, np.ndarray]:
    """As drawing programs write a rod: two long triangles for each side, a fan for each end."""
    angle = 2 * np.pi * np.arange(sides) / sides
    end = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], axis=1)
    k, other = np.arange(sides), (np.arange(sides) + 1) % sides
    around = [np.stack(side, axis=1) for side in ((k, other, other + sides), (k, other + sides, k + sides))]
    fan = np.stack([0 * k, k, other], axis=1)[1:-1]
    return np.vstack([end, end + np.array([0, 0, length])]), np.vstack([*around, fan[:, ::-1], fan + sides])


def one_by_one(corners: np.ndarray, point: np.ndarray) -> float:
    """Signed distance by all triangles: their planes, their sides, and the solid angles under which they are seen."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    over = np.ones(len(corners), dtype=bool)
    nearest = np.inf
    for k in range(3):
        start, along = corners[:, k], corners[:, (k + 1) % 3] - corners[:, k]
        over &= (np.cross(along, point - start) * normal).sum(axis=1) >= 0
        share = ((point - start) * along).sum(axis=1) / (along**2).sum(axis=1)
        foot = start + np.clip(share, 0, 1)[:, None] * along
        nearest = min(nearest, np.linalg.norm(point - foot, axis=1).min())
    heights = np.abs(((point - corners[:, 0]) * normal).sum(axis=1)) / np.linalg.norm(normal, axis=1)
    nearest = min(nearest, heights[over].min(initial=np.inf))
    return nearest if solid_angles(corners - point).sum() > 2 * np.pi else -nearest


@pytest.mark.parametrize("body", [prism(64, 0.05, 1), prism(200, 0.3, 1), prism(24, 0.01, 30), icosphere(0.5, 2)])
def test_distances_are_exact_however_long_and_thin_triangles_are(body):
    triangles = named(*body)
    random = np.random.default_rng(3)
    wide = random.uniform(triangles.points.min(axis=0) - 0.1, triangles.points.max(axis=0) + 0.1, size=(150, 3))
    shares = random.dirichlet((1, 1, 1), size=150)[:, :, None]
    on = (shares * triangles.corners()[random.integers(len(triangles.faces), size=150)]).sum(axis=1)
    points = np.vstack([wide, on + random.normal(scale=0.003, size=on.shape)])
    exact = [one_by_one(triangles.corners(), point) for point in points]
    np.testing.assert_allclose(Distances(triangles).depth(points), exact, rtol=1e-9, atol=1e-14)


def test_the_side_of_a_sharp_tip_is_right_all_round_it():
    """One of its four sides is twenty triangles there, whose normals would outvote those of the others."""
    share = np.linspace(0, 1, 21)[:, None]
    rim = np.array([10, -1, -1]) + share * np.array([0, 2, 0])
    points = np.vstack([[0, 0, 0], rim, [10, 1, 1], [10, -1, 1]])
    round_the_tip = np.stack([np.arange(1, 24), np.append(np.arange(2, 24), 1)], axis=1)
    faces = np.vstack([np.insert(round_the_tip, 0, 0, axis=1), np.insert(round_the_tip[:-2, ::-1], 0, 23, axis=1)])
    made, _ = mended(named(points, faces[faces[:, 0] != faces[:, 2]]))
    around = np.random.default_rng(5).normal(size=(300, 3))
    exact = np.sign([one_by_one(made.corners(), point) for point in around])
    np.testing.assert_array_equal(np.sign(Distances(made).depth(around)), exact)


def test_lines_are_not_mended_where_an_edge_would_have_four_triangles():
    """A sheet without thickness, whose edge has a corner on one side alone: its two halves are there already."""
    points = np.array([[0, 0, 0], [2, 0, 0], [1, 0, 0], [1, 1, 0]])
    fin = named(points, np.array([[0, 1, 3], [1, 0, 2], [2, 0, 3], [1, 2, 3]]))
    made, _ = without_lines(fin)
    assert (edges_of(made.faces).count == 2).all()


def test_distances_survive_the_way_to_another_process():
    found = Distances(CUBE)
    points = np.random.default_rng(4).uniform(-1, 2, size=(5, 3))
    before = found.depth(points)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).depth(points), before)


def test_the_side_of_a_wedge_is_right_all_round_its_edge():
    """Behind a sharp edge the nearest triangle alone would not tell: its normal points the wrong way."""
    around, inside = around_the_wedge()
    made, _ = mended(named(*WEDGE))
    assert ((Distances(made).depth(around) > 0) == inside).all()


def test_a_body_of_triangles_survives_as_data():
    body = Surface(ClosedSurface(CUBE), "mitochondrion")
    again = from_data(to_data(body))
    points = np.array([[0.5, 0.5, 0.9], [2, 2, 2]])
    np.testing.assert_array_equal(again.depth(points), body.depth(points))
    assert again.names(points).tolist() == ["mitochondrion"] * 2


def terminal(folder, **more):
    """A ball of 1 um in nm with a channel on it, in a model file beside it."""
    points, faces = icosphere(500, 3)
    write_ply(folder / "bouton.ply", points, faces)
    geometry = {"kind": "surface", "file": "bouton.ply", "length_unit": "nm", **more.pop("geometry", {})}
    channel = {"name": "Ca", "positions": [[0, 0, 0.5]], "current": CONSTANT}
    tables = {
        "geometry": geometry,
        "discretization": {"kind": "tetrahedra", "size_at_active_zone": "40 nm", "size_in_bulk": "120 nm"},
        "channels": [channel],
        "run": {"duration": 0.01},
    }
    return resolve({**tables, **more}, folder=folder)


def quarter(closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Of a ball of 1 um, in nm, at x >= 0 and y >= 0: open at these planes, or closed by half a disc in each."""
    points, faces = icosphere(500, 3)
    left = faces[(points[faces][:, :, :2] > -1e-6).all(axis=(1, 2))]
    lids = []
    for axis in (0, 1) if closed else ():
        on = np.flatnonzero((np.abs(points[:, axis]) < 1e-6) & (points[:, 1 - axis] > -1e-6))
        on = on[np.argsort(points[on, 2])]
        lids += [[a, b, len(points)] for a, b in pairwise(on.tolist())]
    return np.vstack([points, np.zeros(3)]), np.vstack([left, np.array(lids, dtype=int).reshape(-1, 3)])


@pytest.mark.parametrize("closed", [False, True])
def test_a_quarter_of_a_surface_between_mirror_planes_is_a_quarter_of_the_whole(tmp_path, closed):
    cells = {"kind": "grid", "size_at_active_zone": "50 nm", "size_in_bulk": "50 nm"}
    whole = terminal(tmp_path, discretization=cells)
    write_ply(tmp_path / "quarter.ply", *quarter(closed))
    part = terminal(tmp_path, geometry={"file": "quarter.ply", "symmetry": ["x", "y"]}, discretization=cells)
    all_of_it, found = discretize(whole), discretize(part)
    assert 4 * found.total_volume == pytest.approx(all_of_it.total_volume, rel=2e-3)
    areas = [one.surfaces["membrane"].areas.sum() for one in (found, all_of_it)]
    assert 4 * areas[0] == pytest.approx(areas[1], rel=5e-3)
    assert part.geometry.copies == 4
    assert [line for line in part.geometry.remarks if line.startswith("mirrored")] == [
        f"mirrored at {letter} = 0{'; the triangles in that plane are no membrane' if closed else ''}"
        for letter in "xy"
    ]
    tetrahedra = part.changed(discretization={"kind": "tetrahedra", "size_at_active_zone": "40 nm"})
    with pytest.raises(InputError, match=r'symmetry of .* is for grids: say \[discretization\] kind = "grid"'):
        build(tetrahedra)


def test_what_a_surface_encloses_is_meshed_with_channels_as_nodes(tmp_path):
    points, faces = icosphere(0.05, 2)
    write_binary_stl(tmp_path / "ER.stl", points + np.array([0.1, 0, 0]), faces)
    er = {"kind": "surface", "name": "ER", "file": "ER.stl", "length_unit": "um"}
    vesicle = {"centre": [-0.2, 0, 0], "radius": 0.05}
    mesh = build(terminal(tmp_path, geometry={"obstacles": [er, vesicle]}))
    areas = mesh.areas()
    assert areas["membrane"] == pytest.approx(np.pi, rel=0.03)
    assert areas["ER"] == pytest.approx(4 * np.pi * 0.05**2, rel=0.1)  # the file has facets of its own
    assert areas["vesicle"] == pytest.approx(4 * np.pi * 0.05**2, rel=0.05)
    ball = 4 / 3 * np.pi * (0.5**3 - 2 * 0.05**3)
    assert mesh.volumes().sum() == pytest.approx(ball, rel=0.03)
    assert np.linalg.norm(mesh.points - np.array([0, 0, 0.5]), axis=1).min() < 1e-9
    assert discretize_tetrahedra(mesh).quality.negative_weight < 1e-3


def test_a_surface_that_gmsh_does_not_finish_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(surface_mesh, "PATIENCE", 0.05)
    monkeypatch.setattr(surface_mesh, "EACH", 0.0)
    with pytest.raises(
        InputError, match=r"bouton\.ply, of 512 triangles \(did not come to an end in .*: try .*kind = \"grid\""
    ):
        build(terminal(tmp_path))


def test_pieces_of_a_surface_are_surfaces_of_the_mesh(tmp_path):
    points, faces = icosphere(0.5, 3)
    top = points[faces].mean(axis=1)[:, 2] > 0.3
    write_obj(tmp_path / "bouton.obj", points, [("g zone", faces[top]), ("g rest", faces[~top])])
    geometry = {"kind": "surface", "file": "bouton.obj", "length_unit": "um", "membrane": "zone"}
    made = discretize(terminal(tmp_path, geometry=geometry))
    areas = {name: surface.areas.sum() for name, surface in made.surfaces.items()}
    assert areas["zone"] == pytest.approx(2 * np.pi * 0.5 * 0.2, rel=0.15)
    assert sum(areas.values()) == pytest.approx(np.pi, rel=0.03)
    said = r"bouton\.obj has no piece called 'zon', where channels sit; it has: rest, zone\. Did you mean 'zone'\?"
    with pytest.raises(InputError, match=said):
        terminal(tmp_path, geometry={**geometry, "membrane": "zon"})


def test_a_unit_of_a_surface_has_to_be_said(tmp_path):
    points, faces = icosphere(500, 2)
    write_ply(tmp_path / "bouton.ply", points, faces)
    with pytest.raises(
        InputError, match=r'length_unit is missing: bouton\.ply holds .* over 1000 .* length_unit = "nm"'
    ):
        resolve({"geometry": {"kind": "surface", "file": "bouton.ply"}, "run": {"duration": 1}}, folder=tmp_path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"geometry": {"symmetry": ["x"]}},
            r"part of a surface at x >= 0, cut at x = 0, .* from -500 nm to 500 nm: move",
        ),
        ({"geometry": {"file": "other.ply"}}, r"there is no surface file .*other\.ply"),
        (
            {"geometry": {"file": "model.toml"}},
            r"'\.toml' is not a format of surfaces known here; available: \.stl,",
        ),
        (
            {"geometry": {"obstacles": [{"kind": "surface", "name": "ER", "file": "bouton.ply", "length_unit": "um"}]}},
            r"'ER' of bouton\.ply is larger than the terminal: 1000 x 1000 x 1000 um, .* in um, .* 1 x 1 x 1 um: is",
        ),
        ({"probes": [{"name": "out", "position": [0, 0, 0.7]}]}, "probe 'out' at .* is outside the terminal"),
        ({"channels": [{"name": "Ca", "positions": [[0, 0, 0.3]], "current": CONSTANT}]}, "nm away from the membrane"),
    ],
)
def test_a_model_that_does_not_fit_its_surface_is_refused(tmp_path, more, said):
    (tmp_path / "model.toml").write_text("")
    with pytest.raises(InputError, match=said):
        terminal(tmp_path, **more)


def test_an_obstacle_that_reaches_the_membrane_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"obstacle 'vesicle' at \(450, 0, 0\) nm .* reaches the membrane or beyond"):
        discretize(terminal(tmp_path, geometry={"obstacles": [{"centre": [0.45, 0, 0], "radius": 0.06}]}))


def test_the_surfaces_of_a_run_are_kept_in_its_folder(tmp_path):
    """Two files of one name from different folders, the small one with a hole: both are there, and what was done."""
    points, faces = icosphere(0.1, 3)
    (tmp_path / "inner").mkdir()
    write_ply(tmp_path / "inner" / "bouton.ply", points, faces[1:])
    inner = {"kind": "surface", "name": "mitochondrion", "file": "inner/bouton.ply", "length_unit": "um"}
    coarse = {"kind": "grid", "size_at_active_zone": 0.125}
    model = terminal(tmp_path, geometry={"obstacles": [inner]}, discretization=coarse)
    result = rc.run(model, "numpy", tmp_path / "run")
    kept = sorted(path.name for path in (tmp_path / "run" / "inputs").iterdir())
    assert kept == ["bouton.ply", "bouton_2.ply"]
    assert rc.load(tmp_path / "run" / "model.toml").geometry.bounds == model.geometry.bounds
    assert any(said.startswith("holes: 1, of perimeter") for said in result.about.discretization.remarks)
    assert any(line.startswith("holes: 1, of perimeter") for line in rc.check(model))
    assert result.about.scene.bodies[0].depth(np.zeros((1, 3)))[0] > 0.08
    assert result.about.scene.membrane is None  # it is round, wherever its channel is


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_a_surface_whose_unit_is_wrong_is_too_large_before_a_distance_from_it_is_asked(tmp_path, monkeypatch, kind):
    """A ball of 1 um is one of 1 mm, of which no machine holds the cells; nor is it one with an organelle."""
    write_ply(tmp_path / "bouton.ply", *icosphere(500, 3))
    geometry = {"kind": "surface", "file": "bouton.ply", "length_unit": "um"}
    inner = {"kind": "ellipsoid", "name": "ER", "centre": [0, 0, 0], "semi_axes": [200, 200, 200]}
    widths = {"size_at_active_zone": 0.08, "size_in_bulk": 0.08}
    tables = {"geometry": {**geometry, "obstacles": [inner]}, "discretization": {"kind": kind, **widths}}
    model = resolve({**tables, "run": {"duration": 0.01}}, folder=tmp_path)
    monkeypatch.setattr(Distances, "depth", None)
    assert planned_size(model) > 1e11
    with pytest.raises(MemoryShortageError, match=r"the extent of bouton\.ply along x is 1000 um: is that meant\?"):
        discretize(model)


def test_what_a_surface_encloses_is_cut_into_a_grid(tmp_path):
    """Volume and area of the triangles, not of the ball; the second of them to the order of the cells."""
    model = terminal(tmp_path, discretization={"kind": "grid", "size_at_active_zone": 0.08})
    made = discretize(model)
    triangles = model.geometry.closed.triangles
    assert made.total_volume == pytest.approx(triangles.volume(), rel=5e-3)
    assert made.surfaces["membrane"].areas.sum() == pytest.approx(sum(triangles.areas().values()), rel=0.01)
    found = made.locator.weights(np.array([[0, 0, 0.3]]))
    assert found.weights.sum() == pytest.approx(1)


def test_a_surface_is_asked_once_about_each_corner_of_the_parts_of_cells(tmp_path, monkeypatch):
    """Cells have corners in common, and what a facet of a surface of one name is called needs no question."""
    sphere = {"centre": [0, 0, 0], "radius": 0.15}
    cells = {"kind": "grid", "size_at_active_zone": 0.1}
    model = terminal(tmp_path, geometry={"obstacles": [sphere]}, discretization=cells)
    asked, nearest = [], Distances.nearest
    monkeypatch.setattr(Distances, "nearest", lambda self, points: asked.append(points) or nearest(self, points))
    assert {*discretize(model).surfaces} == {"membrane", "vesicles"}
    points = np.concatenate(asked)
    assert len(points) < 1.05 * len(np.unique(points.round(9), axis=0))
    assert only_name(model.geometry.outline) == "membrane"


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_the_er_of_a_reconstruction_is_the_lumen_of_a_store(tmp_path, kind):
    points, faces = icosphere(0.1, 3)
    write_ply(tmp_path / "ER.ply", points + np.array([0.1, 0, 0]), faces)
    er = {"kind": "surface", "name": "ER", "file": "ER.ply", "length_unit": "um"}
    sizes = {"size_at_active_zone": "40 nm"} | ({"size_in_bulk": "120 nm"} if kind == "tetrahedra" else {})
    parts = {key: value for key, value in tables("grid").items() if key in ("stores", "buffers")}
    model = terminal(tmp_path, geometry={"obstacles": [er]}, discretization={"kind": kind, **sizes}, **parts)
    made = discretize(model)
    assert made.part_volumes(1).sum() == pytest.approx(volume(points, faces), rel=0.1)
    assert made.membranes["ER"].areas.sum() == pytest.approx(4 * np.pi * 0.1**2, rel=0.05)


def test_a_surface_in_a_box_is_cut_from_its_grid_and_has_no_tetrahedra(tmp_path):
    points, faces = icosphere(0.1, 3)
    write_ply(tmp_path / "ER.ply", points, faces)
    er = {"kind": "surface", "name": "ER", "file": "ER.ply", "length_unit": "um", "offset": ["0", "0", "200 nm"]}
    geometry = {"kind": "box", "size": [0.5, 0.5, 0.5], "obstacles": [er]}
    grid = {"kind": "grid", "size_at_active_zone": 0.025}
    tables_of = {"geometry": geometry, "discretization": grid, "run": {"duration": 0.1}}
    made = discretize(resolve(tables_of, folder=tmp_path))
    assert 0.125 - made.total_volume == pytest.approx(volume(points, faces), rel=0.02)
    with pytest.raises(InputError, match=r'in a terminal that is one too; say \[discretization\] kind = "grid"'):
        discretize(resolve({**tables_of, "discretization": {"kind": "tetrahedra"}}, folder=tmp_path))


def test_a_rod_of_few_long_triangles_has_its_volume_and_area_on_a_grid(tmp_path):
    """Its flat ends are membrane too; how far off a point may be goes by how wide triangles are, not how long."""
    points, faces = prism(24, 0.3, 1)
    write_stl(tmp_path / "rod.stl", points, faces)
    geometry = {"kind": "surface", "file": "rod.stl", "length_unit": "um"}
    cells = {"kind": "grid", "size_at_active_zone": "100 nm"}
    made = discretize(resolve({"geometry": geometry, "discretization": cells, "run": {"duration": 1}}, folder=tmp_path))
    side = 24 * 2 * 0.3 * np.sin(np.pi / 24)
    ends = side / 2 * 0.3 * np.cos(np.pi / 24)
    assert made.total_volume == pytest.approx(ends, rel=6e-3)
    assert made.surfaces["membrane"].areas.sum() == pytest.approx(side + 2 * ends, rel=0.02)
    for radius, said in ((0.3, None), (0.32, "probe 'p' .* is outside the terminal")):
        probe = {"probes": [{"name": "p", "position": [radius, 0, 0.5]}], "run": {"duration": 1}}
        with pytest.raises(InputError, match=said) if said else contextlib.nullcontext():
            resolve({"geometry": geometry, "discretization": cells, **probe}, folder=tmp_path)


def test_zones_and_their_channels_lie_on_a_surface_from_a_file(tmp_path):
    rule = {"kind": "uniform", "zones": "az", "count": 3}
    channels = [{"name": "Ca", "current": CONSTANT, "placement": rule}]
    zones = [{"count": 2, "radius": "60 nm", "spacing": "200 nm"}]
    model = placed(terminal(tmp_path, active_zones=zones, channels=channels))
    points = np.array(model.channels[0].points)
    assert len(points) == 6
    assert np.abs(model.geometry.outline.depth(points)).max() < 1e-8  # µm: depths are roots of sums of squares
