"""Meshes: what a file names survives, what is wrong is said, and built terminals have their size."""

import re
import threading

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rdcalcium.discretization.build import discretize
from rdcalcium.errors import InputError
from rdcalcium.geometry.described_mesh import described_mesh
from rdcalcium.geometry.files import read_mesh, write_mesh
from rdcalcium.geometry.formats import WRITERS
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.library import resolve
from rdcalcium.model import Box, Sphere, Tetrahedra
from rdcalcium.results.provenance import scene
from rdcalcium.surfaces.curved import is_on
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose
from tests.ball import sphere_mesh

CUBE = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
# Kuhn's six tetrahedra around the diagonal 0-7
KUHN = np.array([[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]])
FLOOR = np.array([[0, 1, 3], [0, 3, 2]])


@pytest.fixture
def cube():
    regions = {"cytosol": np.arange(6), "corner": np.array([0, 3])}
    return TetrahedralMesh(CUBE, KUHN, regions, {"active zone": FLOOR[:1], "floor": FLOOR})


def nodes_of(faces):
    return sorted(map(tuple, np.sort(faces, axis=1).tolist()))


def area(points, faces):
    a, b, c = (points[faces[:, k]] for k in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("suffix", WRITERS)
def test_names_survive_every_format(cube, tmp_path, suffix):
    path = tmp_path / f"cube{suffix}"
    write_mesh(cube, path)
    again = read_mesh(path, required_surfaces=("active zone", "floor", "membrane"))
    assert set(again.surfaces) == {"active zone", "floor", "membrane"}
    assert set(again.regions) == {"cytosol", "corner"}
    np.testing.assert_array_equal(again.points, cube.points)
    for name, faces in cube.surfaces.items():
        assert nodes_of(again.surfaces[name]) == nodes_of(faces)
    for name, ids in cube.regions.items():
        assert nodes_of(again.tetrahedra[again.regions[name]]) == nodes_of(cube.tetrahedra[ids])


def test_a_volume_and_a_surface_may_share_a_name_in_vtu(cube, tmp_path):
    mesh = TetrahedralMesh(CUBE, KUHN, {"terminal": np.arange(6)}, {"terminal": FLOOR})
    write_mesh(mesh, tmp_path / "a.vtu")
    again = read_mesh(tmp_path / "a.vtu")
    assert len(again.regions["terminal"]) == 6
    assert len(again.surfaces["terminal"]) == 2
    with pytest.raises(ValueError, match="share a name; rename terminal"):
        write_mesh(mesh, tmp_path / "a.msh")


def test_faces_without_a_name_are_membrane(cube):
    assert len(TetrahedralMesh(CUBE, KUHN).surfaces["membrane"]) == 12
    assert len(cube.surfaces["membrane"]) == 10
    named = TetrahedralMesh(CUBE, KUHN, surfaces={"membrane": FLOOR})
    assert {name: len(faces) for name, faces in named.surfaces.items()} == {"membrane": 2, "unnamed": 10}
    both = TetrahedralMesh(CUBE, KUHN, surfaces={"membrane": FLOOR, "unnamed": named.boundary()[4:7]})
    assert both.areas() == pytest.approx({"membrane": 1, "unnamed": 5})


@pytest.mark.parametrize("count", [1, 40])
def test_the_nearest_point_of_a_surface_is_nearer_than_any_sample_of_it(count):
    draw = np.random.default_rng(count)
    triangles, shares = draw.normal(size=(count, 3, 3)), draw.dirichlet((0.4, 0.4, 0.4), size=3000)
    samples = np.einsum("sc,kci->ksi", shares, triangles)
    locator = Locator(loose(triangles))
    for point in draw.normal(size=(30, 3)):
        (nearest,), (triangle,) = locator.nearest(point[None])
        distances = np.linalg.norm(samples - point, axis=2)
        assert distances.min() - 0.15 < np.linalg.norm(nearest - point) <= distances.min()
        shares_of_nearest, remainder, *_ = np.linalg.lstsq(
            np.vstack([triangles[triangle].T, np.ones(3)]), np.append(nearest, 1), rcond=None
        )
        assert shares_of_nearest.min() > -1e-9  # it lies on the triangle
        assert remainder.sum() < 1e-18


@pytest.mark.parametrize("turn", [0.0, 0.7], ids=["along the axes", "turned"])
def test_a_point_is_on_a_membrane_that_bends_as_triangles_can_show_however_long_they_are(turn):
    """Above the middle of a triangle with sides h, on a ball of 1.5 h; and above a long one, as far as that is wide."""
    about = Rotation.from_rotvec([turn, -turn, turn])
    even = np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(0.75), 0]])
    long = np.array([[0, 0, 0], [1, 0, 0], [0.5, 0.01, 0]])
    for corners, off, expected in (
        (even, 1 / 6 / 1.5, True),
        (even, 0.2, False),
        (long, 0.001, True),
        (long, 0.01, False),
    ):
        middle = corners.mean(axis=0)
        point, foot, triangle = (about.apply(places) for places in (middle + np.array([0, 0, off]), middle, corners))
        assert is_on(point, foot, triangle) == expected


