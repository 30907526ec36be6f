"""Pictures: they show what the run folder says, without a screen."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import rdcalcium as rc
from rdcalcium.discretization.base import CellComplex
from rdcalcium.errors import RdcalciumError
from rdcalcium.results.about import About, Machine, Volumes
from rdcalcium.results.scene import Scene
from rdcalcium.results.vtkhdf import SnapshotFile
from rdcalcium.solids import Ball, to_data
from rdcalcium.view.field import CalciumRaster
from rdcalcium.view.run_folder import RunFolder

REST = 0.05  # µM
TIMES = np.round(np.arange(0, 2.01, 0.25), 3)  # ms
VESICLES = [(0.0, 0.0), (-0.055, 0.047), (0.062, 0.035), (0.005, -0.075)]  # µm, centres in the plane
VESICLE_RADIUS, VESICLE_HEIGHT = 0.02, 0.0223


def pulse(time):
    """Share of the peak current at a time in ms."""
    return np.exp(-(((np.asarray(time) - 1.0) / 0.25) ** 2))


def channel_positions() -> np.ndarray:
    """Fourteen channels in the membrane, none under a vesicle: (14, 3) µm."""
    random, found = np.random.default_rng(4), []
    while len(found) < 14:
        spot = random.uniform(-0.11, 0.11, 2)
        clear = all(np.hypot(*(spot - v)) > 0.03 for v in VESICLES)
        if clear and all(np.hypot(*(spot - f)) > 0.02 for f in found):
            found.append(spot)
    return np.column_stack([found, np.zeros(14)])


def plumes(points: np.ndarray, time: float) -> np.ndarray:
    """Screened point sources at the channels, in µM."""
    distance = np.linalg.norm(points[:, None] - channel_positions(), axis=2)
    distance = np.maximum(distance, 0.004)
    return REST + pulse(time) * (0.6 / distance * np.exp(-distance / 0.025)).sum(axis=1)


def stretched_axis(lower: float, upper: float) -> np.ndarray:
    """Faces of cells of 5 nm within 0.15 µm of the origin, growing outside."""
    growing = 0.15 + np.cumsum(0.005 * 1.2 ** np.arange(1, 30))
    half = np.concatenate([np.arange(0, 0.1501, 0.005), growing])
    axis = np.unique(np.concatenate([-half, half]).round(9))
    return np.concatenate([[lower], axis[(axis > lower) & (axis < upper)], [upper]])


def hexahedra(lower: float = -0.4) -> CellComplex:
    """Grid from `lower` to 0.4 µm in x and y, without the cells inside vesicles."""
    axes = [stretched_axis(lower, 0.4), stretched_axis(lower, 0.4), stretched_axis(0, 0.6)]
    nx, ny, nz = (len(axis) for axis in axes)
    z, y, x = np.meshgrid(*axes[::-1], indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    k, j, i = np.meshgrid(np.arange(nz - 1), np.arange(ny - 1), np.arange(nx - 1), indexing="ij")
    first = ((k * ny + j) * nx + i).reshape(-1, 1)
    square = np.array([0, 1, nx + 1, nx])
    corners = first + np.concatenate([square, square + nx * ny])
    centres = points[corners].mean(axis=1)
    solid = np.zeros(len(corners), dtype=bool)
    for v in VESICLES:
        solid |= np.linalg.norm(centres - (*v, VESICLE_HEIGHT), axis=1) < VESICLE_RADIUS
    return CellComplex(points, corners[~solid], "cell", np.arange((~solid).sum()))


def tetrahedra() -> CellComplex:
    from scipy.spatial import Delaunay

    axis, height = stretched_axis(-0.4, 0.4)[::2], stretched_axis(0, 0.6)[::2]
    x, y, z = np.meshgrid(axis, axis, height, indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    inside = (np.abs(points[:, :2]) < 0.39).all(axis=1) & (points[:, 2] > 0)
    points[inside] += np.random.default_rng(3).normal(0, 5e-4, (inside.sum(), 3))
    corners = Delaunay(points).simplices
    edges = points[corners[:, 1:]] - points[corners[:, :1]]
    determinant = np.linalg.det(edges)
    corners[determinant < 0] = corners[determinant < 0][:, [1, 0, 2, 3]]
    return CellComplex(points, corners[np.abs(determinant) > 1e-12], "point", np.arange(len(points)))


def write_table(path: Path, columns: dict[str, np.ndarray]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def scene(lower: float = -0.4) -> dict:
    """Of the whole active zone, or of the quarter where x and y are positive."""
    vesicles = [(x, y) for x, y in VESICLES if min(x, y) >= lower]
    sensors = [[x, y, 0.002] for x, y in vesicles]
    channels = [p for p in channel_positions().tolist() if min(p) >= lower]
    return {
        "box": {"min": [lower, lower, 0], "max": [0.4, 0.4, 0.6]},
        "mirrors": {"x": 0.0, "y": 0.0} if lower == 0 else {},
        "membrane": 0.0,
        "spheres": [
            {"centre": [x, y, VESICLE_HEIGHT], "radius": VESICLE_RADIUS, "name": f"vesicle {i + 1}"}
            for i, (x, y) in enumerate(vesicles)
        ],
        "bodies": [],
        "channels": [{"name": f"channel {i + 1}", "position": p} for i, p in enumerate(channels)],
        "sensors": [{"name": f"sensor {i + 1}", "position": p} for i, p in enumerate(sensors)],
        "probes": [{"name": f"sensor {i + 1}", "position": p} for i, p in enumerate(sensors)],
    }


def write_about(folder: Path, title: str, lower: float = -0.4) -> None:
    """run.json with a title and a scene."""
    About(
        title=title, status="finished", started="", version="", references=[], seed=1, precision="float64",
        machine=Machine(backend="", reason="", device="", processor="", threads=1, system="", versions={}),
        discretization=Volumes(kind="grid", count=0, volume=0, surfaces={}), fields=["Ca"],
        scene=Scene.from_json(scene(lower)),
    ).write(folder)  # fmt: skip


def make_run(folder: Path, cells: CellComplex, lower: float = -0.4, completed: int = len(TIMES)) -> Path:
    """A run folder with analytic plumes that peak at 1 ms."""
    folder.mkdir()
    write_about(folder, "Fourteen plumes", lower)
    places = cells.points if cells.centring == "point" else cells.points[cells.connectivity].mean(axis=1)
    file = SnapshotFile.create(folder / "result.vtkhdf", cells, TIMES, {"Ca": "Ca (uM)"})
    at_peak = plumes(places, 1.0) - REST
    for time in TIMES[:completed]:
        file.append({"Ca": REST + pulse(time) * at_peak})
    write_tables(folder)
    return folder


def write_tables(folder: Path) -> None:
    time = np.arange(0, 2.001, 0.02)
    sensors = np.array([[x, y, 0.002] for x, y in VESICLES])
    at_peak = plumes(sensors, 1.0) - REST
    probes = {f"sensor {i + 1}: Ca (uM)": REST + p * pulse(time) for i, p in enumerate(at_peak)}
    bound = {f"{name[:9]}EGTA.CaEGTA (uM)": 3 * values for name, values in probes.items()}
    apo = {f"{name[:9]}CaM.BCa (uM)": np.full(len(time), 1e6) for name in probes}  # not calcium, but ends like it
    write_table(folder / "probes.csv", {"time (ms)": time, **apo, **probes, **bound})
    rate = 0.3 * pulse(time - 0.3)
    sensor = {"sensor 1: release rate (1/ms)": rate, "sensor 1: release probability": np.cumsum(rate) * 0.02}
    write_table(folder / "sensors.csv", {"time (ms)": time, **sensor})
    stimulus = {
        "voltage (mV)": -80 + 110 * pulse(time + 0.3),
        "P/Q: open probability": 0.8 * pulse(time),
        "P/Q: current (pA)": -4.2 * pulse(time),
    }
    write_table(folder / "stimulus.csv", {"time (ms)": time, **stimulus})


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("view") / "hexahedra", hexahedra())


@pytest.fixture(scope="module")
def quarter(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("view") / "quarter", hexahedra(0), lower=0)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory) -> Path:
    return make_run(tmp_path_factory.mktemp("view") / "mesh", tetrahedra())


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """A third of the raster points and dots each way: enough to judge a small picture."""
    monkeypatch.setattr("rdcalcium.view.field.RASTER", 50)
    monkeypatch.setattr("rdcalcium.view.sheet.RASTER", 100)
    monkeypatch.setattr("rdcalcium.view.canvas.DOTS_PER_INCH", 70)


SMALL = (320, 240)


def glow(picture: np.ndarray) -> float:
    """Share of pixels in the orange and yellow of concentrations above about 5 µM, colour bar excluded."""
    red, green, blue = (picture[:, : int(0.82 * picture.shape[1]), c].astype(int) for c in range(3))
    return float(((red > 190) & (red - blue > 80) & (green < 230)).mean())


def read_picture(path: Path) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGB"))


@pytest.mark.parametrize("kind", ["run", "mesh", "quarter"])
def test_the_raster_agrees_with_the_plume_that_was_written(kind, request):
    from rdcalcium.view.field import CalciumRaster, frame_of
    from rdcalcium.view.run_folder import RunFolder

    folder = RunFolder(request.getfixturevalue(kind))
    raster = CalciumRaster(folder, *frame_of(folder))
    points = raster._folded()
    if kind == "quarter":
        assert raster.axes[0][0] < -0.1  # the frame holds the mirror image too
    error = np.abs(raster.logarithm(4).ravel() - np.log10(plumes(points, 1.0)))[raster._cytosol.ravel()]
    assert np.median(error) < 0.003
    assert np.quantile(error, 0.99) < 0.05


def test_more_calcium_makes_a_larger_plume(run):
    from rdcalcium.view.run_folder import RunFolder
    from rdcalcium.view.scene import PlumeScene

    scene = PlumeScene(RunFolder(run), SMALL)
    glows = []
    for index in (2, 3, 4):  # 0.5, 0.75 and 1 ms: calcium rises
        scene.show(index)
        glows.append(glow(scene.plotter.screenshot(return_img=True)))
    scene.show(8)
    after = glow(scene.plotter.screenshot(return_img=True))
    scene.close()
    assert (np.diff(glows) > 0).all()
    assert glows[-1] > 0.1
    assert after == pytest.approx(glows[0], abs=1e-3)  # nothing of the peak is left behind


def test_the_screenshot_is_taken_at_the_peak_unless_told_otherwise(mesh, tmp_path):
    from rdcalcium.view.figures import screenshot

    peak = read_picture(screenshot(mesh, tmp_path / "peak.png", size=SMALL))
    told = read_picture(screenshot(mesh, tmp_path / "told.png", time="0.98 ms", size=SMALL))
    early = read_picture(screenshot(mesh, tmp_path / "early.png", time=0.0, size=SMALL))
    assert peak.shape == (240, 320, 3)
    np.testing.assert_array_equal(peak, told)
    assert glow(peak) > glow(early) + 0.05
    assert (early.std(axis=(0, 1)) > 10).all()  # the still scene is there before any calcium


def test_a_picture_of_another_time_has_another_name(run, tmp_path, monkeypatch):
    from rdcalcium.view import figures

    monkeypatch.setattr(figures, "screenshot", partial(figures.screenshot, size=SMALL))
    folder = shutil.copytree(run, tmp_path / "run")
    names = [path.name for time in (None, "1.3 ms") for path in figures.render_all(folder, time, "pdf")]
    assert names == [
        "plume.png", "plane.pdf", "section.pdf", "traces.pdf",
        "plume_1.25ms.png", "plane_1.25ms.pdf", "section_1.25ms.pdf", "traces.pdf",
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["", "junk", "junk\n", "time (ms)\n", None])
def test_a_run_whose_traces_are_lost_is_not_drawn_without_them(run, tmp_path, content):
    from rdcalcium.view.figures import render_all

    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "probes.csv").write_text(content) if content is not None else (folder / "probes.csv").unlink()
    for time in (None, "1 ms"):
        with pytest.raises(RdcalciumError, match=r"probes\.csv is (missing|damaged)"):
            render_all(folder, time)


def test_a_time_outside_the_run_is_refused(run):
    from rdcalcium.view.run_folder import RunFolder

    assert RunFolder(run).nearest("2.1 ms") == 8  # half an interval further, at most
    for time in (9.0, "-1 ms"):
        with pytest.raises(RdcalciumError, match="has snapshots from 0 to 2 ms, and none at"):
            RunFolder(run).nearest(time)


def test_surfaces_are_open_where_the_frame_ends(run, monkeypatch):
    """A frame narrower than the plume closes none of them with a wall that is not there."""
    from rdcalcium.view import field
    from rdcalcium.view.run_folder import RunFolder

    monkeypatch.setattr(field, "GROWTH", 0.0)
    folder = RunFolder(run)
    lower, upper = field.frame_of(folder)
    surface = field.CalciumRaster(folder, lower, upper).image(4).contour([0.0], scalars=field.LOG_CALCIUM)
    assert surface.bounds[5] > 0.05  # there is one
    open_edges = surface.extract_feature_edges(
        boundary_edges=True, non_manifold_edges=False, feature_edges=False, manifold_edges=False
    )
    at_an_end = np.isclose(open_edges.points, lower, atol=1e-6) | (open_edges.points > upper - 1e-6)
    assert at_an_end.any(axis=1).all()
    assert at_an_end[:, :2].any()


RADIUS = 0.15  # µm


def test_outside_a_round_terminal_nothing_is_drawn(tmp_path):
    """A column of cytosol: surfaces and contours end at its wall, and what is beside it has no colour of calcium."""
    from rdcalcium.view import field
    from rdcalcium.view.figures import plane
    from rdcalcium.view.run_folder import RunFolder
    from rdcalcium.view.scene import PlumeScene

    cells = tetrahedra()
    inside = np.linalg.norm(cells.points[cells.connectivity].mean(axis=1)[:, :2], axis=1) < RADIUS
    column = CellComplex(cells.points, cells.connectivity[inside], "point", cells.selection)
    folder = RunFolder(make_run(tmp_path / "column", column))
    scene = PlumeScene(folder, SMALL)
    scene.show(4)
    for drawn in ("membrane with calcium", "surface 1"):
        assert max(map(abs, scene.plotter.actors[drawn].bounds[:4])) < RADIUS + 0.015
    scene.close()
    raster = field.CalciumRaster(folder, *field.frame_of(folder))
    assert 0.2 < raster.outside.mean() < 0.8
    assert raster.logarithm(4).min() > np.log10(REST) - 0.01
    picture = read_picture(plane(folder.path, tmp_path / "plane.png"))
    assert (picture.max(axis=2) < 30).mean() < 0.02
    assert (np.abs(picture.astype(int) - [163, 169, 176]).max(axis=2) < 3).mean() > 0.1


def test_nothing_that_stands_in_the_terminal_reaches_the_key_or_the_colour_bar(run):
    """However high the frame is, all of it is in the part of the window that is left free."""
    from rdcalcium.view.run_folder import RunFolder
    from rdcalcium.view.scene import PlumeScene

    for height in (0.1, 0.6):
        scene = PlumeScene(RunFolder(run), SMALL)
        scene.upper[2] = height
        scene.eye, scene.middle = scene._eye()
        scene._frame_camera()
        coordinate = scene.plotter.renderer
        places = []
        for x, y, z in np.stack(np.meshgrid(*zip(scene.lower, scene.upper, strict=True)), axis=-1).reshape(-1, 3):
            coordinate.SetWorldPoint(x, y, z, 1)
            coordinate.WorldToView()
            places.append(coordinate.GetViewPoint()[:2])
        scene.close()
        assert (np.array(places) > scene.free[0]).all()
        assert (np.array(places) < scene.free[1]).all()


def test_the_peak_is_that_of_the_summary_whatever_rows_there_are(run, tmp_path):
    from rdcalcium.results.about import Amounts, Point, Summary
    from rdcalcium.view.run_folder import RunFolder

    folder = shutil.copytree(run, tmp_path / "run")
    peaks = [Point(peak=p, time_of_peak=t) for p, t in ((5.0, 0.3), (9.0, 0.7), (8.0, 0.6), (20.0, 1.9))]
    points = dict(zip(("sensor 1", "sensor 2", "sensor 3", "deep"), peaks, strict=True))
    ledger = Amounts(entered=0, free=0, bound={}, initial=0, missing=0, relative_error=0)
    cost = {"steps": 1, "rejected": 0, "evaluations": 1, "wall_time": 1, "peak_memory": 1}
    summary = Summary(time=2, points=points, ledger=ledger, lowest=0, **cost)
    About.read(folder).model_copy(update={"summary": summary}).write(folder)
    (folder / "probes.csv").write_text("time (ms),sensor 1: Ca (uM)\n0,0.05\n2,10\n")
    assert RunFolder(folder).peak_time() == 0.7


def test_a_picture_of_another_moment_than_was_asked_for_says_so(run, tmp_path):
    from rdcalcium.view.figures import other_moment

    assert other_moment(run, "1 ms") is None
    assert other_moment(run) is None
    assert other_moment(run, "1.1 ms") == "nearest snapshot to 1.1 ms: 1 ms"
    early = make_run(tmp_path / "early", hexahedra(0), lower=0, completed=2)
    assert other_moment(early) == "the peak at 1 ms is 750 us after the last snapshot, at 0.25 ms"


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0, 2], "the only snapshots, at rest and at the end, miss the peak at 1 ms by 1 ms"),
        ([0, 0.6, 1.2, 1.8, 2], "snapshots every 600 us miss the peak at 1 ms by 200 us"),
        ([0, 0.5, 0.6, 1.5, 2], "the snapshots at 0.6 and 1.5 ms miss the peak at 1 ms by 400 us"),
    ],
)
def test_snapshots_that_miss_the_peak_say_by_how_much_and_what_to_do(run, tmp_path, monkeypatch, times, said):
    from rdcalcium.results.vtkhdf import StoredSnapshots
    from rdcalcium.view.figures import other_moment

    nothing = CellComplex(np.empty((0, 3)), np.empty((0, 4), dtype=int), "point", np.empty(0, dtype=int))
    kept = StoredSnapshots(np.array(times, dtype=float), nothing, ("Ca (uM)",), None)
    monkeypatch.setattr("rdcalcium.results.run.read_snapshots", lambda path: kept)
    assert other_moment(run) == f'{said}; one there is taken with [record] snapshots = {{ times = ["1 ms"] }}'


def test_bodies_of_any_form_are_drawn(tmp_path):
    """An ellipsoid over the active zone is seen in perspective; the plane on the membrane does not cut it."""
    from rdcalcium.view.figures import plane, screenshot

    made = make_run(tmp_path / "mitochondrion", hexahedra())
    about = json.loads((made / "run.json").read_text())
    looks = {"plane": plane, "plume": partial(screenshot, size=SMALL)}
    without = {name: read_picture(draw(made, tmp_path / "without.png", time=0.0)) for name, draw in looks.items()}
    egg = to_data(Ball((0.0, 0.05, 0.1), (0.1, 0.06, 0.05), "mitochondrion"))
    about["scene"]["bodies"] = [{"name": "mitochondrion", "solid": egg}]
    (made / "run.json").write_text(json.dumps(about))
    changed = {}
    for name, draw in looks.items():
        after = read_picture(draw(made, tmp_path / "with.png", time=0.0))
        changed[name] = (np.abs(after.astype(int) - without[name]).max(axis=2) > 20).mean()
    assert changed["plume"] > 0.01
    assert changed["plane"] == 0


def test_a_curved_membrane_is_where_it_is_and_not_where_cells_end(tmp_path):
    """A ball that touches z = 0: what is beyond it has no colour of calcium, and it is drawn as a surface."""
    from rdcalcium.view.figures import plane, screenshot

    made = make_run(tmp_path / "ball", hexahedra())
    about = json.loads((made / "run.json").read_text())
    before = read_picture(screenshot(made, tmp_path / "without.png", time=0.0, size=SMALL)).astype(int)
    ball = Ball((0.0, 0.0, 0.15), (0.15,) * 3)
    about["scene"] |= {"outline": to_data(ball), "membrane": None}
    for number, channel in enumerate(about["scene"]["channels"]):
        channel["position"][2] = 0.02 + 0.001 * number
    assert Scene.from_json(about["scene"]).to_json() == about["scene"]
    (made / "run.json").write_text(json.dumps(about))
    height = np.sqrt(0.15**2 - 0.13**2)  # radius of the ball at z = 20 nm
    raster = CalciumRaster(RunFolder(made), np.array([-0.12, -0.12, 0.02]), np.array([0.12, 0.12, 0.02]), 0.002)
    x, y = np.meshgrid(*raster.axes[:2], indexing="ij")
    np.testing.assert_array_equal(raster.outside[:, :, 0], np.hypot(x, y) > height)
    picture = read_picture(plane(made, tmp_path / "plane.png"))
    assert (np.abs(picture.astype(int) - [163, 169, 176]).max(axis=2) < 3).mean() > 0.05
    after = read_picture(screenshot(made, tmp_path / "with.png", time=0.0, size=SMALL))
    assert (np.abs(after - before).max(axis=2) > 20).mean() > 0.01


def test_sensors_are_seen_through_their_vesicles(run, tmp_path):
    from rdcalcium.view.figures import screenshot

    red, green, blue = read_picture(screenshot(run, tmp_path / "plume.png", time=0.0)).astype(int).transpose(2, 0, 1)
    their_full_colour = (green > red + 80) & (green > blue + 30)
    assert their_full_colour[:, : int(0.8 * green.shape[1])].sum() > 300  # beside the key, which has it too


@pytest.mark.parametrize("size", [(320, 240), (960, 720)])
def test_words_fit_into_pictures_of_every_size(run, tmp_path, size):
    from rdcalcium.view.figures import screenshot

    picture = read_picture(screenshot(run, tmp_path / "plume.png", size=size))
    edge = size[1] // 60
    assert (picture[:, -edge:] > 250).all()
    assert (picture[:edge] > 250).all()
    key = picture[: size[1] // 4, int(0.85 * size[0]) :]
    assert 0.01 < (key < 200).any(axis=2).mean() < 0.2


def test_a_frame_costs_one_rendering(quarter):
    from rdcalcium.view.run_folder import RunFolder
    from rdcalcium.view.scene import PlumeScene

    scene, renderings = PlumeScene(RunFolder(quarter), SMALL), []
    scene.plotter.render_window.AddObserver("StartEvent", lambda *_: renderings.append(1))
    scene.show(1)
    scene.plotter.screenshot(return_img=True)
    del renderings[:]
    for index in (2, 3):
        scene.show(index)
        scene.plotter.screenshot(return_img=True)
    scene.close()
    assert len(renderings) == 2


def test_frames_follow_each_other_evenly():
    from rdcalcium.view.figures import even

    assert even(np.array([0, 0.3, 0.6, 0.9, 1.0])).tolist() == [0, 1, 2, 3]
    assert even(np.arange(11) * 0.1).tolist() == list(range(11))
    assert even(np.array([0.0, 1.0])).tolist() == [0, 1]
    assert even(np.array([0, 0.5, 1, 1.13, 1.5, 2, 2.2])).tolist() == [0, 1, 2, 4, 5]  # some were asked for besides
    assert even(np.array([0, 0.1, 0.13, 1.4, 2])).tolist() == [0, 1, 2, 3, 4]  # none are even


def test_a_node_without_a_screen_draws_in_silence(quarter, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("VTK_DEFAULT_OPENGL_WINDOW", None)
    code = f"""
