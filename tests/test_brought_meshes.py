"""Meshes that somebody brings: every format keeps its names, and what is wrong is mended and told with its place."""

import sys
import textwrap

import gmsh
import meshio
import numpy as np
import pytest

from rdcalcium.discretization.angles import angles_of, dihedral_angles
from rdcalcium.discretization.build import discretize
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.errors import InputError
from rdcalcium.geometry import formats
from rdcalcium.geometry.copying import copy_geometry
from rdcalcium.geometry.files import read_mesh, write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.library import resolve
from rdcalcium.results.provenance import about_discretization
from tests.ball import sphere_mesh
from tests.support import ROOT
from tests.test_mesh import CUBE, FLOOR, KUHN, area, nodes_of

REGULAR = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)


def write_tetgen(folder, first=1, order=1):
    """The cube as TetGen writes it: one half an attribute, its floor a marker; comments, blank lines."""
    more = " 1 1 1 1 1 1" if order == 2 else ""
    nodes = [f"{k + first} {x} {y} {z}" for k, (x, y, z) in enumerate(1000 * CUBE)]
    cells = [f"{k + first} {' '.join(map(str, row + first))}{more} {-1 if k < 3 else 7}" for k, row in enumerate(KUHN)]
    rows = np.vstack([FLOOR, KUHN[:1, :3]])
    marks = [4, 4, 0]
    middles = " 1 1 1" if order == 2 else ""
    faces = [f"{k + first} {' '.join(map(str, row + first))}{middles} {marks[k]}" for k, row in enumerate(rows)]
    (folder / "cube.1.node").write_text("# nodes\n8 3 0 0\n\n" + "\n".join(nodes) + "\n# end\n")
    (folder / "cube.1.ele").write_text(f"6 {10 if order == 2 else 4} 1\n" + "\n".join(cells) + "\n")
    (folder / "cube.1.face").write_text(f"{len(faces)} 1\n" + "\n".join(faces) + "\n")
    return folder / "cube.1.ele"


@pytest.mark.parametrize(("first", "order"), [(0, 1), (1, 1), (1, 2)])
def test_markers_and_attributes_of_tetgen_are_names(tmp_path, first, order):
    mesh = read_mesh(write_tetgen(tmp_path, first, order), "nm")
    assert mesh.volumes().sum() == pytest.approx(1)
    assert {name: ids.tolist() for name, ids in mesh.regions.items()} == {"region_7": [3, 4, 5]}
    assert nodes_of(mesh.surfaces["surface_4"]) == nodes_of(FLOOR)
    assert area(mesh.points, mesh.surfaces["membrane"]) == pytest.approx(5)


def test_the_files_of_tetgen_are_copied_together(tmp_path):
    path = write_tetgen(tmp_path)
    (tmp_path / "kept").mkdir()
    copy = copy_geometry(path, tmp_path / "kept")
    assert len(read_mesh(copy.with_suffix(".node")).tetrahedra) == 6
    (tmp_path / "cube.1.face").unlink()
    assert set(read_mesh(path).surfaces) == {"membrane"}
    (tmp_path / "cube.1.node").unlink()
    with pytest.raises(InputError, match=r"there is no .*cube\.1\.node; TetGen's \.node and \.ele lie side by side"):
        read_mesh(path)


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".msh", "gmsh22"), (".vtu", "vtu"), (".xdmf", "xdmf"), (".inp", "abaqus")]
)
@pytest.mark.parametrize(("cells", "corners"), [("hexahedron", 8), ("wedge", 6)])
def test_tetrahedra_beside_other_cells_with_a_volume_are_refused(tmp_path, suffix, kind, cells, corners):
    """Without these a part of the terminal would be missing, and its surface be where it goes on."""
    points = np.vstack([CUBE, CUBE + np.array([0, 0, 1]), CUBE + np.array([0, 0, 2])])
    mixed = meshio.Mesh(points, [("tetra", KUHN), (cells, np.arange(8, 8 + corners)[None])])
    meshio.write(tmp_path / f"mixed{suffix}", mixed, file_format=kind)
    with pytest.raises(InputError, match=r"mixed.* holds 1 \w+ beside 6 tetrahedra of four corners"):
        read_mesh(tmp_path / f"mixed{suffix}")


