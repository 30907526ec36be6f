"""Surfaces of segmentations: stairs of voxels are smoothed, needless triangles joined, and the rest is meshed."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvista

import rdcalcium as rc
from rdcalcium import advice
from rdcalcium.errors import InputError
from rdcalcium.geometry import remeshed as again
from rdcalcium.geometry.builders import build
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.meshing import gmsh_model
from rdcalcium.geometry.remeshed import remeshed
from rdcalcium.geometry.sizes import Sizes
from rdcalcium.geometry.surface_samples import turning
from rdcalcium.geometry.unmeshed import UnmeshedError, cannot_mesh
from rdcalcium.library import resolve
from rdcalcium.results.provenance import scene
from rdcalcium.results.scene import Scene
from rdcalcium.solids import Surface
from rdcalcium.surfaces import Triangles, closed
from rdcalcium.surfaces.collapsing import collapsed
from rdcalcium.surfaces.distance import Distances
from rdcalcium.surfaces.edges import edges_of, mean_edge, sharp_edges
from rdcalcium.surfaces.handles import handles, narrowest_loop
from rdcalcium.surfaces.simplifying import simplified
from rdcalcium.surfaces.smoothing import smoothed
from rdcalcium.surfaces.triangles import named
from rdcalcium.system import build_system
from tests.surface_files import CORNERS, SIDES, icosphere, write_ply
from tests.test_tetrahedra import slowest_modes

VOXEL = 0.01  # µm
CUBE = named(CORNERS, SIDES)


def voxels(radius: float, *centres: tuple[float, float, float]) -> Triangles:
    """Balls as marching cubes finds them in a stack of labels, 0 and 1."""
    middles = np.array(centres)
    low, high = middles.min(axis=0) - radius - 2 * VOXEL, middles.max(axis=0) + radius + 2 * VOXEL
    ticks = [np.arange(a, b, VOXEL) for a, b in zip(low, high, strict=True)]
    places = np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1)
    labels = (np.linalg.norm(places[..., None, :] - middles, axis=-1) < radius).any(axis=-1)
    image = pyvista.ImageData(dimensions=labels.shape, spacing=(VOXEL,) * 3, origin=low)
    image.point_data["label"] = labels.ravel(order="F").astype(float)
    found = image.contour([0.5], method="marching_cubes").triangulate().clean()
    return named(np.asarray(found.points, dtype=float), found.regular_faces)


def area(triangles: Triangles) -> float:
    return sum(triangles.areas().values())


def is_closed(triangles: Triangles) -> bool:
    return bool((edges_of(triangles.faces).count == 2).all())


def bumpy(wavelength: float) -> Triangles:
    """A ball of radius 1 with bumps of 1 % of it along z."""
    points, faces = icosphere(1.0, 5)
    return named(points * (1 + 0.01 * np.sin(2 * np.pi * points[:, 2:] / wavelength)), faces)


def test_stairs_of_a_ball_are_smoothed_away_and_its_volume_stays() -> None:
    """They have 7 % more area than a ball of their volume; no corner has to go further than a voxel."""
    stairs = voxels(0.12, (0.003, 0.001, 0.0047))
    ball = (36 * np.pi * stairs.volume() ** 2) ** (1 / 3)
    assert area(stairs) / ball > 1.07
    made, (said,) = smoothed(stairs, 10 * VOXEL)
    assert area(made) / ball == pytest.approx(1, abs=0.005)
    assert made.volume() == pytest.approx(stairs.volume(), rel=1e-6)
    assert np.linalg.norm(made.points - stairs.points, axis=1).max() < VOXEL
    assert said.startswith("smoothed over 100 nm: corners moved by")


def test_each_sheet_keeps_its_volume() -> None:
    both = voxels(0.04, (0, 0, 0), (0.003, 0.002, 0.12))
    made, _ = smoothed(both, 0.1)
    upper = both.points[both.faces].mean(axis=1)[:, 2] > 0.06
    for half in (upper, ~upper):
        old, new = (named(one.points, one.faces[half]).volume() for one in (both, made))
        assert new == pytest.approx(old, rel=1e-6)


@pytest.mark.parametrize(("wavelength", "left"), [(0.15, 0.1), (1.5, 1.0)])
def test_bumps_shorter_than_the_length_go_and_longer_ones_stay(wavelength: float, left: float) -> None:
    rough = bumpy(wavelength)
    made, _ = smoothed(rough, 0.5)
    away = np.abs(rough.points[:, 2]) < 0.7  # towards the poles bumps are longer on the ball than along z
    before, after = (np.std(np.linalg.norm(one.points[away], axis=1)) for one in (rough, made))
    if left < 1:
        assert after < left * before
    else:
        assert after == pytest.approx(before, rel=0.1)


def test_what_has_no_bumps_so_short_stays_and_that_is_told() -> None:
    made, (said,) = smoothed(CUBE, 0.5)
    assert made is CUBE
    assert said.startswith("no bumps are shorter than 500 nm")


def test_a_simpler_surface_is_as_near_as_asked_and_closed() -> None:
    points, faces = icosphere(1.0, 5)
    upper = (points[faces].mean(axis=1)[:, 2] > 0).astype(int)
    old = Triangles(points, faces, ("lower", "upper"), upper)
    for within in (0.003, 0.02):
        made, (said,) = simplified(old, within)
        assert len(made.faces) < len(faces) / 2 + 1
        assert Distances(made).nearest(points).distance.max() <= within
        assert is_closed(made)
        assert made.volume() == pytest.approx(old.volume(), rel=within)
        assert made.areas()["upper"] == pytest.approx(2 * np.pi, rel=0.03)
        assert f"8,192 triangles made {len(made.faces):,}" in said
    assert simplified(old, 1e-6) == (old, [])


def test_short_edges_are_drawn_together_and_what_is_held_stays() -> None:
    """A corner of a sphere is put beside its neighbour: one of them is left, and the surface is closed."""
    points, faces = icosphere(1.0, 3)
    a, b = faces[0, :2]
    points[b] = points[a] + 0.01 * (points[b] - points[a])
    for kept in (a, b):
        held = np.arange(len(points)) == kept
        made = collapsed(named(points, faces), np.full(len(points), 0.05), held)
        assert len(made.points) == len(points) - 1
        assert is_closed(made)
        assert np.linalg.norm(made.points - points[kept], axis=1).min() == 0
        assert made.volume() == pytest.approx(named(points, faces).volume(), rel=1e-3)


def test_an_edge_whose_collapse_would_pinch_the_surface_stays() -> None:
    """Around a tube of three sides every ring is a triangle that is no face: no side of one may go."""
    rings = [[np.cos(k * 2 * np.pi / 3), np.sin(k * 2 * np.pi / 3), 10 * z] for z in range(4) for k in range(3)]
    sides = [[3 * z + k, 3 * z + (k + 1) % 3, 3 * z + 3 + k] for z in range(3) for k in range(3)]
    sides += [[3 * z + (k + 1) % 3, 3 * z + 3 + (k + 1) % 3, 3 * z + 3 + k] for z in range(3) for k in range(3)]
    tube = named(np.array(rings), np.array([*sides, [2, 1, 0], [9, 10, 11]]))
    assert is_closed(tube)
    inner = np.isin(np.arange(12), [3, 4, 5, 6, 7, 8])
    made = collapsed(tube, np.where(inner, 5.0, 0.0), np.zeros(12, dtype=bool))
    assert len(made.faces) == len(tube.faces)


def test_how_round_triangles_are_is_the_radius_of_their_ball() -> None:
    assert np.median(turning(named(*icosphere(0.3, 3)))) == pytest.approx(0.3, rel=0.05)
    assert np.isinf(turning(CUBE)).all()


def terminal(folder: Path, stairs: Triangles, **geometry: Any) -> rc.Model:
    write_ply(folder / "bouton.ply", 1000 * stairs.points, stairs.faces)
    tables = {
        "geometry": {"kind": "surface", "file": "bouton.ply", "length_unit": "nm", **geometry},
        "discretization": {"kind": "tetrahedra", "size_at_active_zone": "5 nm", "size_in_bulk": "25 nm"},
        "run": {"duration": 0.01},
    }
    return resolve(tables, folder=folder)


def test_a_segmentation_is_meshed_and_diffusion_in_it_is_that_in_a_ball(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """j₁'(kR) = 0 at kR = 2.081576 for the slowest three modes; what is being done and all that was done is told."""
    monkeypatch.setattr(closed, "MANY", 1000)
    caplog.set_level(logging.INFO, "rdcalcium")
    stairs = voxels(0.12, (0.003, 0.001, 0.0047))
    model = terminal(tmp_path, stairs, smoothing="100 nm")
    mesh = build(model)
    assert isinstance(mesh, TetrahedralMesh)
    volume = stairs.volume()
    assert mesh.volumes().sum() == pytest.approx(volume, rel=0.02)
    assert mesh.areas()["membrane"] == pytest.approx(4 * np.pi * 0.12**2, rel=0.025)
    radius = (3 * volume / 4 / np.pi) ** (1 / 3)
    rates, _ = slowest_modes(mesh, 3)
    assert rates * radius**2 == pytest.approx(2.0815759778**2, rel=0.025)
    said = " ".join((*model.geometry.remarks, *mesh.remarks))
    assert "smoothed over 100 nm" in said
    assert f"bouton.ply: {len(stairs.faces):,} triangles made" in said
    expected = ("put together, and searched for holes", "smoothed over 100 nm", "joined as far as corners stay within")
    *told, last = caplog.messages
    assert len(told) == len(expected)
    for line, what in zip(told, expected, strict=True):
        assert re.fullmatch(rf"bouton\.ply: [\d,]+ triangles are {what}.*, which takes about \d+ s", line)
    assert re.fullmatch(r"Gmsh meshes bouton\.ply, [\d,]+ triangles, .* nodes; it is stopped after \d+ s", last)


