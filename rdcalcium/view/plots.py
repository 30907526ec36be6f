"""Flat pictures of a run: traces against time, and the active zone seen from above."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results.folder import PROBES, SENSORS, STIMULUS, TIME
from rdcalcium.units import NM_PER_UM, nanometres
from rdcalcium.view.field import CalciumRaster, frame_of
from rdcalcium.view.run_folder import CALCIUM, RunFolder
from rdcalcium.view.scene import COLOURS, LEVELS, RANGE, SLICE_HEIGHT, round_length

SENSOR_COLOUR, CHANNEL_COLOUR = "#57e389", "#4fc3f7"
MANY = 8  # curves, beyond which each has no entry of its own in the key


def traces(run_folder: str | Path, path: str | Path) -> Path:
    """Voltage with current, [Ca²⁺] at every probe, and release, one above the other; returns the path."""
    run = RunFolder(run_folder)
    stimulus, probes, sensors = (run.result.table(name) for name in (STIMULUS, PROBES, SENSORS))
    panels = [
        (draw, table)
        for draw, table in ((_stimulus, stimulus), (_calcium, probes), (_release, sensors))
        if len(table) > 1 and len(table[TIME])
    ]
    if not panels:
        raise InputError(f"{run.path} has no {STIMULUS}, {PROBES} or {SENSORS} with rows to draw")
    figure = _figure((7, 2.3 * len(panels) + 0.6))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (draw, table) in zip(axes, panels, strict=True):
        draw(axis, table)
        axis.spines["top"].set_visible(False)
    axes[-1].set_xlabel(TIME)
    axes[0].set_title(textwrap.fill(run.result.about.get("title", ""), 90), loc="left", fontsize=10)
    figure.align_ylabels()
    return _save(figure, path)


def plane(run_folder: str | Path, path: str | Path, time: float | str | None = None) -> Path:
    """[Ca²⁺] just above the membrane from above, with vesicles, channels and sensors; returns the path."""
    run = RunFolder(run_folder)
    index, (lower, upper) = run.nearest(time), frame_of(run)
    upper = upper.copy()
    lower[2] = min(run.scene.membrane + SLICE_HEIGHT, upper[2])
    upper[2] = lower[2]
    spacing = float((upper - lower)[:2].max()) / 300
    logarithm = CalciumRaster(run, lower, upper, spacing).logarithm(index)[:, :, 0]
    figure = _figure((6.4, 5.2))
    axis = figure.subplots()
    _concentration(figure, axis, logarithm, NM_PER_UM * lower, NM_PER_UM * upper)
    _standing(axis, run)
    _scale_bar(axis, lower, upper)
    axis.set_title(f"t = {run.snapshots.times[index]:.2f} ms", loc="left")
    return _save(figure, path)


def _stimulus(axis, table: dict[str, np.ndarray]) -> None:
    time, currents = table[TIME], [name for name in table if name.endswith("current (pA)")]
    if "voltage (mV)" in table:
        axis.plot(time, table["voltage (mV)"], color="#222222", lw=1.4)
    axis.set_ylabel("voltage (mV)")
    if not currents:
        return
    right = axis.twinx()
    for number, name in enumerate(currents):
        label = name.removesuffix(": current (pA)")
        right.plot(time, table[name], color=f"C{number}", lw=1.2, label=label)
    right.set_ylabel("current (pA)")
    right.spines["top"].set_visible(False)
    right.legend(frameon=False, fontsize=8, loc="lower right")


def _calcium(axis, table: dict[str, np.ndarray]) -> None:
    curves = {name.removesuffix(": " + CALCIUM): v for name, v in table.items() if name.endswith(CALCIUM)}
    for (name, values), colour in zip(curves.items(), _colours(len(curves)), strict=True):
        axis.plot(table[TIME], np.where(values > 0, values, np.nan), color=colour, lw=1.2, label=name)
    axis.set_yscale("log")
    axis.set_ylabel("[Ca²⁺] (µM)")
    if 0 < len(curves) <= MANY:
        axis.legend(frameon=False, fontsize=8, loc="upper right")


def _release(axis, table: dict[str, np.ndarray]) -> None:
    rates = {name: v for name, v in table.items() if name.endswith("release rate (1/ms)")}
    chances = {name: v for name, v in table.items() if name.endswith("release probability")}
    for (name, values), colour in zip(rates.items(), _colours(len(rates)), strict=True):
        axis.plot(table[TIME], values, color=colour, lw=1.2, label=name.partition(":")[0])
    axis.set_ylabel("release rate (1/ms)")
    axis.set_ylim(bottom=0)
    if chances:
        right = axis.twinx()
        for values, colour in zip(chances.values(), _colours(len(chances)), strict=True):
            right.plot(table[TIME], values, color=colour, lw=1.2, ls="--")
        right.set_ylabel("release probability (dashed)")
        right.set_ylim(bottom=0)
        right.spines["top"].set_visible(False)
    if 0 < len(rates) <= MANY:
        axis.legend(frameon=False, fontsize=8, loc="upper left")


def _concentration(figure, axis, logarithm: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    from matplotlib.colors import LogNorm

    extent = (lower[0], upper[0], lower[1], upper[1])
    calcium = 10**logarithm.T
    image = axis.imshow(
        calcium, origin="lower", extent=extent, cmap=COLOURS, norm=LogNorm(*RANGE), interpolation="bilinear"
    )
    levels = [level for level in LEVELS if calcium.min() < level < calcium.max()]
    if levels:
        lines = axis.contour(calcium, levels=levels, extent=extent, colors="white", linewidths=0.7, linestyles=":")
        axis.clabel(lines, levels[:2], fmt="%g", fontsize=7)  # small rings leave no room for theirs
    bar = figure.colorbar(image, ax=axis, label="[Ca²⁺] (µM)", extend="both", shrink=0.85)
    bar.ax.yaxis.set_major_formatter("{x:g}")
    axis.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])


def _standing(axis, run: RunFolder) -> None:
    """Vesicles as outlines of their full width, channels and sensors as points; lengths in nm."""
    from matplotlib.patches import Circle

    scene = run.scene.unfolded()
    for x, y, _, radius in NM_PER_UM * scene.vesicles:
        axis.add_patch(Circle((x, y), radius, fill=False, ec="white", lw=1.4))
    for name, points, colour, marker in (
        ("channel", scene.channels, CHANNEL_COLOUR, "o"),
        ("sensor", scene.sensors, SENSOR_COLOUR, "^"),
    ):
        if len(points):
            x, y = NM_PER_UM * points[:, :2].T
            axis.scatter(x, y, s=22, c=colour, marker=marker, ec="black", lw=0.6, label=name, zorder=3)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1, 1.09), ncols=2)


def _scale_bar(axis, lower: np.ndarray, upper: np.ndarray) -> None:
    length = round_length(0.3 * (upper - lower)[0])
    x, y = NM_PER_UM * (lower[:2] + 0.05 * (upper - lower)[:2])
    end = x + NM_PER_UM * length
    axis.plot([x, end], [y, y], color="white", lw=3, solid_capstyle="butt")
    axis.text((x + end) / 2, y, f"{nanometres(length)}\n", color="white", ha="center", va="center", fontsize=9)


def _colours(count: int) -> np.ndarray:
    import matplotlib

    return matplotlib.colormaps["viridis"](np.linspace(0, 0.9, max(count, 1)))[:count]


def _figure(size: tuple[float, float]):
    """A figure that needs no screen and leaves the settings of pyplot alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure, path: str | Path) -> Path:
    figure.savefig(path, dpi=200, facecolor="white")
    return Path(path)
