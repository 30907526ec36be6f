"""Flat pictures of terminals: where they are drawn, and that calcium is where cytosol is, and nowhere else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdcalcium.errors import InputError
from rdcalcium.solids import Ball, Frustum, Joined, Solid, to_data
from rdcalcium.view import canvas, figures, flat, sheet
from rdcalcium.view.canvas import new_figure
from rdcalcium.view.field import frame_of
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.spot import direction, spot_of
from tests import test_view

BALL = Ball((0.0, 0.0, 0.3), (0.3,) * 3)
PEDESTAL, TABLE = 0.03, 0.08  # radii, µm
T_BAR = Joined(
    (
        Frustum((0.0, 0.0, -0.01), (0.0, 0.0, 0.06), PEDESTAL, PEDESTAL, ("T-bar",) * 3),
        Frustum((0.0, 0.0, 0.05), (0.0, 0.0, 0.065), TABLE, TABLE, ("T-bar",) * 3),
    )
)
LINE = [(0.1 * np.cos(0.5) * k, 0.1 * np.sin(0.5) * k, 0.0) for k in (-1, 0, 1)]  # of channels


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_view, "VESICLES", [])
        cells = test_view.hexahedra()
    return test_view.make_run(tmp_path_factory.mktemp("sections") / "box", cells)


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to judge areas to some per cent."""
    monkeypatch.setattr(sheet, "RASTER", 100)
    monkeypatch.setattr(canvas, "DOTS_PER_INCH", 50)


def with_scene(run: Path, folder: Path, bodies: tuple[Solid, ...] = (), **scene: Any) -> RunFolder:
    """The run with another scene."""
    made = shutil.copytree(run, folder)
    about = json.loads((made / "run.json").read_text())
    scene = {"spheres": [], "bodies": [{"name": "T-bar", "solid": to_data(body)} for body in bodies], **scene}
    about["scene"] |= scene
    (made / "run.json").write_text(json.dumps(about))
    return RunFolder(made)


def named(points: list[tuple[float, ...]]) -> list[dict[str, Any]]:
    return [{"name": f"{i}", "position": list(point)} for i, point in enumerate(points)]


def hidden(run: RunFolder, shown: sheet.Sheet) -> float:
    """Area (µm²) of a picture in which no colour of calcium is seen."""
    axis = new_figure((2, 2)).subplots()
    _, calcium, _ = flat.draw_sheet(axis, run, shown, 4)
    return float(np.ma.getmaskarray(calcium).sum() * shown.spacing**2)


def test_what_a_plane_cuts_hides_calcium_and_what_it_does_not_cut_hides_none(box: Path, tmp_path: Path) -> None:
    run = with_scene(box, tmp_path / "run", bodies=(T_BAR,))
    spot = spot_of(run, (0.0, 0.0, 0.0))
    close = np.array([0.1, 0.1])
    for height, radius in ((0.003, PEDESTAL), (0.057, TABLE), (0.1, 0.0)):
        level = sheet.plane_sheet(np.array([0, 0, height]), np.eye(3), -close, close, 200)
        assert hidden(run, level) == pytest.approx(np.pi * radius**2, rel=0.03)
    whole, zone = sheet.across(spot)
    assert zone is not None
    upright = sheet.plane_sheet(spot.point, whole.axes, np.array([-0.1, 0.0]), np.array([0.1, 0.1]), 200)
    assert hidden(run, upright) == pytest.approx(2 * PEDESTAL * 0.05 + 2 * TABLE * 0.015, rel=0.06)
    assert np.abs(zone.extent[:2]).min() > TABLE  # all of it is in the picture
    assert zone.extent[3] > 0.065


def test_a_section_shows_the_whole_terminal_and_nothing_beyond_it(box: Path, tmp_path: Path) -> None:
    outline = {"outline": to_data(BALL), "membrane": None, "channels": named([(0.0, 0.0, 0.0)]), "sensors": []}
    run = with_scene(box, tmp_path / "run", **outline)
    spot = spot_of(run)
    np.testing.assert_allclose(spot.axes[2], [0, 0, 1], atol=1e-6)  # into the cytosol
    for normal in (None, np.array([1.0, 1.0, 0.0])):
        whole, _ = sheet.across(spot, normal)
        seen = np.ptp(whole.u) * np.ptp(whole.v) - hidden(run, whole)
        assert seen == pytest.approx(np.pi * 0.3**2, rel=0.03)
    through_the_side, _ = sheet.across(replace(spot, point=np.array([0.0, 0.0, 0.1])), np.array([0.0, 0.0, 1.0]))
    seen = np.ptp(through_the_side.u) ** 2 - hidden(run, through_the_side)
    assert seen == pytest.approx(np.pi * (0.3**2 - 0.2**2), rel=0.03)


def test_along_a_curved_membrane_every_point_is_as_far_from_it(box: Path, tmp_path: Path) -> None:
    on_ball = BALL.centre + 0.3 * np.array([0.6, 0.0, 0.8])
    outline = {"outline": to_data(BALL), "membrane": None, "channels": named([tuple(on_ball)]), "sensors": []}
    spot = spot_of(with_scene(box, tmp_path / "run", **outline))
    np.testing.assert_allclose(spot.axes[2], [-0.6, 0.0, -0.8], atol=1e-6)
    shown = sheet.over_membrane(RunFolder(tmp_path / "run"), spot, close=False)
    np.testing.assert_allclose(BALL.depth(shown.points.reshape(-1, 3)), 0.003, atol=2e-5)
    np.testing.assert_allclose(shown.shown(on_ball[None]), [[0, 0]], atol=1e-6)
    assert len(shown.shown(np.array([-on_ball + 2 * np.array(BALL.centre)]))) == 0  # on the other side