from rdcalcium.view.figures import screenshot
screenshot({str(quarter)!r}, {str(tmp_path / "plume.png")!r}, size={SMALL})
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert glow(read_picture(tmp_path / "plume.png")) > 0.05


def test_missing_libraries_are_named_with_the_remedy(monkeypatch):
    from rdcalcium.view import offscreen

    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "")  # so that what this test chooses is taken back at its end
    monkeypatch.delenv("VTK_DEFAULT_OPENGL_WINDOW")
    monkeypatch.setattr(offscreen, "_loads", lambda library: False)
    with pytest.raises(RdcalciumError, match="apt install libegl1"):
        offscreen.prepare()
    monkeypatch.setattr(offscreen, "_loads", lambda library: "OSMesa" in library)
    offscreen.prepare()
    assert os.environ["VTK_DEFAULT_OPENGL_WINDOW"] == "vtkOSOpenGLRenderWindow"


def test_a_window_without_a_display_is_refused(run, monkeypatch):
    from rdcalcium.view import figures

    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(RdcalciumError, match="no display"):
        figures.window(run)


def test_a_movie_lasts_a_frame_for_every_snapshot(quarter, tmp_path):
    from PIL import Image

    from rdcalcium.view.figures import movie

    told = []
    path = movie(
        quarter, tmp_path / "plume.gif", size=(200, 150), progress=lambda done, total: told.append((done, total))
    )
    assert told == [(done, len(TIMES)) for done in range(len(TIMES) + 1)]
    glows, lasts = [], []
    with Image.open(path) as film:  # equal neighbours, at rest, share one frame that lasts longer
        for number in range(film.n_frames):
            film.seek(number)
            lasts.append(film.info["duration"])
            glows.append(glow(np.asarray(film.convert("RGB"))))
    assert sum(lasts) == 100 * len(TIMES)
    assert max(glows) > glows[0] + 0.05
    assert glows[-1] == pytest.approx(glows[0], abs=1e-3)


