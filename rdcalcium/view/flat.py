"""What flat pictures show of a raster of points: concentrations, what is cut, points near it, and a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.results.scene import Scene
from rdcalcium.units import NM_PER_UM, nanometres
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.sampling import AROUND, Samples
from rdcalcium.view.sheet import Sheet
from rdcalcium.view.style import CALCIUM_TITLE, COLOURS, LEVELS, RANGE, round_length

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Key = dict[str, "Artist"]  # words -> what they mean

SENSOR_COLOUR, CHANNEL_COLOUR = "#57e389", "#4fc3f7"
VESICLE, VESICLE_EDGE, BODY, BODY_EDGE = "#e8eef4", "#5d6b79", "#e9d8c3", "#8a6d4b"
SHADE = {"facecolor": "#00000060", "edgecolor": "none", "boxstyle": "round,pad=0.1"}  # behind a number
OUTSIDE = "#a3a9b0"  # where no cytosol is, a colour that no concentration has
GREY = "#888888"  # stands in the key for white
CLEAR = 0.05  # of the longer side of a picture, between the number of a contour and the edge, or what is drawn
TINY = 0.04  # of that side, below which a contour has no number
WALL = "#6b737b"
EDGE = 1.0  # points, width of lines along edges


def draw_sheet(axis: Axes, run: RunFolder, sheet: Sheet, index: int) -> tuple[AxesImage, np.ma.MaskedArray, Key]:
    """All of it, for one snapshot, nm; returns what the colour bar belongs to, the concentrations seen, and a key.

    Nothing has the colour of a concentration but cytosol: not what is beyond the membrane, nor what the sheet cuts.
    """
    samples, scene = Samples(run, sheet.points, sheet.spacing), run.scene.unfolded()
    flat = sheet.points.reshape(-1, 3)
    vesicles, bodies = (-far(flat, AROUND).reshape(samples.shape) for far in (scene.from_vesicles, scene.from_bodies))
    hidden = samples.outside | (vesicles > 0) | (bodies > 0)
    calcium = np.ma.masked_array(10 ** samples.logarithm(index), hidden)
    image, contours = _concentrations(axis, sheet, calcium)
    key = _cut(axis, sheet, "vesicle", vesicles, VESICLE, VESICLE_EDGE)
    key |= _cut(axis, sheet, ", ".join(scene.of_bodies), bodies, BODY, BODY_EDGE)
    if samples.outside.any():  # after what stands on the membrane, which may be sunk into it
        _fill(axis, sheet, -samples.depth, OUTSIDE, WALL)
    key |= _points(axis, sheet, scene)
    if contours:
        key["contour (µM)"] = line(color=GREY, ls=":", lw=1)
        _numbers(axis, contours, NM_PER_UM * sheet.shown(np.concatenate([scene.channels, scene.sensors])))
    _scale_bar(axis, sheet)
    return image, calcium, key


def _concentrations(axis: Axes, sheet: Sheet, calcium: np.ma.MaskedArray) -> tuple[AxesImage, QuadContourSet | None]:
    """The colours, and contours at those of LEVELS that occur; colours go on under what hides them, up to its edge."""
    from matplotlib.colors import LogNorm

    extent = _nm(sheet)
    axis.set_facecolor(OUTSIDE)
    image = axis.imshow(
        calcium.data.T, origin="lower", extent=extent, cmap=COLOURS, norm=LogNorm(*RANGE), interpolation="bilinear"
    )
    axis.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], aspect="equal")
    levels = [level for level in LEVELS if calcium.min() < level < calcium.max()]
    if not levels:
        return image, None
    return image, axis.contour(calcium.T, levels=levels, extent=extent, colors="white", linewidths=0.7, linestyles=":")


def _fill(axis: Axes, sheet: Sheet, depth: np.ndarray, colour: str, edge: str) -> None:
    """What lies deeper than 0 in one colour, and its edge in another."""
    x, y = NM_PER_UM * sheet.u, NM_PER_UM * sheet.v
    axis.contourf(x, y, depth.T, levels=[0.0, np.inf], colors=colour)
    axis.contour(x, y, depth.T, levels=[0.0], colors=edge, linewidths=EDGE, zorder=1)


def _cut(axis: Axes, sheet: Sheet, name: str, depth: np.ndarray, colour: str, edge: str) -> Key:
    """What stands in the terminal, where the sheet goes through it."""
    from matplotlib.patches import Patch

    if not (depth > 0).any():
        return {}
    _fill(axis, sheet, depth, colour, edge)
    return {name: Patch(facecolor=colour, edgecolor=edge, lw=EDGE)}


def _points(axis: Axes, sheet: Sheet, scene: Scene) -> Key:
    """Channels and sensors that are near."""
    key: Key = {}
    for name, points, colour, marker in (
        ("channel", scene.channels, CHANNEL_COLOUR, "o"),
        ("sensor", scene.sensors, SENSOR_COLOUR, "^"),
    ):
        x, y = NM_PER_UM * sheet.shown(points).T
        if len(x):
            key[name] = axis.scatter(x, y, s=22, c=colour, marker=marker, ec="black", lw=0.6, zorder=3)
    return key


def colour_bar(figure: Figure, image: AxesImage, axes: Any, *seen: np.ma.MaskedArray) -> None:
    """Beside some panels; its ends are pointed where concentrations that are seen go on beyond them."""
    low, high = min(float(one.min()) for one in seen), max(float(one.max()) for one in seen)
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    extend = beyond[low < RANGE[0], high > RANGE[1]]
    bar = figure.colorbar(image, ax=axes, label=CALCIUM_TITLE, extend=extend, shrink=0.85)
    bar.ax.yaxis.set_major_formatter("{x:g}")


def line(**look: Any) -> Artist:
    """An entry of a key."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **look)