def test_tetrahedra_that_lie_in_each_other_are_refused_with_the_place(tmp_path):
    """A node in the middle of six pyramids is moved out of the cube, so that some of these turn inside out."""
    faces = TetrahedralMesh(CUBE, KUHN).boundary()
    cells = np.column_stack([faces, np.full(len(faces), 8)])
    for middle in ([0.5, 0.5, 0.5], [0.5, 0.5, 1.4]):
        meshio.write(tmp_path / "cube.vtu", meshio.Mesh(np.vstack([CUBE, middle]), [("tetra", cells)]))
        if middle[2] < 1:
            assert read_mesh(tmp_path / "cube.vtu").volumes().sum() == pytest.approx(1)
    with pytest.raises(
        InputError, match=r"cube\.vtu: tetrahedra overlap: 4 faces have both of theirs on one side, at \("
    ):
        read_mesh(tmp_path / "cube.vtu")


def test_a_folder_is_no_mesh_file_and_a_mesh_of_second_order_none_of_tetrahedra_with_four_corners(tmp_path):
    (tmp_path / "cube.msh").mkdir()
    with pytest.raises(InputError, match=r"there is no mesh file .*cube\.msh"):
        read_mesh(tmp_path / "cube.msh")
    cells = meshio.Mesh(np.vstack([CUBE, CUBE + 2]), [("tetra10", np.arange(10)[None])])
    meshio.write(tmp_path / "cube.vtu", cells)
    with pytest.raises(InputError, match=r"cube\.vtu has no tetrahedra; it holds 1 tetra10; .* of first order"):
        read_mesh(tmp_path / "cube.vtu")


def test_a_flat_tetrahedron_that_rounding_turned_inside_out_is_no_overlap(tmp_path):
    points = np.vstack([REGULAR, REGULAR[:3].mean(axis=0) + 1e-7 * REGULAR[3]])
    meshio.write(tmp_path / "flat.vtu", meshio.Mesh(points, [("tetra", np.array([[0, 1, 2, 3], [0, 1, 2, 4]]))]))
    assert len(read_mesh(tmp_path / "flat.vtu").tetrahedra) == 2


@pytest.mark.parametrize(("by", "apart"), [([0.5, 0.2, 0.1], False), ([1.5, 0, 0], True)])
def test_parts_that_share_no_node_may_not_overlap(tmp_path, by, apart):
    both = meshio.Mesh(np.vstack([CUBE, CUBE + np.array(by)]), [("tetra", np.vstack([KUHN, KUHN + 8]))])
    meshio.write(tmp_path / "two.vtu", both)
    if apart:
        assert read_mesh(tmp_path / "two.vtu").volumes().sum() == pytest.approx(2)
        return
    with pytest.raises(InputError, match="parts that share no node overlap: 2 nodes of one are in another, at "):
        read_mesh(tmp_path / "two.vtu")


@pytest.mark.parametrize(("turns", "through"), [(0.8, False), (1.1, True)])
def test_an_arm_may_not_go_through_another_one_of_its_own_part(tmp_path, turns, through):
    """A bar of cubes bent to a ring, whose ends do not come together, or lie in each other beside a shared corner."""
    cubes = np.arange(24)
    points = np.vstack([CUBE + np.array([k, 0, 0]) for k in cubes])
    places, number = np.unique(points, axis=0, return_inverse=True)
    along, radius = 2 * np.pi * turns * places[:, 0] / len(cubes), 4 + places[:, 1] + 0.02 * places[:, 0]
    bent = np.stack([radius * np.cos(along), radius * np.sin(along), places[:, 2] + 0.01 * places[:, 0]], axis=1)
    cells = number.ravel()[np.vstack([KUHN + 8 * k for k in cubes])]
    meshio.write(tmp_path / "ring.vtu", meshio.Mesh(bent, [("tetra", cells)]))
    if not through:
        assert len(read_mesh(tmp_path / "ring.vtu").tetrahedra) == 6 * len(cubes)
        return
    with pytest.raises(
        InputError, match=r"it goes through itself: \d+ pairs of triangles on its boundary cross, at \("
    ):
        read_mesh(tmp_path / "ring.vtu")