def test_the_plane_glows_where_the_channels_are(run, tmp_path):
    from rdcalcium.view.figures import plane

    peak, rest = (read_picture(plane(run, tmp_path / "plane.png", time=t)) for t in (1.0, 0.0))
    assert glow(peak) > 0.3
    assert glow(rest) < 0.05


def test_traces_draw_what_the_folder_has(run, tmp_path):
    from rdcalcium.view.figures import traces

    everything = read_picture(traces(run, tmp_path / "all.png"))
    lean = tmp_path / "lean"
    lean.mkdir()
    (lean / "run.json").write_text((run / "run.json").read_text())
    with pytest.raises(ValueError, match="rows to draw"):
        traces(lean, tmp_path / "none.png")
    (lean / "probes.csv").write_text("time (ms),sensor 1: Ca (uM)\n0,0.05\n1,10\n2,0.0\n")
    one = read_picture(traces(lean, tmp_path / "one.png"))
    assert everything.shape[0] > 2 * one.shape[0]
    assert (one < 200).any()


def test_of_a_train_the_time_around_the_highest_peak_is_shown_too(run, tmp_path):
    from rdcalcium.view.figures import traces
    from rdcalcium.view.traces import around

    time = np.arange(0, 200.01, 0.1)
    train = 0.05 + sum(height * np.exp(-(((time - at) / 0.5) ** 2)) for at, height in ((20, 9), (40, 10), (60, 9.5)))
    ((begin, end),) = around(time, train, 40.0)
    assert 37 < begin < 39
    assert 42 < end < 48
    cut = time < 41
    assert around(time[cut], train[cut], 40.0)[0][1] == time[cut][-1]  # no longer than the run
    near = (time > 35) & (time < 45)
    assert around(time[near], train[near], 40.0) == []  # it fills the picture already
    assert around(time, 0 * train, 0.0) == []  # nothing happens
    long = shutil.copytree(run, tmp_path / "long")
    write_table(long / "probes.csv", {"time (ms)": time, "sensor 1: Ca (uM)": train})
    (long / "sensors.csv").unlink()
    one, two = (read_picture(traces(folder, tmp_path / f"{folder.name}.png")) for folder in (run, long))
    assert two.shape[1] == 2 * one.shape[1]


