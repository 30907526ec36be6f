"""The command that makes meshes, and says what they are like."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import rdcalcium as rc
from rdcalcium.cli.commands import cli

BOX = ("box", 'size=["300 nm", "300 nm", "200 nm"]')
VESICLE = 'obstacles=[{centre = [0, 0, "80 nm"], radius = "40 nm"}]'


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, ["mesh", *words])


def test_a_shape_becomes_a_file_with_its_volume_and_surfaces_told(tmp_path: Path) -> None:
    file = tmp_path / "box.msh"
    told = call(*BOX, "--bulk", "100 nm", "--out", str(file)).output
    assert "volume 0.018 um^3" in told
    assert "surface membrane: 0.09 um^2" in told
    made = rc.read_mesh(file, "um")
    assert made.volumes().sum() == pytest.approx(0.018)
    assert set(made.surfaces) == {"membrane", "x_min", "x_max", "y_min", "y_max", "z_max"}


def test_what_stands_in_a_shape_is_told_as_in_a_model_file(tmp_path: Path) -> None:
    told = call(*BOX, VESICLE, "--bulk", "100 nm", "--out", str(tmp_path / "box.vtu")).output
    assert "surface vesicles" in told


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


def test_without_a_name_every_shape_tells_its_keys() -> None:
    told = call().output
    assert "box: A box" in told
    assert "  size: Extent of the whole box" in told
    assert "  symmetry (may be left out)" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bax",), r"neither a file nor a model .*shapes: .*box"),
        (("box", "size"), "no KEY=VALUE"),
        (("box", "sizes=[1, 1, 1]"), "Did you mean 'size'"),
        (("keller2015", "size=3"), "a model says its keys itself"),
        ((*BOX, "--bulk", "3 apples"), "apples"),
        ((*BOX, "--bulk", "100 nm", "--out", "box.stl"), "is not a mesh format"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(words: tuple[str, ...], said: str) -> None:
    found = call(*words)
    assert found.exit_code

    assert re.search(said, f"{found.output} {found.exception}")