@pytest.mark.parametrize(
    ("suffix", "name", "letter"),
    [(".msh", 'a"b', '"'), (".vtu", "a<b", "<"), (".vtu", "a & b", "&"), (".inp", "a,b", ",")],
)
def test_a_name_that_a_format_cannot_keep_is_refused(tmp_path, suffix, name, letter):
    mesh = TetrahedralMesh(CUBE, KUHN, surfaces={name: FLOOR})
    with pytest.raises(
        InputError, match=f"{suffix} files cannot keep the name '{name}', for it has '{letter}': rename"
    ):
        write_mesh(mesh, tmp_path / f"cube{suffix}")
    with pytest.raises(InputError, match="cannot keep the spaces around the name ' floor'"):
        write_mesh(TetrahedralMesh(CUBE, KUHN, surfaces={" floor": FLOOR}), tmp_path / "cube.inp")


PLAIN = """
    import json
    from pathlib import Path

    import numpy as np

    from rdcalcium.geometry.contents import Contents
    from rdcalcium.geometry.formats.base import MeshFormat


    def read(path):
        held = {key: np.array(numbers) for key, numbers in json.loads(path.read_text()).items()}
        return Contents(held.pop("points"), held.pop("tetrahedra"), surfaces=held)


    def write(mesh, path):
        held = {"points": mesh.points, "tetrahedra": mesh.tetrahedra, **mesh.surfaces}
        path.write_text(json.dumps({key: numbers.tolist() for key, numbers in held.items()}))


    FORMAT = MeshFormat((".plain",), read, write, not_kept="/")
"""


def test_a_format_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "plain.py").write_text(textwrap.dedent(PLAIN))
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    (plain,) = set(formats.found_formats()) - {*formats.FORMATS.values()}
    monkeypatch.delitem(sys.modules, f"{formats.__name__}.plain")
    monkeypatch.setitem(formats.FORMATS, ".plain", plain)
    monkeypatch.setitem(formats.WRITERS, ".plain", plain.write)
    write_mesh(TetrahedralMesh(CUBE, KUHN, surfaces={"floor": FLOOR}), tmp_path / "cube.plain")
    (tmp_path / "kept").mkdir()
    again = read_mesh(copy_geometry(tmp_path / "cube.plain", tmp_path / "kept"), "nm", required_surfaces=["floor"])
    assert again.volumes().sum() == pytest.approx(1e-9)
    with pytest.raises(InputError, match=r"\.plain files cannot keep the name 'a/b'"):
        write_mesh(TetrahedralMesh(CUBE, KUHN, surfaces={"a/b": FLOOR}), tmp_path / "cube.plain")


def test_the_guide_to_meshes_names_every_format():
    told = (ROOT / "docs" / "meshes.md").read_text(encoding="utf-8")
    assert [suffix for suffix in formats.FORMATS if f"`{suffix}`" not in told] == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("cube.1.ele", "9 4 0\n1 1 2 3 4\n", "ends after 1 of 9"), ("cube.1.ele", "1 4 0\n1 1 2 3 99\n", "names a node")],
)
def test_damaged_files_of_tetgen_are_refused(tmp_path, name, text, said):
    path = write_tetgen(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_mesh(path)


@pytest.mark.parametrize(("version", "binary"), [(2.2, 0), (2.2, 1), (4.0, 0), (4.1, 0), (4.1, 1)])
def test_gmsh_files_of_all_kinds_keep_their_names(tmp_path, version, binary):
    """Gmsh itself writes them, as a user would."""
    gmsh.initialize(["gmsh"], interruptible=False)
    try:
        for option, value in {"Terminal": 0, "NumThreads": 1}.items():
            gmsh.option.setNumber(f"General.{option}", value)
        boxes = [(3, gmsh.model.occ.addBox(x, 0, 0, 1, 1, 1)) for x in (0, 1)]
        gmsh.model.occ.fragment(boxes[:1], boxes[1:])
        gmsh.model.occ.synchronize()
        within = gmsh.model.getEntitiesInBoundingBox
        ends = {x: [tag for _, tag in within(x - 0.1, -1, -1, x + 0.1, 2, 2, 2)] for x in (0, 2)}
        gmsh.model.addPhysicalGroup(3, [1], name="cytosol")
        gmsh.model.addPhysicalGroup(3, [2], name="the ER")
        gmsh.model.addPhysicalGroup(2, ends[0], name="active zone")
        gmsh.model.addPhysicalGroup(2, ends[0] + ends[2], name="ends")
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5)
        gmsh.model.mesh.generate(3)
        gmsh.option.setNumber("Mesh.MshFileVersion", version)
        gmsh.option.setNumber("Mesh.Binary", binary)
        gmsh.write(str(tmp_path / "boxes.msh"))
    finally:
        gmsh.finalize()
    mesh = read_mesh(tmp_path / "boxes.msh")
    areas = {name: area(mesh.points, faces) for name, faces in mesh.surfaces.items()}
    assert areas == pytest.approx({"active zone": 1, "ends": 2, "membrane": 8})
    assert mesh.volumes()[mesh.regions["the ER"]].sum() == pytest.approx(1)
    assert mesh.volumes()[mesh.regions["cytosol"]].sum() == pytest.approx(1)