@pytest.mark.usefixtures("svg_with_words")
def test_voltage_and_current_have_a_panel_each(run, tmp_path):
    from matplotlib.axes import Axes

    from rdcalcium.view import traces

    drawn: list[Axes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traces, "save", lambda figure, path: drawn.extend(figure.axes))
        traces.traces(run, tmp_path / "traces.png")
    assert [axis.get_ylabel() for axis in drawn[:3]] == ["voltage (mV)", "current (pA)", "[Ca²⁺] (µM)"]
    assert all(len(axis.lines) == 1 for axis in drawn[:2])
    assert drawn[0].lines[0].get_color() != drawn[1].lines[0].get_color()
    assert drawn[1].get_ylim()[1] >= 0  # the current is seen against none


def words_of(picture: Path) -> list[str]:
    """Every text in an SVG."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text())


@pytest.fixture
def svg_with_words():
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none"}):
        yield


def test_calcium_is_known_by_its_place_in_the_heading_not_by_its_last_letters(run):
    from rdcalcium.results.columns import CALCIUM
    from rdcalcium.view.run_folder import RunFolder

    curves = RunFolder(run).traces(CALCIUM)
    assert list(curves) == [f"sensor {i + 1}" for i in range(4)]
    assert max(float(curve.max()) for curve in curves.values()) < 1e3


@pytest.mark.usefixtures("svg_with_words")
def test_traces_name_every_curve_and_leave_out_what_is_not_there(run, tmp_path):
    from rdcalcium.view.figures import traces

    written = words_of(traces(run, tmp_path / "all.svg"))
    assert {"voltage", "current through P/Q", "voltage (mV)", "current (pA)", "sensor 1"} <= set(written)
    assert {"0.1", "1", "10"} <= set(written)  # the decades of calcium, as numbers
    table = (run / "stimulus.csv").read_text().splitlines()
    lean = tmp_path / "lean"
    lean.mkdir()
    write_about(lean, "a title of many words " * 12)
    (lean / "stimulus.csv").write_text("\n".join(f"{t},{i}" for t, _, _, i in csv.reader(table)) + "\n")
    written = words_of(traces(lean, tmp_path / "lean.svg"))
    assert "current (pA)" in written
    assert "voltage (mV)" not in written
    assert max(map(len, written)) <= 80


@pytest.mark.usefixtures("svg_with_words")
def test_the_plane_says_where_it_is_and_what_its_lines_are(run, tmp_path):
    from rdcalcium.view.figures import plane

    written = words_of(plane(run, tmp_path / "plane.svg"))
    assert {"t = 1 ms, z = 3 nm", "vesicle", "channel", "sensor", "contour (µM)", "1", "10", "50"} <= set(written)
    with pytest.raises(RdcalciumError, match=r"ends in one of: \.png, \.pdf, \.svg"):
        plane(run, tmp_path / "plane.gif")


def test_a_folder_that_cannot_be_drawn_says_why(tmp_path):
    from rdcalcium.view.figures import render_all, screenshot

    with pytest.raises(RdcalciumError, match="nowhere is not a run folder"):
        screenshot(tmp_path / "nowhere", tmp_path / "plume.png")
    lean = make_run(tmp_path / "lean", hexahedra(0), lower=0)
    (lean / "result.vtkhdf").unlink()
    with pytest.raises(RdcalciumError, match=r"there is no snapshot file .*result\.vtkhdf"):
        render_all(lean)
    early = make_run(tmp_path / "early", hexahedra(0), lower=0, completed=0)
    with pytest.raises(ValueError, match="no completed snapshot"):
        screenshot(early, tmp_path / "plume.png")


def test_importing_the_package_does_not_import_the_pictures():
    code = "import sys, rdcalcium.view.figures; print({'pyvista', 'matplotlib', 'h5py'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_scene_reads_back_what_it_wrote():
    assert Scene.from_json(scene(lower=0)).to_json() == scene(lower=0)
    whole = Scene.from_json(scene(lower=0)).unfolded()
    np.testing.assert_array_equal(whole.lower, [-0.4, -0.4, 0])
    assert len(whole.sensors) == 1 + 4  # one at the origin is its own image, the other one has three
    for damaged in (None, [], {}, {**scene(), "box": {}}, {**scene(), "channels": [{"name": "c", "position": [1]}]}):
        with pytest.raises(RdcalciumError, match="'scene', which says what to draw, is missing or damaged"):
            Scene.from_json(damaged)


def test_a_picture_across_a_mirror_is_that_of_the_whole_box(tmp_path: Path) -> None:
    def seen(symmetry: list[str], positions: list[list[str]]) -> np.ndarray:
        model = rc.Model(
            geometry={"kind": "box", "size": [0.3, 0.3, 0.15], "symmetry": symmetry},
            discretization={"kind": "grid", "size_at_active_zone": "20 nm"},
            channels=[
                {"name": "Ca", "positions": positions, "current": {"kind": "constant", "amplitude": "0.1 pA"}},
            ],
            run={"duration": "0.05 ms"},
        )
        run = RunFolder(rc.run(model, "numpy", tmp_path / "-".join(["run", *symmetry])).folder)
        raster = CalciumRaster(run, np.array([-0.1, -0.1, 0.003]), np.array([0.1, 0.1, 0.003]))
        return raster.logarithm(run.nearest("0.05 ms"))

    whole = seen([], [["40 nm", "0 nm"], ["-40 nm", "0 nm"]])
    np.testing.assert_allclose(seen(["x", "y"], [["40 nm", "0 nm"]]), whole, atol=1e-3)