def ball(tmp_path, **channels):
    """A model of a ball of radius 0.5 µm, with one group of channels."""
    write_mesh(sphere_mesh(0.5, 0.12), tmp_path / "ball.vtu")
    return resolve(
        {
            "geometry": {"kind": "mesh", "file": "ball.vtu", "length_unit": "um"},
            "discretization": {"kind": "tetrahedra"},
            "channels": [{"name": "Ca", "current": {"kind": "constant", "amplitude": 0.1}, **channels}],
            "run": {"duration": 0.1},
        },
        folder=tmp_path,
    )


def test_a_channel_may_be_off_its_facet_as_a_curved_membrane_is(tmp_path):
    directions = np.array([[1, 0, 0], [1, 1, 1], [-1, 2, 0.3], [0.1, -0.7, -0.8]])
    positions = 0.5 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    found = discretize(ball(tmp_path, positions=positions.tolist())).locator.source_weights(positions)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1)


def test_a_channel_off_the_membrane_of_a_mesh_is_told_how_far(tmp_path):
    off = (
        r"'Ca', number 2 at \(420, 0, 0\) nm is (\d+\.?\d*) nm away from the membrane, .* at \(\S+, \S+, \S+\) nm; move"
    )
    with pytest.raises(InputError, match=off) as error:
        discretize(ball(tmp_path, positions=[[0.5, 0, 0], [0.42, 0, 0]]))
    assert 60 < float(re.search(off, str(error.value))[1]) < 80
    inside = ball(tmp_path, positions=[[0.42, 0, 0]], place="anywhere")
    assert discretize(inside).total_volume == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(("written", "said"), [(1000, "um"), (1, "nm"), (1e-3, "um")])
def test_a_mesh_in_another_unit_is_told_so(tmp_path, written, said):
    right = {1000: "nm", 1: "um", 1e-3: "mm"}[written]
    mesh = sphere_mesh(0.5, 0.12)
    write_mesh(TetrahedralMesh(written * mesh.points, mesh.tetrahedra), tmp_path / "ball.vtu")
    tables = {
        "geometry": {"kind": "mesh", "file": "ball.vtu", "length_unit": said},
        "discretization": {"kind": "tetrahedra"},
        "sensors": [{"use": "felmy2003", "positions": [[0, 0, 0.05]]}],
        "channels": [{"name": "Ca", "positions": [[0, 0, 0.5]], "current": {"kind": "constant", "amplitude": 0.1}}],
        "run": {"duration": 0.1},
    }
    with pytest.raises(
        InputError, match=rf"mesh go to .*, read in {said}, .*: should it say length_unit = \"{right}\"\?"
    ):
        discretize(resolve(tables, folder=tmp_path))
    assert discretize(resolve({**tables, "geometry": {**tables["geometry"], "length_unit": right}}, folder=tmp_path))


def test_the_boundary_points_outward_and_encloses_the_volume(cube):
    corners = cube.points[cube.boundary()]
    flux = np.einsum("ij,ij->", corners.mean(axis=1), np.cross(*(corners[:, k] - corners[:, 0] for k in (1, 2)))) / 2
    assert flux / 3 == pytest.approx(1.0)  # divergence theorem for the field x
    assert cube.volumes().sum() == pytest.approx(1.0)


