"""Surfaces in perspective: smooth, closed where they meet, and facing outwards."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from rdcalcium.discretization.base import CellComplex
from rdcalcium.model.shapes.calyx_lobe import CalyxLobe
from rdcalcium.solids import Ball, Block, Common, Joined, Solid, Without, slopes
from rdcalcium.view import bodies
from rdcalcium.view.bodies import NORMALS, surface_of
from rdcalcium.view.offscreen import prepare
from rdcalcium.view.passes import smooth_and_peeled
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.spot import spot_of
from rdcalcium.view.still import facing
from rdcalcium.view.wall import Wall, wall_of
from tests.test_view import make_run

BALL = Ball((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
LOBE = CalyxLobe(radius=5.0, thickness=0.5, extent=2.0)
SHELL = 1 - np.cos(0.2)  # of a sphere, what the lobe covers, times 2


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SAMPLES", 30_000)


@pytest.mark.parametrize(
    ("body", "area"),
    [
        (BALL, 4 * np.pi),
        (Joined((BALL, Ball((0.0, 0.0, 1.0), (1.0, 1.0, 1.0)))), 6 * np.pi),
        (Common((BALL, Block((-2.0, -2.0, 0.0), (2.0, 2.0, 2.0)))), 3 * np.pi),
        (Without(BALL, (Ball((0.0, 0.0, 1.0), (1.0, 1.0, 1.0)),)), 4 * np.pi),
        (LOBE.outline, 2 * np.pi * SHELL * (5.0**2 + 5.5**2) + np.pi * np.sin(0.2) * (5.5**2 - 5.0**2)),
    ],
)
def test_the_surface_of_a_body_has_its_area_and_faces_outwards(body: Solid, area: float) -> None:
    """Parts of spheres: the caps that are cut off are as high as half a radius, or as a whole one."""
    surface = surface_of(body, LOBE.corners if body == LOBE.outline else None).triangulate()
    assert surface.area == pytest.approx(area, rel=0.01)
    points = np.asarray(surface.points, dtype=float)
    assert np.abs(body.depth(points)).max() < 0.02
    corners = points[surface.regular_faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    big = np.linalg.norm(normals, axis=1) > 1e-6
    outwards = -slopes(body, corners.mean(axis=1))
    assert ((normals * outwards).sum(axis=1)[big] > 0).mean() > 0.995
    assert ((surface.point_data[NORMALS] * -slopes(body, points)).sum(axis=1) > 0).mean() > 0.95


def cubes(counts: tuple[int, int, int], size: float) -> CellComplex:
    """Cubes from (0, 0, 0) on, each cut into the six tetrahedra around its diagonal."""
    points = size * np.stack(np.meshgrid(*map(np.arange, np.add(counts, 1)), indexing="ij"), axis=-1).reshape(-1, 3)
    number = np.arange(len(points)).reshape(np.add(counts, 1))
    cells = []
    for x, y, z in np.ndindex(counts):
        for order in itertools.permutations(np.eye(3, dtype=int)):
            corners = np.cumsum([[x, y, z], *order], axis=0)
            turn = [0, 1, 2, 3] if np.linalg.det(order) > 0 else [1, 0, 2, 3]
            cells.append([number[tuple(corners[k])] for k in turn])
    return CellComplex(points, np.array(cells), "point", np.arange(len(points)))


def test_where_only_tetrahedra_are_known_the_wall_is_where_they_end(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", cubes((6, 4, 3), 0.05))
    low, high = np.zeros(3), np.array([0.3, 0.2, 0.15])
    assert wall_of(RunFolder(made).scene, low, high) is None  # its membrane is a plane
    about = json.loads((made / "run.json").read_text())
    about["scene"] |= {"membrane": None, "channels": [{"name": "Ca", "position": [0.3, 0.1, 0.075]}], "sensors": []}
    (made / "run.json").write_text(json.dumps(about))
    run = RunFolder(made)
    np.testing.assert_allclose(spot_of(run).axes[2], [-1, 0, 0], atol=2e-3)  # away from the wall, into the cytosol
    surface = wall_of(run.scene, low - 1, high + 1)
    assert surface is not None
    assert surface.area == pytest.approx(2 * (0.3 * 0.2 + 0.3 * 0.15 + 0.2 * 0.15))
    assert ((surface.points - high / 2) * surface.point_data[NORMALS]).sum(axis=1).min() > 0
    far, near = facing(surface, np.array([10.0, -20.0, 10.0]))
    assert near.area + far.area == pytest.approx(surface.area)
    assert near.area == pytest.approx(surface.area / 2)  # three sides of the box
    peak, rest = (Wall(run, surface).show(index).point_data["Ca (uM)"].max() for index in (4, 0))
    assert peak > 50 * rest


def test_what_is_between_glass_and_a_wall_is_seen() -> None:
    """Three squares behind one another: a half of white that is seen through, as much of red, and black."""
    prepare()
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=[60, 40])
    plotter.renderer.SetPass(smooth_and_peeled())
    plotter.disable_anti_aliasing()
    for depth, colour in ((0.0, (0, 0, 0, 255)), (2.0, (255, 255, 255, 128)), (1.0, (255, 0, 0, 128))):
        square = pyvista.Plane(center=(0, 0, depth), i_size=4, j_size=4)
        square.point_data["rgba"] = np.tile(np.array(colour, dtype=np.uint8), (square.n_points, 1))
        plotter.add_mesh(square, scalars="rgba", rgba=True, lighting=False, show_scalar_bar=False, render=False)
    plotter.view_xy(render=False)
    seen = np.asarray(plotter.screenshot(return_img=True))[20, 30].astype(int)
    plotter.close()
    np.testing.assert_allclose(seen, [128 + 64, 128, 128], atol=4)