def test_inverted_tetrahedra_and_loose_nodes_are_told_with_their_places(tmp_path):
    import meshio

    points = np.vstack([CUBE, [[7, 8, 9]]])
    cells = KUHN.copy()
    cells[2] = cells[2, [1, 0, 2, 3]]
    meshio.write(tmp_path / "cube.vtu", meshio.Mesh(points, [("tetra", cells)]))
    mesh = read_mesh(tmp_path / "cube.vtu")
    middle = 250 * CUBE[KUHN[2]].sum(axis=0)
    place = "(" + ", ".join(f"{x:g}" for x in middle) + ") nm"
    assert mesh.remarks == (
        f"inverted tetrahedra: 1 of 6, at {place}; turned",
        "nodes of no tetrahedron: 1, at (7000, 8000, 9000) nm; left out",
    )
    assert (mesh.volumes() > 0).all()


def test_parts_that_lie_side_by_side_with_nodes_of_their_own_are_joined(tmp_path):
    """Two cubes one beside the other, each with its eight nodes: calcium passes from one to the other."""
    import meshio

    points, cells = np.vstack([CUBE, CUBE + np.array([0, 0, 1])]), np.vstack([KUHN, KUHN + 8])
    meshio.write(tmp_path / "cubes.vtu", meshio.Mesh(points, [("tetra", cells)]))
    mesh = read_mesh(tmp_path / "cubes.vtu")
    assert len(mesh.points) == 12
    assert mesh.remarks[0].startswith("nodes where another one lies: 4, at (0, 0, 1000) nm, (1000, 0, 1000) nm")
    assert discretize_tetrahedra(mesh).quality.parts == 1
    assert area(mesh.points, mesh.surfaces["membrane"]) == pytest.approx(10)


def test_an_array_of_identities_names_no_regions_and_is_told(tmp_path):
    mesh = sphere_mesh(0.5, 0.2)
    count = len(mesh.tetrahedra)
    arrays = {
        "identity": [np.arange(count)],
        "material": [1 + np.arange(count) % 2],
        "share": [np.linspace(0, 1, count)],
    }
    meshio.write(tmp_path / "ball.vtu", meshio.Mesh(mesh.points, [("tetra", mesh.tetrahedra)], cell_data=arrays))
    again = read_mesh(tmp_path / "ball.vtu")
    assert set(again.regions) == {"material_1", "material_2"}
    assert again.remarks == (
        f"the array 'identity' names no regions: it has {count - 1:,} different numbers beside 0 for {count:,} "
        "tetrahedra, and up to 200 are read as tags",
    )


def test_parts_that_nothing_joins_are_told_with_their_places(tmp_path):
    points, cells = np.vstack([CUBE, 0.5 * CUBE + np.array([0, 0, 2])]), np.vstack([KUHN, KUHN + 8])
    write_mesh(TetrahedralMesh(points, cells), tmp_path / "cubes.vtu")
    (said,) = read_mesh(tmp_path / "cubes.vtu").remarks
    assert said == (
        "parts that share no node: 2; beside the largest they hold 11 % of the volume, around (250, 250, 2250) nm; "
        "nothing flows between them"
    )


