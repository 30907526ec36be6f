"""[Ca²⁺] in a plane across the membrane: the whole terminal, and the active zone close by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rdcalcium.units import NM_PER_UM, figures, milliseconds, nanometres
from rdcalcium.view.canvas import key_below, new_figure, save, title
from rdcalcium.view.flat import Key, colour_bar, draw_sheet, rim
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.sheet import NEAR, Sheet, across
from rdcalcium.view.spot import At, Normal, Spot, direction, spot_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, BESIDE, ABOVE = 8.6, 1.5, 1.1  # inches: of panels beside each other, of the colour bar, and of words
FLAT = 2.0  # width over height of a terminal, from which on the panels are one above the other
STACKED = 6.4  # inches, width of those
TALLEST = 4.6  # inches, of a panel


def section(
    run_folder: str | Path,
    path: str | Path,
    time: float | str | None = None,
    at: At | None = None,
    normal: Normal | None = None,
) -> Path:
    """[Ca²⁺] in a plane through an active zone, the membrane below: the whole terminal, and the zone; returns the path.

    time    of the snapshot, in ms or written like "1.2 ms"; None: the peak at the sensors
    at      name of an active zone, or a point: (x, y, z) in µm, or written like "0.1 um, 0, 20 nm"; None: the zone with
            the most channels; of a run without zones the group of channels with the most of them
    normal  of the plane: three numbers, or a text of them like "0, 1, 0"; None: the plane is at a right angle to the
            membrane, and of all such planes the one near which most channels, sensors and vesicles are
    """
    run = RunFolder(run_folder)
    index, spot = run.nearest(time), spot_of(run, at)
    sheets = [sheet for sheet in across(spot, direction(normal)) if sheet]
    figure, axes = _panels([sheet.aspect for sheet in sheets])
    seen, key = [], Key()
    for axis, sheet in zip(axes, sheets, strict=True):
        image, calcium, own = draw_sheet(axis, run, sheet, index)
        seen.append(calcium)
        key |= own
    if len(sheets) > 1:
        _frame(axes[0], sheets[1])
    colour_bar(figure, image, axes, *seen)
    key_below(figure, key)
    when = f"t = {milliseconds(run.snapshots.times[index], 4)}, {_where(spot, sheets[0])}"
    near = f"channels and sensors within {nanometres(NEAR)} of it" if {"channel", "sensor"} & set(key) else ""
    title(figure, when, "; ".join(filter(None, [near, run.scene.remark])))
    return save(figure, path)


def _where(spot: Spot, sheet: Sheet) -> str:
    """Point and normal of the plane."""
    normal = ", ".join(figures(round(x, 3) + 0.0) for x in sheet.axes[2].tolist())
    return f"through {spot.where}, normal ({normal})"


def _panels(aspects: list[float]) -> tuple[Figure, list[Axes]]:
    """One for each width over height: beside each other, or one above the other where the first is flat."""
    if aspects[0] > FLAT:
        width = STACKED
        heights = [min(width / aspect, TALLEST) for aspect in aspects]
        figure = new_figure((width + BESIDE, sum(heights) + ABOVE))
        axes = figure.subplots(len(aspects), 1, squeeze=False, height_ratios=heights)
    else:
        height = min(WIDTH / sum(aspects), TALLEST)
        figure = new_figure((height * sum(aspects) + BESIDE, height + ABOVE))
        axes = figure.subplots(1, len(aspects), squeeze=False, width_ratios=aspects)
    return figure, axes.ravel().tolist()


def _frame(axis: Axes, sheet: Sheet) -> None:
    """Where the other panel is."""
    from matplotlib.patches import Rectangle

    left, right, bottom, top = (NM_PER_UM * end for end in sheet.extent)
    axis.add_patch(
        Rectangle((left, bottom), right - left, top - bottom, fill=False, ec="white", lw=1, path_effects=rim(2))
    )
