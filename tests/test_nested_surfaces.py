"""Closed sheets in each other: cavities of a terminal, islands in these, and what obstacles have within them."""

from __future__ import annotations

import numpy as np
import pytest

from rdcalcium.discretization.build import discretized
from rdcalcium.geometry import surface_mesh
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.meshing import Meshed, misfilled
from rdcalcium.geometry.spaces import space_of, spaces
from rdcalcium.library import resolve
from rdcalcium.surfaces.closed import mended
from rdcalcium.surfaces.triangles import named
from rdcalcium.units import NM_PER_UM, figures
from tests.surface_files import icosphere, write_binary_stl
from tests.test_surfaces import volume


def nested(*radii, times=2):
    """Spheres in each other, corners (n, 3) and triangles (m, 3), with a volume for each."""
    points, faces = icosphere(1.0, times)
    several = np.vstack([faces + k * len(points) for k in range(len(radii))])
    return np.vstack([radius * points for radius in radii]), several, volume(points, faces) * np.array(radii) ** 3


def test_a_cavity_is_one_whichever_way_its_triangles_are_turned():
    points, faces, (ball, cavity) = nested(1.0, 0.5)
    some = np.random.default_rng(0).random(len(faces)) < 0.5
    faces[some] = faces[some][:, ::-1]
    assert mended(named(points, faces))[0].volume() == pytest.approx(ball - cavity)


@pytest.mark.parametrize("kind", ["grid", "tetrahedra"])
def test_what_is_within_an_obstacle_is_no_cytosol(tmp_path, monkeypatch, kind):
    """Nor are cavities of the terminal, of which this one has one beside the obstacle."""
    ball, sides, (whole,) = nested(0.5, times=1)
    points, faces, (outer, _) = nested(0.18, 0.1, times=1)
    write_binary_stl(tmp_path / "mitochondrion.stl", points, faces)
    away, far = icosphere(0.15, 1)
    both = np.vstack([ball, away + np.array([0.2, 0, 0])]), np.vstack([sides, far + len(ball)])
    write_binary_stl(tmp_path / "terminal.stl", *both)
    inner = {"kind": "surface", "name": "mitochondrion", "file": "mitochondrion.stl", "length_unit": "um"}
    geometry = {"kind": "surface", "file": "terminal.stl", "length_unit": "um"}
    tables = {
        "geometry": {**geometry, "obstacles": [{**inner, "offset": [-0.2, 0, 0]}]},
        "discretization": {"kind": kind, "size_at_active_zone": 0.1, "size_in_bulk": 0.1},
        "probes": [{"name": "between", "position": [0, 0.2, 0]}],
        "run": {"duration": 0.01},
    }
    model = resolve(tables, folder=tmp_path)
    monkeypatch.setattr(surface_mesh, "FOLLOWED", 1e-4)
    mesh = build(model) if kind == "tetrahedra" else None
    found, wanted = discretized(model, mesh or build(model)).total_volume, whole - outer - volume(away, far)
    assert found == pytest.approx(wanted, rel=0.02)
    if mesh:
        said = f"the tetrahedra fill {figures(found)} um^3 of the {figures(wanted)} um^3 that the surfaces enclose"
        assert mesh.remarks[-1].startswith(said)
    (said,) = (remark for remark in model.geometry.remarks if "closed sheets within others: 1, around " in remark)
    assert said.endswith(f"; left out, for what is within an obstacle is no cytosol: it takes {figures(outer)} um^3")


def test_spaces_lie_between_sheets_and_points_in_the_innermost():
    """An island in a cavity of a terminal that has a second part, and in the island a store."""
    points, faces, volumes = nested(1.0, 0.8, 0.5)
    second, sides = icosphere(0.3, 2)
    terminal = named(np.vstack([points, second + np.array([2, 0, 0])]), np.vstack([faces, sides + len(points)]))
    store = named(*icosphere(0.2, 2))
    parts, found = spaces([terminal, store], [1])
    small, other = store.volume(), volume(second, sides)
    wanted = [volumes[0] - volumes[1], volumes[2] - small, other, small]
    assert sorted(space.volume for space in found) == pytest.approx(sorted(wanted))
    at = np.array([[0.9, 0, 0], [0.4, 0, 0], [2, 0, 0], [0.1, 0, 0], [1.001, 0, 0]])
    assert [found[k].volume for k in space_of(at, parts, found)] == pytest.approx([*wanted, wanted[0]])


def test_tetrahedra_between_surfaces_that_enclose_another_volume_are_not_taken():
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * NM_PER_UM
    made = Meshed(corners, np.array([[0, 1, 2, 3]]), {7: slice(0, 1)}, {}, frozenset())
    assert misfilled(made, {7: 1 / 6}) == ""
    assert misfilled(made, {7: 0.15}) == "tetrahedra of 0.167 um^3 between surfaces that enclose 0.15 um^3"
