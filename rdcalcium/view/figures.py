"""Pictures and movies of a run, saved to files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rdcalcium.results.folder import PROBES, SENSORS, STIMULUS, writable
from rdcalcium.view.plots import plane, traces
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.scene import PlumeScene

__all__ = ["movie", "plane", "render_all", "screenshot", "traces", "window"]

SIZE, MOVIE_SIZE = (1600, 1200), (960, 720)  # pixels


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
) -> Path:
    """All snapshots one after the other, by default in pictures/; returns the path with the suffix it got.

    MP4 where imageio and imageio-ffmpeg are installed, unless the path ends in .gif; a GIF otherwise.
    """
    run = RunFolder(run_folder)
    path = Path(path) if path else run.path / "pictures" / "plume.mp4"
    scene = PlumeScene(run, size)
    with writable(run.path):
        path.parent.mkdir(exist_ok=True)
    try:
        if path.suffix.lower() == ".gif" or not can_write_mp4():
            return _write_gif(_frames(scene), path.with_suffix(".gif"), frames_per_second)
        return _write_mp4(_frames(scene), path.with_suffix(".mp4"), frames_per_second)
    finally:
        scene.close()


def window(run_folder: str | Path, time: float | str | None = None) -> None:
    """The plume in a window that the mouse turns, until it is closed."""
    run = RunFolder(run_folder)
    scene = PlumeScene(run, SIZE, window=True)
    scene.show(run.nearest(time))
    scene.plotter.show()


def render_all(run_folder: str | Path, time: float | str | None = None) -> list[Path]:
    """Every picture that the folder allows, in its subfolder `pictures`; the plume at a time, or at its peak."""
    run = RunFolder(run_folder)
    folder = run.path / "pictures"
    index = run.nearest(time)  # refuses a folder without snapshots before anything is made in it
    time = float(run.snapshots.times[index])
    with writable(run.path):
        folder.mkdir(exist_ok=True)
    paths = [screenshot(run.path, folder / "plume.png", time), plane(run.path, folder / "plane.png", time)]
    if any(run.result.table(name) for name in (STIMULUS, PROBES, SENSORS)):
        paths.append(traces(run.path, folder / "traces.png"))
    return paths


def can_write_mp4() -> bool:
    """Whether the two packages are there that MP4 needs."""
    return all(find_spec(name) for name in ("imageio", "imageio_ffmpeg"))


def _frames(scene: PlumeScene) -> Iterator[np.ndarray]:
    for index in range(len(scene.run.snapshots.times)):
        scene.show(index)
        yield np.asarray(scene.plotter.screenshot(return_img=True))


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
