"""What microscopes saw of a run: traces of spots and regions, line scans as distance against time, and frames."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results import Result
from rdcalcium.results.columns import CHANGE, MEASURED, RATIO, TIME, TRIAL, VARIABLES
from rdcalcium.results.folder import IMAGING
from rdcalcium.units import milliseconds
from rdcalcium.view.canvas import new_figure, save
from rdcalcium.view.style import COLOURS, INK

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import SubFigure

WIDTH, HEIGHT = 7.0, 2.3  # inches, of one entry
TITLE_COLUMNS = 80  # letters that fit above the first
FRAMES = 5  # that are shown of many, beside each other
AS_COUNTED, WITHOUT_NOISE = "as counted", "without noise"
INKS = {AS_COUNTED: "#9aa5b1", WITHOUT_NOISE: INK}
TITLES = {CHANGE: "ΔF/F", RATIO: "ratio"}


def imaging(run_folder: str | Path, path: str | Path) -> Path:
    """One row for each entry of [[imaging]], with the noise of photons where they were counted; returns the path.

    The end of the path chooses the format: .png, .pdf or .svg. Raises InputError where nothing was seen.
    """
    result = Result(run_folder)
    seen = {name: data for name, data in result.imaging.items() if data.time.size}
    if not seen:
        raise InputError(f"{result.folder} has no {IMAGING} with samples to draw")
    figure = new_figure((WIDTH, HEIGHT * len(seen) + 0.4))
    figure.suptitle(textwrap.fill(result.about.title, TITLE_COLUMNS), x=0.02, ha="left", fontsize=10)
    rows = figure.subfigures(len(seen), 1, squeeze=False)[:, 0]
    for row, (name, data) in zip(rows, seen.items(), strict=True):
        trials = data.sizes.get(TRIAL.quantity, 1)
        row.suptitle(f"{name}, mean of {trials} trials" if trials > 1 else name, x=0.02, ha="left", fontsize=9)
        _DRAWN[len(shown(data)[1][WITHOUT_NOISE].dims)](row, data)
    return save(figure, path)


def shown(data: xarray.Dataset) -> tuple[str, dict[str, xarray.DataArray]]:
    """What an entry is shown by: the title of its quantity, and how it came about -> its values.

    Of several trials that is the mean without noise, and what was counted in the first.
    """
    quantity = CHANGE if VARIABLES[CHANGE] in data else RATIO
    names = {AS_COUNTED: VARIABLES[quantity + MEASURED], WITHOUT_NOISE: VARIABLES.get(quantity, quantity)}
    found = {words: data[name] for words, name in names.items() if name in data}
    if TRIAL.quantity in data.dims:
        found[WITHOUT_NOISE] = found[WITHOUT_NOISE].mean(TRIAL.quantity)
        found = {words: one.isel({TRIAL.quantity: 0}, missing_dims="ignore") for words, one in found.items()}
    return TITLES[quantity], found


def _traces(row: SubFigure, data: xarray.Dataset) -> None:
    """Lines."""
    title, courses = shown(data)
    axis = row.subplots()
    for words, course in courses.items():
        axis.plot(data.time, course, color=INKS[words], lw=1.2, label=words)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set(xlabel=TIME.heading, ylabel=title)
    if len(courses) > 1:
        axis.legend(frameon=False, fontsize=8)


def _scans(row: SubFigure, data: xarray.Dataset) -> None:
    """Distance upwards, time to the right, from the beginning of a line to that of the next."""
    title, images = shown(data)
    time = data.time.values
    begins = np.append(time, 2 * time[-1] - time[-2] if len(time) > 1 else time[-1] + 1)
    axes = np.atleast_1d(row.subplots(1, len(images), sharey=True))
    for axis, (words, image) in zip(axes, images.items(), strict=True):
        drawn = axis.pcolormesh(begins, _edges(data.distance.values), image.values.T, **_colours(images))
        axis.set_xlabel(TIME.heading)
        axis.set_title(words if len(images) > 1 else "", fontsize=8)
    axes[0].set_ylabel("distance (µm)")
    row.colorbar(drawn, ax=axes, label=title)


def _colours(images: Mapping[str, xarray.DataArray]) -> dict[str, Any]:
    """One scale of colours for all."""
    values = np.concatenate([image.values.ravel() for image in images.values()])
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return {"cmap": COLOURS, "vmin": low, "vmax": high, "rasterized": True}


def _frames(row: SubFigure, data: xarray.Dataset) -> None:
    """Some of them, evenly in time, as they were taken."""
    title, images = shown(data)
    image = next(iter(images.values()))
    chosen = np.unique(np.linspace(0, data.time.size - 1, FRAMES).round().astype(int))
    _, vertical, horizontal = map(str, image.dims)
    places: list[Any] = [_edges(data[name].values) for name in (horizontal, vertical)]
    axes = np.atleast_1d(row.subplots(1, len(chosen)))
    for axis, index in zip(axes, chosen, strict=True):
        drawn = axis.pcolormesh(*places, image.values[index], **_colours({"": image}))
        axis.set(aspect="equal", xticks=[], yticks=[], xlabel=horizontal, ylabel=vertical)
        axis.set_title(milliseconds(float(data.time[index]), 4), fontsize=8)
    row.colorbar(drawn, ax=axes, label=title)


def _edges(middles: np.ndarray) -> np.ndarray:
    """Of cells around places, (n + 1,)."""
    if len(middles) == 1:
        return middles[0] + np.array([-0.5, 0.5])
    between = (middles[1:] + middles[:-1]) / 2
    return np.concatenate([[2 * middles[0] - between[0]], between, [2 * middles[-1] - between[-1]]])


_DRAWN = {1: _traces, 2: _scans, 3: _frames}  # by how many dimensions an image has, time included