def _numbers(axis: Axes, contours: QuadContourSet, occupied: np.ndarray) -> None:
    """Write its level on a line of each contour, within the picture and beside what is drawn, (n, 2) nm.

    Matplotlib's own labels break the line, for which a small ring has no room. What is TINY has no number at all.
    """
    lower, upper = (np.array(ends) for ends in zip(axis.get_xlim(), axis.get_ylim(), strict=True))
    side = float((upper - lower).max())
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        line = np.asarray(path.vertices)
        inside = line[((line > lower + CLEAR * side) & (line < upper - CLEAR * side)).all(axis=1)]
        if not len(inside) or np.ptp(inside, axis=0).max() < TINY * side:
            continue
        gaps = np.linalg.norm(inside[:, None] - occupied, axis=2).min(axis=1, initial=np.inf)
        x, y = _aside(inside[gaps.argmax()], occupied, CLEAR * side)
        axis.text(x, y, f"{level:g}", color="white", fontsize=8, ha="center", va="center", bbox=SHADE, zorder=4)
        occupied = np.concatenate([occupied, [[x, y]]])


def _aside(place: np.ndarray, occupied: np.ndarray, clear: float) -> np.ndarray:
    """A place, moved away from the nearest of what is drawn until that is clear, (2,)."""
    if not len(occupied):
        return place
    away = place - occupied[np.linalg.norm(place - occupied, axis=1).argmin()]
    gap = float(np.linalg.norm(away))
    return place if gap >= clear or gap == 0 else np.asarray(place + (clear / gap - 1) * away)


def _scale_bar(axis: Axes, sheet: Sheet) -> None:
    """At the left: of a section above, where no membrane is, else below."""
    left, right, bottom, top = _nm(sheet)
    length = NM_PER_UM * round_length(0.3 * (right - left) / NM_PER_UM)
    margin = 0.05 * max(right - left, top - bottom)
    x, y = left + margin, bottom + margin if sheet.near == np.inf else top - 1.8 * margin
    look: dict[str, Any] = {"color": "white", "zorder": 5}
    axis.plot([x, x + length], [y, y], lw=3, solid_capstyle="butt", path_effects=rim(5), **look)
    words = f"{nanometres(length / NM_PER_UM)}\n"
    axis.text(x + length / 2, y, words, ha="center", va="center", fontsize=9, path_effects=rim(2), **look)


def rim(width: float) -> list[Any]:
    """Dark around white, which is then seen on any colour."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="#222222")]


def _nm(sheet: Sheet) -> tuple[float, float, float, float]:
    left, right, bottom, top = (NM_PER_UM * end for end in sheet.extent)
    return left, right, bottom, top
