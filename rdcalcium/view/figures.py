"""Pictures and movies of a run, saved to files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.results import read_places
from rdcalcium.results.folder import IMAGING, OPENINGS, PICTURES, PROBES, SENSORS, STIMULUS, writable
from rdcalcium.view.canvas import FORMATS
from rdcalcium.view.imaging import imaging
from rdcalcium.view.openings import openings
from rdcalcium.view.plane import plane
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.scene import PlumeScene
from rdcalcium.view.section import section
from rdcalcium.view.spot import At, Normal, direction, spot_of
from rdcalcium.view.traces import traces
from rdcalcium.view.zones import zones

__all__ = [
    "imaging",
    "movie",
    "movie_file",
    "openings",
    "other_moment",
    "plane",
    "render_all",
    "screenshot",
    "section",
    "traces",
    "window",
    "zones",
]

SIZE, MOVIE_SIZE = (1600, 1200), (960, 720)  # pixels
EVEN = 1e-6  # share of the time between two frames, by which it may differ


def screenshot(
    run_folder: str | Path,
    path: str | Path,
    time: float | str | None = None,
    size: tuple[int, int] = SIZE,
) -> Path:
    """The three-dimensional plume at the snapshot nearest to a time; None: the peak at the sensors."""
    run = RunFolder(run_folder)
    index = run.nearest(time)
    scene = PlumeScene(run, size)
    try:
        scene.show(index)
        scene.plotter.screenshot(str(path))
    finally:
        scene.close()
    return Path(path)


def movie(
    run_folder: str | Path,
    path: str | Path | None = None,
    frames_per_second: float = 10,
    size: tuple[int, int] = MOVIE_SIZE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """The snapshots one after the other, evenly in time; returns the path with the suffix it got.

    path      by default that of `movie_file`. MP4 where imageio and imageio-ffmpeg are installed, unless the path
              ends in .gif; a GIF otherwise
    progress  called with the number of frames that are drawn and that of all, the first time with none
    """
    run = RunFolder(run_folder)
    path = Path(path) if path else movie_file(run_folder)
    indices = even(run.snapshots.times)
    with writable(run.path):
        path.parent.mkdir(exist_ok=True)
    progress(0, len(indices))
    scene = PlumeScene(run, size)
    try:
        frames = _frames(scene, indices, progress)
        if path.suffix.lower() == ".gif" or not can_write_mp4():
            return _write_gif(frames, path.with_suffix(".gif"), frames_per_second)
        return _write_mp4(frames, path.with_suffix(".mp4"), frames_per_second)
    finally:
        scene.close()


def movie_file(run_folder: str | Path) -> Path:
    """Where the movie of a run is written to: an MP4 in its subfolder `pictures`, or a GIF.

    Raises InputError where there is nothing to show, or where it cannot be written.
    """
    run = RunFolder(run_folder)
    _ = run.snapshots
    folder = _pictures(run)
    return folder / ("plume.mp4" if can_write_mp4() else "plume.gif")


def even(times: np.ndarray) -> np.ndarray:
    """Numbers of the snapshots that follow each other evenly, if most do; else of all.

    The last one, at the end of the run, may come early; and moments between them may have been asked for besides.
    """
    for interval in times[1:] - times[0]:
        rounds = (times - times[0]) / interval
        found = np.flatnonzero(np.abs(rounds - np.round(rounds)) < EVEN * np.maximum(rounds, 1))
        if 2 * len(found) >= len(times) and len(found) == int(rounds[-1] + EVEN) + 1:
            return found
    return np.arange(len(times))


def window(run_folder: str | Path, time: float | str | None = None) -> None:
    """The plume in a window that the mouse turns, until it is closed."""
    run = RunFolder(run_folder)
    index = run.nearest(time)
    scene = PlumeScene(run, SIZE, window=True)
    scene.show(index)
    scene.plotter.show()


def render_all(
    run_folder: str | Path,
    time: float | str | None = None,
    kind: str = FORMATS[0],
    at: At | None = None,
    normal: Normal | None = None,
) -> list[Path]:
    """Every picture that the folder allows, in its subfolder `pictures`.

    time    of the plume, which the names of its pictures then tell; None: the peak at the sensors
    kind    "png", "pdf" or "svg": of the flat pictures; the plume is always a PNG
    at      where `plane` and `section` are drawn, which their names then tell
    normal  of the plane of `section`, likewise
    """
    run = RunFolder(run_folder)
    index, _, _ = run.nearest(time), spot_of(run, at), direction(normal)  # refused before anything is made
    folder, moment = _pictures(run), float(run.snapshots.times[index])
    told = "" if time is None else f"_{moment:g}ms"
    there, cut = told + _in_a_name(at), told + _in_a_name(at) + _in_a_name(normal)
    paths = [
        screenshot(run.path, folder / f"plume{told}.png", moment),
        plane(run.path, folder / f"plane{there}.{kind}", moment, at),
        section(run.path, folder / f"section{cut}.{kind}", moment, at, normal),
    ]
    if any(run.result.table(name) for name in (STIMULUS, PROBES, SENSORS)):
        paths.append(traces(run.path, folder / f"traces.{kind}"))
    if (run.path / IMAGING).exists():
        paths.append(imaging(run.path, folder / f"imaging.{kind}"))
    if run.result.table(OPENINGS):
        paths.append(openings(run.path, folder / f"openings.{kind}"))
    if any(place.kind == "active zone" for place in read_places(run.path)):
        paths.append(zones(run.path, folder / f"zones.{kind}"))
    return paths


def other_moment(run_folder: str | Path, time: float | str | None = None) -> str | None:
    """What to say where the picture nearest to a time (None: the peak) is of another moment; None where it is not."""
    return RunFolder(run_folder).other_moment(time)


def _in_a_name(words: object) -> str:
    """A place or a direction, as the name of a file has it."""
    return "" if words is None else "_" + re.sub(r"[^\w.+-]+", "_", str(words)).strip("_")


def _pictures(run: RunFolder) -> Path:
    """The subfolder for pictures, which is made."""
    folder = run.path / PICTURES
    with writable(run.path):
        folder.mkdir(exist_ok=True)
    return folder


def can_write_mp4() -> bool:
    """Whether the two packages are there that MP4 needs."""
    return all(find_spec(name) for name in ("imageio", "imageio_ffmpeg"))


def _frames(scene: PlumeScene, indices: np.ndarray, progress: Callable[[int, int], None]) -> Iterator[np.ndarray]:
    for done, index in enumerate(indices.tolist(), start=1):
        scene.show(index)
        yield np.asarray(scene.plotter.screenshot(return_img=True))
        progress(done, len(indices))


def _write_mp4(frames: Iterator[np.ndarray], path: Path, frames_per_second: float) -> Path:
    import imageio.v2

    writer: Any
    with imageio.v2.get_writer(path, fps=frames_per_second, macro_block_size=1) as writer:
        for frame in frames:
            writer.append_data(frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2])
    return path


def _write_gif(frames: Iterator[np.ndarray], path: Path, frames_per_second: float) -> Path:
    from PIL import Image  # comes with matplotlib

    first, *rest = [Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE) for frame in frames]
    first.save(path, save_all=True, append_images=rest, duration=round(1000 / frames_per_second), loop=0)
    return path
