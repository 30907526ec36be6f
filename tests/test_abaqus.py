"""Abaqus files: parts, instances and names, as Abaqus/CAE writes them."""

import numpy as np
import pytest

from rdcalcium.errors import InputError
from rdcalcium.geometry.files import read_mesh, write_mesh
from rdcalcium.geometry.mesh import TetrahedralMesh
from tests.test_mesh import CUBE, FLOOR, KUHN, area

TETRAHEDRON = """*Node
1, 0., 0., 0.
2, 1., 0., 0.
3, 0., 1.
4, 0., 0., 1.
*Element, type=C3D4
1, 1, 2, 3, 4
"""


def abaqus(tmp_path, text):
    path = tmp_path / "cae.inp"
    path.write_text(text)
    return read_mesh(path)


def test_instances_of_an_abaqus_assembly_are_where_it_puts_them(tmp_path):
    """As Abaqus/CAE writes it: labels begin anew in each part, and an instance is moved before it is turned."""
    mesh = abaqus(
        tmp_path,
        f"""*Heading
*Part, name=Bouton
{TETRAHEDRON}*Elset, elset=Inside
1
*Surface, type=ELEMENT, name=Floor
INSIDE, S1
*End Part
*Part, name=unused
{TETRAHEDRON}*End Part
*Assembly, name=Assembly
*Instance, name=One, part=BOUTON
*End Instance
*Instance, name=Two, part=Bouton
5., 0., 0.
5., 0., 0., 5., 0., 1., 90.
*End Instance
*Elset, elset=_Side_S3, internal, instance=Two, generate
1, 1, 1
*Surface, type=ELEMENT, name=Side
_Side_S3, S3
*Elset, elset=both
One.1, two.inside
*End Assembly
""",
    )
    assert mesh.volumes() == pytest.approx([1 / 6, 1 / 6])
    middles = mesh.points[mesh.tetrahedra].mean(axis=1)
    assert middles == pytest.approx(np.array([[0.25, 0.25, 0.25], [4.75, 0.25, 0.25]]))
    found = {name: ids.tolist() for name, ids in mesh.regions.items()}
    assert found == {"One.Inside": [0], "Two.Inside": [1], "both": [0, 1]}
    assert set(mesh.surfaces) == {"One.Floor", "Two.Floor", "Side", "membrane"}
    assert mesh.points[mesh.surfaces["Two.Floor"]][..., 2] == pytest.approx(0)
    x, y, z = mesh.points[mesh.surfaces["Side"]].T
    assert y - x + z == pytest.approx(-4)  # where x + y + z was 1


def test_one_instance_of_an_abaqus_part_keeps_its_names(tmp_path):
    """Capitals do not count, also where its mesh is its own and not that of the part."""
    sets = "*Elset, elset=Cell\n1\n*Nset, nset=floor\n1, 2, 3\n*Elset, elset=More\nCELL\n"
    within = (
        f"*Part, name=P\n{TETRAHEDRON}{sets}*End Part\n*Assembly, name=A\n*Instance, name=P-1, part=p\n*End Instance\n"
    )
    own = (
        f"*Part, name=P\n*End Part\n*Assembly, name=A\n*Instance, name=P-1, part=P\n{TETRAHEDRON}{sets}*End Instance\n"
    )
    alone = f"*Part, name=P\n{TETRAHEDRON}{sets}*End Part\n"
    for text in (within, own, alone, TETRAHEDRON + sets):
        mesh = abaqus(tmp_path, text)
        assert {name: len(ids) for name, ids in mesh.regions.items()} == {"Cell": 1, "More": 1}
        assert area(mesh.points, mesh.surfaces["floor"]) == pytest.approx(0.5)
    both = f"{within}*Elset, elset=cell, instance=P-1\n1\n*End Assembly\n"
    assert set(abaqus(tmp_path, both).regions) == {"P-1.Cell", "More", "cell"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "*Node\n2, 3., 0., 0.\n",
            r"node 2 is at \[1.0, 0.0, 0.0\] and at \[3.0, 0.0, 0.0\]; a label has to stand for",
        ),
        ("*Node\n5, 3., 0., 0.\n*Element, type=C3D4\n1, 1, 2, 3, 5\n", "element 1 is there twice, with other nodes"),
        ("*Element, type=C3D4\n2, 1, 2, 3, 5\n", "element 2 has the node 5, which is not there"),
        ("*Element\n2, 1, 2, 3, 4\n", "ELEMENT does not say TYPE="),
        ("*Elset, elset=a\nb\n", "'b' is neither a label nor a set"),
        ("*Elset, elset=a, instance=Two\n1\n", "there is no instance 'Two'"),
        ("*Instance, name=One, part=Q\n", "instance 'One' is one of a part 'Q', which is not there"),
        ("*Nset, nset=a\n7\n", "a set has the node 7, which is not there"),
        ("*Surface, name=a\n1,\n", "surface 'a' is of tetrahedra, but says for some no face S1 to S4"),
        ("*Node, input=nodes.txt\n", "NODE with INPUT=nodes.txt is not followed; merge the files"),
        ("*Ngen\n1, 2, 1\n", "NGEN is not followed; write a file that lists all nodes"),
        ("*Part, name=a\n*Node\n1, 0.\n", r"it ends before \*END PART; write it again"),
        ("*Part, name=a\n*End Part\n*Part, name=b\n*End Part\n", r"2 parts and no \*INSTANCE that says where"),
    ],
)
def test_what_an_abaqus_file_says_amiss_is_told(tmp_path, more, said):
    with pytest.raises(InputError, match=f"cae.inp cannot be read as .inp: .*{said}"):
        abaqus(tmp_path, TETRAHEDRON + more)


def test_elements_that_several_blocks_list_alike_are_one(tmp_path):
    again = "*Element, type=C3D4,\n elset=again\n1, 1, 2, 3, 4\n"
    mesh = abaqus(tmp_path, TETRAHEDRON + again)
    assert {name: ids.tolist() for name, ids in mesh.regions.items()} == {"again": [0]}


def test_names_that_differ_in_capitals_are_not_written_for_abaqus(tmp_path):
    mesh = TetrahedralMesh(CUBE, KUHN, surfaces={"er": FLOOR[:1], "ER": FLOOR[1:]})
    with pytest.raises(InputError, match=r"in \.inp files 'er' and 'ER' are one name; rename one of them"):
        write_mesh(mesh, tmp_path / "cube.inp")