def test_a_section_goes_where_the_channels_are(box: Path, tmp_path: Path) -> None:
    run = with_scene(box, tmp_path / "run", channels=named(LINE), sensors=[])
    whole, zone = sheet.across(spot_of(run))
    assert zone is not None
    assert len(zone.shown(np.array(LINE))) == 3
    assert whole.axes[0] @ [np.cos(0.5), np.sin(0.5), 0] > 0.999
    _, other = sheet.across(spot_of(run), direction("-0.48, 0.88, 5"))
    assert other is not None
    np.testing.assert_allclose(np.abs(other.axes[2] @ [-0.48, 0.88, 5]), np.linalg.norm([0.48, 0.88, 5]))


def test_the_largest_group_of_channels_is_looked_at_unless_another_place_is_named(box: Path, tmp_path: Path) -> None:
    far = [(-0.35, -0.35, 0.0), (-0.3, -0.35, 0.0)]
    run = with_scene(
        box, tmp_path / "run", channels=named([*far, *((x, y, 0.0) for x in (0.2, 0.3) for y in (0.2, 0.3))])
    )
    np.testing.assert_allclose(spot_of(run).point, [0.25, 0.25, 0])
    np.testing.assert_allclose(spot_of(run, "100 nm, -0.1, 0").point, [0.1, -0.1, 0])
    with pytest.raises(InputError, match="there is no active zone 'az1', nor is it a point such as"):
        spot_of(run, "az1")
    with pytest.raises(InputError, match=r"\(0, 0, -100\) nm is outside the terminal"):
        spot_of(run, (0.0, 0.0, -0.1))
    for wrong in ("0, 0, 0", "1, 2", "up", (np.nan, 0.0, 1.0)):
        with pytest.raises(InputError, match="three numbers, not all 0"):
            direction(wrong)


def test_the_zone_with_most_channels_is_looked_at_and_any_other_by_its_name(box: Path, tmp_path: Path) -> None:
    run = with_scene(box, tmp_path / "run", channels=named(LINE))
    heading = "kind,name,number,zone,x (um),y (um),z (um),radius (um),u (um),v (um)"
    rows = [f"active zone,az{i},1,az{i},{x},0,0,0.05,0,0" for i, x in enumerate((-0.2, 0.0))]
    rows += [f"channel,Ca,{k},az1,0,0,0,0,0,0" for k in (1, 2, 3)]
    (run.path / "placement.csv").write_text("\n".join([heading, *rows]) + "\n")
    assert spot_of(run).where == "az1 at (0, 0, 0) nm"
    assert spot_of(run, "az0").where == "az0 at (-200, 0, 0) nm"
    assert run.zones.shape == (2, 4)
    with pytest.raises(InputError, match=r"active zones: az0, az1\. Did you mean 'az1'"):
        spot_of(run, "az11")


@pytest.mark.filterwarnings("error")
def test_pictures_of_a_place_are_called_after_it_and_have_room_for_their_words(box: Path, tmp_path: Path) -> None:
    long = [
        {"name": "a name of a sensor that is as long as they come, as of papers 2000 " + i, "position": [0, 0, 0.002]}
        for i in "12"
    ]
    run = with_scene(box, tmp_path / "run", bodies=(T_BAR,), sensors=long)
    there = run.path / "there.png"
    figures.plane(run.path, there, at="50 nm, 0, 0")
    figures.section(run.path, there, at="50 nm, 0, 0", normal="1, 0, 0")
    assert figures._in_a_name("50 nm, 0, 0") == "_50_nm_0_0"
    assert figures._in_a_name((1.0, 0.0, 0.0)) == "_1.0_0.0_0.0"
    table = (
        (run.path / "probes.csv").read_text().replace("sensor ", "a name of a sensor that is as long as they come 200")
    )
    (run.path / "probes.csv").write_text(table)
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rdcalcium.view.traces.save", lambda figure, path: drawn.append(figure))
        figures.traces(run.path, there)
    drawn[0].canvas.draw()
    assert min(axis.get_position().width for axis in drawn[0].axes) > 0.7


def test_a_frame_holds_what_reaches_into_it_and_says_what_it_cuts(box: Path, tmp_path: Path) -> None:
    bodies = (Ball((0.0, 0.0, 0.2), (0.05, 0.05, 0.19), "ribbon"),)
    run = with_scene(box, tmp_path / "ribbon", bodies=bodies)
    lower, upper = frame_of(run)
    assert upper[2] > 0.39
    assert run.scene.cut_by(lower, upper) == []
    nothing = {"channels": [], "sensors": [], "membrane": None, "outline": to_data(BALL)}
    lower, upper = frame_of(with_scene(box, tmp_path / "quiet", bodies=bodies, **nothing))
    np.testing.assert_array_equal([lower, upper], [[-0.4, -0.4, 0.0], [0.4, 0.4, 0.6]])
    huge = with_scene(box, tmp_path / "huge", bodies=(Ball((0.0, 0.0, 0.3), (0.05, 2.0, 0.29), "mitochondrion"),))
    assert huge.scene.cut_by(*frame_of(huge)) == ["mitochondrion"]


def test_pictures_of_a_mirrored_model_say_what_was_computed(box: Path, tmp_path: Path) -> None:
    scene = with_scene(box, tmp_path / "run").scene
    assert scene.remark == ""
    assert replace(scene, mirrors={0: 0.0}).remark == "the computed half and its mirror image"
    both = replace(scene, mirrors={0: 0.0, 1: 0.0}, periodic=(1,))
    assert both.remark == "the computed quarter and its mirror images, one tile of many along y"