def test_a_rough_surface_is_meshed_without_the_sharp_edges_that_end_in_the_midst_of_it() -> None:
    """Gmsh takes none of its edges that are bent by more than 40 degrees, for they bound nothing."""
    points, faces = icosphere(1.0, 4)
    rough = named(points * (1 + 0.03 * np.random.default_rng(1).standard_normal((len(points), 1))), faces)
    assert sharp_edges(rough, np.radians(40)) > 0.1
    with gmsh_model() as gmsh:
        made = remeshed(gmsh, Surface(closed.ClosedSurface(rough)), Sizes(0.3, 0.3), np.zeros((0, 3)))
    assert is_closed(made)
    assert made.volume() == pytest.approx(rough.volume(), rel=0.1)


def ring(radius: float, thickness: float, at: float = 0.0) -> Triangles:
    """A torus around the z axis, which has one handle."""
    a, b = np.meshgrid(np.linspace(0, 2 * np.pi, 24, endpoint=False), np.linspace(0, 2 * np.pi, 12, endpoint=False))
    out = radius + thickness * np.cos(b)
    points = np.stack([at + out * np.cos(a), out * np.sin(a), thickness * np.sin(b)], axis=-1).reshape(-1, 3)
    number = np.arange(24 * 12).reshape(12, 24)
    right, up = np.roll(number, -1, axis=1), np.roll(number, -1, axis=0)
    across = np.roll(right, -1, axis=0)
    corners = [np.stack(of, axis=-1).reshape(-1, 3) for of in ((number, right, across), (number, across, up))]
    return named(points, np.vstack(corners))