def test_parts_that_touch_in_an_edge_are_told(tmp_path):
    points = np.vstack([CUBE, CUBE + np.array([0, 1, 1])])
    write_mesh(TetrahedralMesh(points, np.vstack([KUHN, KUHN + 8])), tmp_path / "cubes.vtu")
    remarks = read_mesh(tmp_path / "cubes.vtu").remarks
    assert "edges of more than two faces of the surface: 1, at (500, 1000, 1000) nm" in remarks[1]


def bring(tmp_path, **geometry):
    """A model of a ball of 1 µm in nm, with a channel on it."""
    mesh = sphere_mesh(0.5, 0.15)
    write_mesh(TetrahedralMesh(1000 * mesh.points, mesh.tetrahedra), tmp_path / "ball.vtu")
    return resolve(
        {
            "geometry": {"kind": "mesh", "file": "ball.vtu", **geometry},
            "discretization": {"kind": "tetrahedra"},
            "channels": [{"name": "Ca", "positions": [[0, 0, 0.5]], "current": {"kind": "constant", "amplitude": 0.1}}],
            "run": {"duration": 0.1},
        },
        folder=tmp_path,
    )


def test_a_unit_that_is_not_said_is_asked_for_with_one_that_suits(tmp_path):
    said = r'length_unit is missing: ball\.vtu holds numbers .*\(x -\d{3}.*"nm" would suit the points .* reach 0\.5 um'
    with pytest.raises(InputError, match=said):
        discretize(bring(tmp_path))


def test_what_was_read_is_stated_in_the_folder_of_a_run(tmp_path):
    model = bring(tmp_path, length_unit="nm")
    about = about_discretization(discretize(model), model)
    assert about.remarks[0].startswith("ball.vtu, read in nm: TetrahedralMesh(")


def test_all_angles_of_a_regular_tetrahedron_are_alike():
    np.testing.assert_allclose(dihedral_angles(REGULAR[None]), np.degrees(np.arccos(1 / 3)))


def test_the_angles_of_a_cut_cube_are_those_of_geometry():
    assert set(np.round(dihedral_angles(CUBE[KUHN]), 6).ravel()) == {45, 60, 90}
    angles = angles_of(CUBE, KUHN)
    assert (angles.smallest, angles.largest, angles.slivers) == (pytest.approx(45), pytest.approx(90), 0)
    assert angles.histogram.sum() == pytest.approx(1)
    flat = np.array([[0, 0, 0], [1, 0, 0.02], [0, 1, 0.02], [1, 1, 0]])
    assert angles_of(flat, np.array([[0, 1, 2, 3]])).slivers == 1


def test_the_worst_control_volumes_are_named_by_their_places():
    """Where two nodes are pushed together there is the fastest mode; the others are found one by one."""
    mesh = sphere_mesh(0.5, 0.12)
    points = mesh.points.copy()
    corner = mesh.tetrahedra[np.linalg.norm(points[mesh.tetrahedra].mean(axis=1), axis=1).argmin()]
    points[corner[0]] += 0.9 * (points[corner[1]] - points[corner[0]])
    made = discretize_tetrahedra(TetrahedralMesh(points, mesh.tetrahedra))
    fastest, steepest, negative = made.quality.fastest, made.quality.steepest, made.quality.most_negative
    assert np.linalg.norm(fastest.place - points[corner[1]]) < 0.1
    assert fastest.value == made.quality.gershgorin
    couplings = made.conductance.toarray()
    ratios = np.where(couplings != 0, made.volumes / made.volumes[:, None], 0.0)
    assert steepest.value == ratios.max()
    assert steepest.place == pytest.approx(made.centres[ratios.max(axis=1).argmax()])
    shares = -couplings / np.maximum(couplings, 0).sum(axis=1)[:, None]
    assert negative.value == pytest.approx(shares.max())
    assert negative.value > 0
    ends = np.unravel_index(shares.argmax(), shares.shape)
    assert negative.place == pytest.approx(made.centres[list(ends)].mean(axis=0))