def test_inverted_tetrahedra_are_turned_and_unused_nodes_dropped():
    points = np.vstack([[9.0, 9, 9], CUBE])
    mesh = TetrahedralMesh(points, KUHN[:, [1, 0, 2, 3]] + 1, surfaces={"floor": FLOOR + 1})
    assert (mesh.volumes() > 0).all()
    assert len(mesh.points) == 8
    assert area(mesh.points, mesh.surfaces["floor"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("points", "tetrahedra", "surfaces", "said"),
    [
        (np.where(CUBE == 1, np.nan, CUBE), KUHN, {}, "7 points are not finite, the first is point 1"),
        (CUBE, [[0, 1, 2, 3]], {}, "1 tetrahedra have no volume"),
        (CUBE, [[0, 1, 3, 3]], {}, "1 tetrahedra have no volume"),
        (CUBE, np.vstack([KUHN, KUHN[:1]]), {}, "belong to more than two tetrahedra"),
        (CUBE, [[0, 1, 3, 8]], {}, "name nodes 0 to 8 of 8 points"),
        (CUBE, KUHN, {"cut": [[1, 2, 4]]}, "surface 'cut' has triangles that are no face"),
        (CUBE, np.empty((0, 4)), {}, "expected \\(m, 4\\) nodes"),
    ],
)
def test_a_wrong_mesh_says_what_is_wrong(points, tetrahedra, surfaces, said):
    with pytest.raises(ValueError, match=said):
        TetrahedralMesh(points, tetrahedra, surfaces=surfaces)


def test_a_mesh_introduces_itself_in_one_line(cube):
    text = repr(cube)
    assert "8 nodes" in text
    assert "6 tetrahedra" in text
    assert "active zone" in text
    assert "\n" not in text


GMSH = """$MeshFormat
2.2 0 8
$EndMeshFormat
$PhysicalNames
3
2 1 "active zone"
2 2 "terminal"
3 1 "terminal"
$EndPhysicalNames
$Nodes
5
1 0 0 0
2 1000 0 0
4 0 1000 0
7 0 0 1000
9 1000 1000 1000
$EndNodes
$Elements
6
1 15 2 0 1 1
2 2 2 1 1 1 4 2
3 2 2 2 2 1 2 7
4 2 2 5 3 1 7 4
5 4 2 1 1 1 2 4 7
6 4 2 1 1 2 4 7 9
$EndElements
"""

ABAQUS = """*HEADING
two tetrahedra
*NODE, NSET=all
1, 0., 0., 0.
2, 1., 0., 0.
4, 0., 1., 0.
7, 0., 0., 1.
9, 1., 1., 1.
*ELEMENT, TYPE=C3D4
10, 1, 2, 4, 7
20, 2, 4, 7, 9
*ELEMENT, TYPE=S3, ELSET=floor
31, 1, 4, 2
*ELSET, ELSET=cytosol, GENERATE
10, 20, 10
*ELSET, ELSET=top
20
*ELSET, ELSET=sides
floor
*NSET, NSET=left
1, 4, 7
*SURFACE, TYPE=ELEMENT, NAME=active zone
top, S4
10, S2
"""


def test_a_gmsh_file_by_hand_keeps_its_names(tmp_path):
    path = tmp_path / "bouton.msh"
    path.write_text(GMSH)
    mesh = read_mesh(path, length_unit="nm")
    assert mesh.volumes().sum() == pytest.approx(1 / 6 + 1 / 3)
    assert {name: len(faces) for name, faces in mesh.surfaces.items()} == {
        "active zone": 1,
        "terminal": 1,
        "surface_5": 1,
        "membrane": 3,
    }
    assert len(mesh.regions["terminal"]) == 2


def test_an_abaqus_file_by_hand_keeps_its_names(tmp_path):
    path = tmp_path / "bouton.inp"
    path.write_text(ABAQUS)
    mesh = read_mesh(path)
    assert {name: len(ids) for name, ids in mesh.regions.items()} == {"cytosol": 2, "top": 1}
    assert nodes_of(mesh.surfaces["floor"]) == nodes_of(mesh.surfaces["sides"]) == [(0, 1, 2)]
    assert nodes_of(mesh.surfaces["left"]) == [(0, 2, 3)]
    assert nodes_of(mesh.surfaces["active zone"]) == [(0, 1, 3), (1, 3, 4)]
    assert len(mesh.surfaces["all"]) == 6
    assert "membrane" not in mesh.surfaces


def test_a_missing_surface_lists_those_that_the_file_holds(tmp_path):
    path = tmp_path / "bouton.msh"
    path.write_text(GMSH)
    said = "surface 'ribbon' of bouton.msh has no faces; it names: active zone, membrane, surface_5, terminal"
    with pytest.raises(ValueError, match=said):
        read_mesh(path, required_surfaces=["terminal", "ribbon"])


def test_gmsh_4_keeps_its_groups(tmp_path):
    import gmsh

    gmsh.initialize(["gmsh"], interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        box = gmsh.model.occ.addBox(0, 0, 0, 1, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(3, [box], name="cytosol")
        gmsh.model.addPhysicalGroup(2, [5], name="membrane")
        gmsh.model.addPhysicalGroup(2, [5, 6], name="ends")
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5)
        gmsh.model.mesh.generate(3)
        gmsh.option.setNumber("Mesh.MshFileVersion", 4.1)
        gmsh.write(str(tmp_path / "groups.msh"))
        gmsh.option.setNumber("Mesh.SaveAll", 1)
        gmsh.write(str(tmp_path / "all.msh"))
        gmsh.option.setNumber("Mesh.SaveAll", 0)
        gmsh.option.setNumber("Mesh.MshFileVersion", 2.2)
        gmsh.write(str(tmp_path / "old.msh"))
    finally:
        gmsh.finalize()
    for name in ("groups.msh", "old.msh", "all.msh"):
        mesh = read_mesh(tmp_path / name)
        areas = {name: area(mesh.points, faces) for name, faces in mesh.surfaces.items()}
        assert areas == pytest.approx({"membrane": 1, "ends": 2, "unnamed": 4})
        assert len(mesh.regions["cytosol"]) == len(mesh.tetrahedra)


def test_files_that_cannot_be_read_say_so_and_print_nothing(tmp_path, capfd):
    (tmp_path / "a.msh").write_text("nonsense")
    (tmp_path / "a.vtu").write_text("<nonsense")
    (tmp_path / "a.inp").write_text("*INCLUDE, INPUT=b.inp\nx\n")
    (tmp_path / "shell.inp").write_text(ABAQUS.replace("TYPE=C3D4", "TYPE=C3D8").split("*ELSET")[0])
    for name in ("a.msh", "a.vtu", "a.inp"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            read_mesh(tmp_path / name)
    with pytest.raises(ValueError, match=r"shell\.inp has no tetrahedra; it holds 1 S3, 2 C3D8; save a volume mesh"):
        read_mesh(tmp_path / "shell.inp")
    with pytest.raises(InputError, match="there is no mesh file"):
        read_mesh(tmp_path / "b.msh")
    with pytest.raises(ValueError, match=r"'.stl' is not a mesh format known here; available: .ele, .face, .inp, .msh"):
        read_mesh(tmp_path / "a.stl")
    assert capfd.readouterr() == ("", "")


def test_a_ball_has_the_volume_and_area_of_a_ball_to_second_order():
    errors = []
    for size in (0.3, 0.15):
        mesh = sphere_mesh(1.0, size)
        volume, surface = mesh.volumes().sum(), area(mesh.points, mesh.surfaces["membrane"])
        errors.append([1 - volume / (4 / 3 * np.pi), 1 - surface / (4 * np.pi)])
    order = np.log2(np.array(errors[0]) / errors[1])
    np.testing.assert_allclose(order, 2.0, atol=0.4)
    assert max(errors[1]) < 0.01


@pytest.fixture(scope="module")
def terminal():
    """Two overlapping vesicles, one 2.3 nm above the membrane, and one that crosses the mirror x = 0."""
    spheres = [((0.1, 0.0, 0.0223), 0.02), ((0.1, 0.0, 0.05), 0.025), ((0.0, 0.05, 0.05), 0.025)]
    obstacles = tuple(Sphere(centre=centre, radius=radius) for centre, radius in spheres)
    channels = [(0.05, 0.02, 0.0), (0.0, -0.04, 0.0), (0.06, 0.02, 0.0)]
    box = Box(size=(0.4, 0.3, 0.3), symmetry=("x",), obstacles=obstacles)
    return described_mesh(box, Tetrahedra(size_at_active_zone=0.008, size_in_bulk=0.05), channels, [(0.1, 0.0, 0.002)])


def test_a_box_with_vesicles_has_the_right_size(terminal):
    def cap(radius, height):
        return np.pi * height**2 * (3 * radius - height) / 3

    distance, r, R = 0.05 - 0.0223, 0.02, 0.025
    x = (distance**2 + r**2 - R**2) / (2 * distance)  # plane of the common circle, from the lower centre
    lens = cap(r, r - x) + cap(R, R - (distance - x))
    spheres = 4 / 3 * np.pi * (r**3 + R**3 + R**3 / 2) - lens
    box = 0.2 * 0.3 * 0.3
    assert box - terminal.volumes().sum() == pytest.approx(spheres, rel=0.05)
    areas = {name: area(terminal.points, faces) for name, faces in terminal.surfaces.items()}
    vesicles = 4 * np.pi * (r**2 + R**2 + R**2 / 2) - 2 * np.pi * (r * (r - x) + R * (R - (distance - x)))
    assert areas.pop("vesicles") == areas.pop("vesicle") == pytest.approx(vesicles, rel=0.03)
    mirror = 0.3 * 0.3 - np.pi * R**2
    flat = {"membrane": 0.06, "z_max": 0.06, "x_max": 0.09, "x_min": mirror, "y_min": 0.06, "y_max": 0.06}
    assert areas == pytest.approx(flat, rel=2e-3)


def test_channels_are_nodes_of_the_membrane(terminal):
    membrane = terminal.points[np.unique(terminal.surfaces["membrane"])]
    assert (membrane[:, 2] == 0).all()
    for x, y in [(0.05, 0.02), (0.0, -0.04), (0.06, 0.02)]:
        assert ((membrane == [x, y, 0.0]).all(axis=1)).sum() == 1


def test_meshing_is_reproducible_silent_and_works_in_a_thread(capfd):
    made = []
    worker = threading.Thread(target=lambda: made.append(sphere_mesh(0.5, 0.2)))
    worker.start()
    worker.join()
    again = sphere_mesh(0.5, 0.2)
    np.testing.assert_array_equal(made[0].points, again.points)
    np.testing.assert_array_equal(made[0].tetrahedra, again.tetrahedra)
    assert capfd.readouterr() == ("", "")


def test_an_open_gmsh_session_is_left_as_it_was():
    import gmsh

    gmsh.initialize(["gmsh"], interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.Algorithm3D", 10)
        gmsh.model.add("mine")
        sphere_mesh(0.5, 0.2)
        assert gmsh.model.getCurrent() == "mine"
        assert gmsh.option.getNumber("Mesh.Algorithm3D") == 10
    finally:
        gmsh.finalize()


def test_a_box_that_cannot_be_built_says_why():
    with pytest.raises(ValueError, match=r"channel 0 is at .* leave the mirror images out"):
        described_mesh(Box(size=(1, 1, 1), symmetry=("x",)), Tetrahedra(), [(-0.1, 0, 0)])
    filled = Box(size=(1, 1, 1), obstacles=(Sphere(centre=(0, 0, 0), radius=0.3),))
    with pytest.raises(ValueError, match=r"channel 0 at .* is inside obstacle 1"):
        described_mesh(filled, Tetrahedra(size_at_active_zone=0.1, size_in_bulk=0.3), [(0.1, 0, 0)])


def test_a_round_membrane_has_no_height_in_pictures(tmp_path):
    model = ball(tmp_path, positions=[[0, 0, -0.5]])
    made = discretize(model)
    assert scene(model, made).membrane is None