def test_handles_are_counted_and_the_narrowest_is_found() -> None:
    """Two rings, one of them thin: 12 sides of its thickness go round it, at 5 µm and its radius from the middle."""
    thick, thin = ring(1.0, 0.3), ring(1.0, 0.1, 5.0)
    both = named(np.vstack([thick.points, thin.points]), np.vstack([thick.faces, thin.faces + len(thick.points)]))
    made, remarks = closed.mended(both)
    assert any(said.startswith("2 handles (arms that come back, or tunnels") for said in remarks)
    assert handles(made)
    length, middle = narrowest_loop(thin)
    assert length == pytest.approx(24 * 0.1 * np.sin(np.pi / 12))
    assert np.hypot(middle[0] - 5.0, middle[1]) == pytest.approx(1.0)
    assert not handles(named(*icosphere(1.0, 2)))


def test_a_smoothing_that_makes_a_surface_go_through_itself_is_told_with_others_that_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points, faces = icosphere(100.0, 3)

    def through(triangles: Triangles, length: float) -> tuple[Triangles, list[str]]:
        """A corner goes out at the other side with one length alone."""
        factors = np.where(np.arange(len(points)) == 0, -1.5 if length == pytest.approx(0.06) else 1.0, 1.0)
        return named(triangles.points * factors[:, None], triangles.faces), []

    monkeypatch.setattr(closed, "smoothed", through)
    said = r'only when it is smoothed over 60 nm: .*; try smoothing = "80 nm" or "120 nm" or "40 nm", which it stands'
    with pytest.raises(InputError, match=said):
        terminal(tmp_path, named(points / 1000, faces), smoothing="60 nm")


