"""[Ca²⁺] in the plane just above the membrane, seen from above."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.results.scene import Scene
from rdcalcium.units import NM_PER_UM, milliseconds, nanometres
from rdcalcium.view.bodies import silhouette
from rdcalcium.view.canvas import new_figure, save
from rdcalcium.view.field import CalciumRaster, frame_of
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.style import CALCIUM_TITLE, COLOURS, LEVELS, RANGE, SLICE_HEIGHT, height_text, round_length

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure

SIZE = (6.4, 5.4)  # inches
RASTER = 300  # points along the longer side
SENSOR_COLOUR, CHANNEL_COLOUR, BODY_COLOUR = "#57e389", "#4fc3f7", "#e9c46a"
SHADE = {"facecolor": "#00000060", "edgecolor": "none", "boxstyle": "round,pad=0.1"}  # behind a number
OUTSIDE = "#a3a9b0"  # where no cytosol is, a colour that no concentration has
GREY = "#888888"  # stands in the key for white
CLEAR_OF_EDGE = 0.06  # share of the picture's side, between the number of a contour and the edge


def plane(run_folder: str | Path, path: str | Path, time: float | str | None = None) -> Path:
    """[Ca²⁺] just above the membrane from above, with vesicles, channels and sensors; returns the path.

    time  of the snapshot, in ms or written like "1.2 ms"; None: the peak at the sensors

    The end of the path chooses the format: .png, .pdf or .svg.
    """
    run = RunFolder(run_folder)
    index, (lower, upper) = run.nearest(time), frame_of(run)
    upper = upper.copy()
    lower[2] = min(run.scene.floor + SLICE_HEIGHT, upper[2])
    upper[2] = lower[2]
    spacing = float((upper - lower)[:2].max()) / RASTER
    raster = CalciumRaster(run, lower, upper, spacing)
    calcium = np.ma.masked_array(10 ** raster.logarithm(index), raster.outside)[:, :, 0]
    figure, scene = new_figure(SIZE), run.scene.unfolded()
    axis = figure.subplots()
    contours = _concentration(figure, axis, calcium, NM_PER_UM * lower, NM_PER_UM * upper)
    _standing(axis, scene)
    if contours:
        _numbers(axis, contours, NM_PER_UM * np.concatenate([scene.channels, scene.sensors])[:, :2])
    _scale_bar(axis, lower, upper)
    when = f"t = {milliseconds(run.snapshots.times[index], 4)}, {height_text(run.scene.membrane, float(lower[2]))}"
    figure.suptitle(", ".join(filter(None, [when, scene.tiling])), x=0.02, ha="left", fontsize=11)
    return save(figure, path)


def _concentration(
    figure: Figure, axis: Axes, calcium: np.ma.MaskedArray, lower: np.ndarray, upper: np.ndarray
) -> QuadContourSet | None:
    """The colours, their bar, and contours at those of LEVELS that occur."""
    from matplotlib.colors import LogNorm

    axis.set_facecolor(OUTSIDE)
    extent = (lower[0], upper[0], lower[1], upper[1])
    image = axis.imshow(
        calcium.T, origin="lower", extent=extent, cmap=COLOURS, norm=LogNorm(*RANGE), interpolation="bilinear"
    )
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    extend = beyond[bool(calcium.min() < RANGE[0]), bool(calcium.max() > RANGE[1])]
    bar = figure.colorbar(image, ax=axis, label=CALCIUM_TITLE, extend=extend, shrink=0.85)
    bar.ax.yaxis.set_major_formatter("{x:g}")
    axis.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    levels = [level for level in LEVELS if calcium.min() < level < calcium.max()]
    if not levels:
        return None
    return axis.contour(calcium.T, levels=levels, extent=extent, colors="white", linewidths=0.7, linestyles=":")


def _numbers(axis: Axes, contours: QuadContourSet, occupied: np.ndarray) -> None:
    """Write its level on the longest line of each contour, within the picture and away from what is drawn, (n, 2) nm.

    Matplotlib's own labels break the line, for which a small ring has no room.
    """
    lower, upper = (np.array(ends) for ends in zip(axis.get_xlim(), axis.get_ylim(), strict=True))
    inset = CLEAR_OF_EDGE * (upper - lower)
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        line = np.asarray(path.vertices)
        inside = line[((line > lower + inset) & (line < upper - inset)).all(axis=1)]
        if not len(inside):
            continue
        gaps = np.linalg.norm(inside[:, None] - occupied, axis=2).min(axis=1, initial=np.inf)
        x, y = inside[gaps.argmax()]
        axis.text(x, y, f"{level:g}", color="white", fontsize=8, ha="center", va="center", bbox=SHADE, zorder=4)
        occupied = np.concatenate([occupied, [[x, y]]])


def _standing(axis: Axes, scene: Scene) -> None:
    """Vesicles and other bodies as outlines of their full width, channels and sensors as points, and a key to them."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle

    handles: list[Artist] = []
    for x, y, _, radius in NM_PER_UM * scene.vesicles:
        axis.add_patch(Circle((x, y), radius, fill=False, ec="white", lw=1.4))
    if len(scene.vesicles):
        handles.append(Line2D([], [], ls="none", marker="o", mfc="none", mec=GREY, ms=9, mew=1.4, label="vesicle"))
    for body in scene.bodies:
        x, y, depth = silhouette(body)
        axis.contour(NM_PER_UM * x, NM_PER_UM * y, depth, levels=[0.0], colors=BODY_COLOUR, linewidths=1.4)
    if scene.bodies:
        handles.append(Line2D([], [], color=BODY_COLOUR, lw=1.4, label=", ".join(scene.of_bodies)))
    for name, points, colour, marker in (
        ("channel", scene.channels, CHANNEL_COLOUR, "o"),
        ("sensor", scene.sensors, SENSOR_COLOUR, "^"),
    ):
        if len(points):
            x, y = NM_PER_UM * points[:, :2].T
            handles.append(axis.scatter(x, y, s=22, c=colour, marker=marker, ec="black", lw=0.6, label=name, zorder=3))
    handles.append(Line2D([], [], color=GREY, ls=":", lw=1, label="contour (µM)"))
    axis.legend(handles=handles, frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=4)


def _scale_bar(axis: Axes, lower: np.ndarray, upper: np.ndarray) -> None:
    length = round_length(0.3 * (upper - lower)[0])
    x, y = NM_PER_UM * (lower[:2] + 0.05 * (upper - lower)[:2])
    end = x + NM_PER_UM * length
    axis.plot([x, end], [y, y], color="white", lw=3, solid_capstyle="butt")
    axis.text((x + end) / 2, y, f"{nanometres(length)}\n", color="white", ha="center", va="center", fontsize=9)
