"""The command that makes meshes, and says what they are like."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import rdcalcium as rc
from rdcalcium.cli.commands import cli
from rdcalcium.errors import InputError
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.library import resolve
from rdcalcium.model import Tetrahedra
from tests.support import ROOT

BOX = ("box", 'size=["300 nm", "300 nm", "200 nm"]')
VESICLE = 'obstacles=[{centre = [0, 0, "80 nm"], radius = "40 nm"}]'


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, ["mesh", *words])


def test_a_shape_becomes_a_file_with_its_volume_and_surfaces_told(tmp_path: Path) -> None:
    file = tmp_path / "box.msh"
    told = call(*BOX, "--bulk", "100 nm", "--out", str(file)).output
    assert "volume 0.018 um^3" in told
    assert "surface membrane: 0.09 um^2" in told
    assert 'a model file reads it by geometry = { kind = "mesh", file = "box.msh", length_unit = "um" }' in told
    made = rc.read_mesh(file, "um")
    assert made.volumes().sum() == pytest.approx(0.018)
    assert set(made.surfaces) == {"membrane", "x_min", "x_max", "y_min", "y_max", "z_max"}


def test_what_stands_in_a_shape_is_told_as_in_a_model_file(tmp_path: Path) -> None:
    told = call(*BOX, VESICLE, "--bulk", "100 nm", "--out", str(tmp_path / "box.vtu")).output
    assert "surface vesicles" in told


def test_the_worst_control_volumes_are_told_with_their_places(tmp_path: Path) -> None:
    """Of two vesicles of one name too, each of which is a surface; and couplings are those of the model."""
    one, other = (f"{{centre = [{x}, 0, 0.08], radius = {r}}}" for x, r in ((0.08, 0.04), (-0.06, 0.05)))
    two = f"obstacles=[{one}, {other}]"
    told = call(*BOX, two, "--bulk", "100 nm", "--out", str(tmp_path / "box.vtu")).output
    assert re.search(r"surfaces vesicle\.1 to vesicle\.2: 0\.019\d* to 0\.03\d* um\^2 each", told)
    assert re.search(r"^edges \d+.* to \d+.* nm$", told, re.MULTILINE)
    assert re.search(r"diffusion alone would let explicit Euler steps be .*, because of the control volume at \(", told)
    assert re.search(r"the flattest tetrahedron at \(", told)
    assert re.search(r"neighbouring control volumes differ by a factor of .* at \(", told)


def test_a_model_that_is_monotone_is_judged_so(tmp_path: Path) -> None:
    """A bouton, of which some couplings are negative."""
    file, mesh = tmp_path / "terminal.toml", ROOT / "meshes" / "bouton.msh"
    geometry = f'{{ kind = "mesh", file = "{mesh}", length_unit = "um" }}'
    for monotone, said in (
        ("true", r"no coupling is negative; \d+ that were negative are left out"),
        ("false", "weigh"),
    ):
        cells = f'{{ kind = "tetrahedra", monotone = {monotone} }}'
        file.write_text(f"run = {{ duration = 1 }}\ngeometry = {geometry}\ndiscretization = {cells}\n")
        assert re.search(said, call(str(file), "--out", str(tmp_path / "t.msh")).output)


def test_a_model_is_meshed_with_its_channels(tmp_path: Path) -> None:
    file = tmp_path / "terminal.toml"
    file.write_text(
        'title = "t"\nrun = { duration = 1 }\ndiscretization = { kind = "grid", size_at_active_zone = "50 nm" }\n'
        'geometry = { kind = "box", size = [0.3, 0.3, 0.2] }\n'
        '[[channels]]\nname = "Ca"\npositions = [[0.03, 0.04]]\ncurrent = { kind = "constant", amplitude = 0.1 }\n'
    )
    found = call(str(file), "--fine", "30 nm", "--bulk", "100 nm", "--out", str(tmp_path / "t.inp"))
    assert found.exit_code == 0
    points = rc.read_mesh(tmp_path / "t.inp", "um").points
    assert abs(points - [0.03, 0.04, 0]).sum(axis=1).min() < 1e-9  # a channel is a node


def test_a_model_on_a_grid_is_meshed_as_finely_as_its_grid(tmp_path: Path) -> None:
    """As near to the channels as along the axis on which its cells are widest; a uniform grid is so everywhere."""
    file = tmp_path / "terminal.toml"
    for cells, sizes in (
        ('size_at_active_zone = ["50 nm", "60 nm", "40 nm"], size_in_bulk = "90 nm"', (0.06, 0.09)),
        ('size_at_active_zone = "70 nm"', (0.07, 0.07)),
    ):
        file.write_text(
            f'run = {{ duration = 1 }}\ndiscretization = {{ kind = "grid", {cells} }}\n'
            'geometry = { kind = "box", size = [0.3, 0.3, 0.2] }\n'
            '[[channels]]\nname = "Ca"\npositions = [[0.03, 0.04]]\ncurrent = { kind = "constant", amplitude = 0.1 }\n'
        )
        model = rc.load(file)
        with pytest.raises(InputError, match=r"model\.on_tetrahedra\(\)"):
            rc.mesh(model)
        tetrahedra = Tetrahedra(size_at_active_zone=sizes[0], size_in_bulk=sizes[1])
        assert model.on_tetrahedra() == model.changed(discretization=tetrahedra)
        nodes = len(rc.mesh(model.on_tetrahedra()).points)
        assert call(str(file), "--out", str(tmp_path / "t.msh")).output.startswith(f"{nodes:,} nodes")
        assert model.on_tetrahedra().on_tetrahedra() == model.on_tetrahedra()


QUARTER = """
title = "quarter"
run = { duration = 0.05 }
discretization = { kind = "tetrahedra", size_at_active_zone = "60 nm", size_in_bulk = "100 nm" }
geometry = { kind = "hemisphere", radius = "300 nm", symmetry = ["x", "y"] }
channels = [{ name = "Ca", positions = [[0, 0]], current = { kind = "constant", amplitude = 0.1 } }]
pumps = [{ name = "P", surface = "membrane", law = "P*Ca", parameters = { P = "0.1 um/ms" } }]
probes = [{ name = "p", position = ["0 nm", "100 nm", "80 nm"] }]
"""


def test_the_mesh_of_a_quarter_says_so_and_is_read_back_as_one(tmp_path: Path) -> None:
    (tmp_path / "shape.toml").write_text(QUARTER)
    told = call(str(tmp_path / "shape.toml"), "--out", str(tmp_path / "quarter.msh")).output
    assert "this is a quarter of the terminal, at x >= 0 and y >= 0; a model file reads it" in told
    (geometry,) = re.findall(r"geometry = .*", told)
    lines = QUARTER.splitlines()
    brought = [lines[1], lines[2], 'discretization = { kind = "tetrahedra" }', geometry, *lines[5:]]
    (tmp_path / "file.toml").write_text("\n".join(brought))
    shape, file = (rc.load(tmp_path / f"{name}.toml") for name in ("shape", "file"))
    cells = rc.discretize(file)
    assert file.copies * cells.total_volume == pytest.approx(2 / 3 * math.pi * 0.3**3, rel=0.1)
    assert file.copies * cells.surfaces["membrane"].areas.sum() == pytest.approx(math.pi * 0.3**2, rel=0.05)
    runs = {"one": shape, "other": file}
    one, other = (rc.run(model, "numpy", tmp_path / name, warn=lambda _: None) for name, model in runs.items())
    for name in ("entered", "free"):
        assert getattr(one.summary.ledger, name) == pytest.approx(getattr(other.summary.ledger, name), rel=1e-6)
    assert one.summary.points["p"].peak == pytest.approx(other.summary.points["p"].peak, rel=1e-6)


def test_the_mesh_of_a_tile_says_so_and_is_read_back_as_one(tmp_path: Path) -> None:
    told = call(*BOX, 'periodic=["x"]', "--bulk", "100 nm", "--out", str(tmp_path / "tile.msh")).output
    assert "this is one tile of many" in told
    (said,) = re.findall(r"geometry = \{.*\}", told)
    (tmp_path / "model.toml").write_text(
        f'{said}\ndiscretization = {{ kind = "tetrahedra" }}\nrun = {{ duration = "1 ms" }}\n'
    )
    made = rc.discretize(rc.load(tmp_path / "model.toml"))
    assert made.periods == {0: pytest.approx(0.3)}
    assert set(made.surfaces) == {"membrane", "y_min", "y_max", "z_max"}


def test_a_mesh_that_is_no_half_is_refused_as_one(tmp_path: Path) -> None:
    call(*BOX, "--bulk", "100 nm", "--out", str(tmp_path / "box.msh"))
    whole = rc.read_mesh(tmp_path / "box.msh", "um")
    for by, said in ((0.0, "goes from -150 to 150 nm; bring the half"), (0.2, "begins at x = 50 nm; move it there")):
        rc.write_mesh(whole.moved(np.array([by, 0.0, 0.0])), tmp_path / "moved.msh")
        file = {"kind": "mesh", "file": str(tmp_path / "moved.msh"), "length_unit": "um", "symmetry": ["x"]}
        model = resolve({"geometry": file, "discretization": {"kind": "tetrahedra"}, "run": {"duration": 1}})
        with pytest.raises(InputError, match=said):
            rc.discretize(model)


def test_faces_of_a_mirror_plane_are_no_membrane_whoever_named_them(tmp_path: Path) -> None:
    made = rc.mesh(
        resolve(
            {
                "geometry": {"kind": "box", "size": [0.2, 0.2, 0.2], "symmetry": ["x"]},
                "discretization": {"kind": "tetrahedra", "size_in_bulk": 0.1},
                "run": {"duration": 1},
            }
        )
    )
    all_one = TetrahedralMesh(made.points, made.tetrahedra)
    assert all_one.areas() == pytest.approx({"membrane": 0.16})
    rc.write_mesh(all_one, tmp_path / "half.vtu")
    file = {"kind": "mesh", "file": str(tmp_path / "half.vtu"), "length_unit": "um", "symmetry": ["x"]}
    model = resolve({"geometry": file, "discretization": {"kind": "tetrahedra"}, "run": {"duration": 1}})
    assert rc.mesh(model).areas() == pytest.approx({"membrane": 0.12, "x_min": 0.04})


def test_without_a_name_every_shape_tells_its_keys() -> None:
    told = call().output
    assert "box: A box" in told
    assert "  size: Extent of the whole box" in told
    assert "only the positive half is computed" in told
    assert told.count("none: the whole terminal is computed") > 5
    assert "length_unit: Unit of the coordinates in the file, which holds numbers alone; none: refused" in told
    assert 'unless it is said: "membrane"' in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bax",), r"neither a file nor a model .*shapes: .*box"),
        (("box", "size"), "no KEY=VALUE"),
        (("box", "sizes=[1, 1, 1]"), "Did you mean 'size'"),
        ((*BOX, "symmetry=[x]"), r"""symmetry=\[x\] is no list .*around them: symmetry='\["x"\]'"""),
        (("box", "size=[300 nm, 0.3, 200 nm]"), r"""size='\["300 nm", 0\.3, "200 nm"\]'"""),
        (("box", "obstacles=[{centre = [0, 0, 80 nm]}]"), r"'obstacles=…'"),
        (("keller2015", "size=3"), "a model says its keys itself"),
        ((*BOX, "--bulk", "3 apples"), "apples"),
        ((*BOX, "--out", "box.stl"), "is not a mesh format"),
        ((*BOX, "--out", "nowhere/box.msh"), r"cannot write box\.msh: there is no folder nowhere; make it"),
        ((*BOX, 'size=["1 um", 1, 1]'), r"size is said twice, \['300 nm', .*'1 um'"),
        ((*BOX, "--fine", "100 nm", "--bulk", "0.05 um"), r"--fine '100 nm' is longer than --bulk '0\.05 um'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_before_there_is_a_mesh(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rdcalcium.geometry.builders.tetrahedra_of", lambda model: pytest.fail("it is meshed"))
    found = call(*words)
    assert found.exit_code
    assert re.search(said, f"{found.output} {found.exception}")