def test_what_gmsh_makes_with_sharp_edges_has_to_enclose_something_or_they_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Gmsh has made surfaces that were open, or went through themselves, of which none can be filled."""
    ball, asked = Surface(closed.ClosedSurface(named(*icosphere(1.0, 3)))), []

    def crossed(triangles: Triangles) -> np.ndarray:
        asked.append(triangles)
        return np.array([[0, 1]]) if len(asked) < most else np.zeros((0, 2), dtype=np.int64)

    monkeypatch.setattr(again, "crossings", crossed)
    with gmsh_model() as gmsh:
        most = 3
        assert is_closed(remeshed(gmsh, ball, Sizes(0.5, 0.5), np.zeros((0, 3))))
        assert len(asked) == most
        most = 100
        with pytest.raises(UnmeshedError, match=r"its surface was made to go through itself at \("):
            remeshed(gmsh, ball, Sizes(0.5, 0.5), np.zeros((0, 3)))


def test_what_gmsh_cannot_mesh_is_told_with_what_has_not_been_tried(tmp_path: Path) -> None:
    stairs = voxels(0.12, (0.003, 0.001, 0.0047))
    trouble = UnmeshedError("tetrahedra without volume", 0)
    for smoothing, said in (
        (None, 'smoothing = "100 nm", below'),
        ("90 nm", 'smoothing = "140 nm" or "60 nm" instead'),
    ):
        more = {"smoothing": smoothing} if smoothing else {}
        told = str(cannot_mesh(terminal(tmp_path, stairs, **more).geometry, trouble, 0.0015))
        assert told.startswith("Gmsh cannot mesh bouton.ply, of ")
        assert "(tetrahedra without volume): try " + said in told
        assert 'simplification = "3 nm" instead of 1.5 nm, or [discretization] kind = "grid"' in told
        assert "vesicle" not in told


def test_stairs_are_no_membrane_for_tetrahedra_and_a_length_is_proposed(tmp_path: Path) -> None:
    stairs = voxels(0.12, (0.003, 0.001, 0.0047))
    assert sharp_edges(stairs, np.radians(30)) > 0.2
    assert mean_edge(stairs) == pytest.approx(VOXEL, rel=0.05)
    with pytest.raises(InputError, match=r"% of the edges of bouton\.ply are bent .* smoothing = \"100 nm\", about"):
        build(terminal(tmp_path, stairs))


@pytest.mark.parametrize(("noise", "covered", "warned"), [(0.04, False, True), (0.0, False, False), (0.0, True, False)])
def test_cells_that_lose_membrane_of_a_rough_surface_are_told(
    tmp_path: Path, noise: float, covered: bool, warned: bool
) -> None:
    """Pumps go by area. What an obstacle covers is no membrane, and no cell has lost it."""
    points, faces = icosphere(0.3, 4)
    rough = named(points * (1 + noise * np.random.default_rng(1).standard_normal((len(points), 1))), faces)
    cells = {"kind": "grid", "size_at_active_zone": "60 nm"}
    more = {"obstacles": [{"centre": [0.0, 0.0, 0.3], "radius": 0.2}]} if covered else {}
    model = terminal(tmp_path, rough, **more).changed(discretization=cells, pumps=[{"use": "PMCA_matveev2006"}])
    told = [line for line in rc.check(model) if "um^2 of its triangles" in line]
    assert len(told) == warned
    if covered:
        assert model.geometry.areas_of_file()["membrane"] == pytest.approx(0.09 * np.pi * (4 - 4 / 9), rel=0.02)
    if warned:
        assert told[0].startswith("warning: the cells have ")
        assert told[0].removeprefix("warning: ") in advice.resolution_warnings(
            model, build_system(model, rc.discretize(model))
        )


def test_run_json_holds_a_surface_of_few_triangles_as_near_as_a_picture_shows(tmp_path: Path) -> None:
    stairs = voxels(0.12, (0.003, 0.001, 0.0047))
    grid = {"kind": "grid", "size_at_active_zone": "60 nm"}
    model = terminal(tmp_path, stairs, smoothing="100 nm").changed(discretization=grid)
    drawn = Scene.from_json(scene(model, rc.discretize(model)).to_json()).outline
    assert isinstance(drawn, Surface)
    assert len(drawn.surface.triangles.faces) < len(stairs.faces) / 2 + 1
    assert np.abs(drawn.depth(model.geometry.closed.triangles.points)).max() < 3e-3 * 0.25
