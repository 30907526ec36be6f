"""Active zones from above, each by itself: its channels, sensors and vesicles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.results import Row, read_places
from rdcalcium.units import NM_PER_UM, counted, nanometres
from rdcalcium.view.canvas import new_figure, save
from rdcalcium.view.style import CHANNEL, INK, SENSOR, round_length

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.patches import Circle

MOST = 20  # zones that are drawn, the first ones
ACROSS, SIDE = 5, 2.2  # panels in a row at most, and the side of one in inches
MARGIN = 1.15  # radii of the largest zone that a panel shows
DOCKED = 2.0  # radii, below which the centre of a vesicle is that of a docked one
PALE, EDGE = "#c9ced6", "#9aa3ad"  # of vesicles, and of the rim of a zone


def zones(run_folder: str | Path, path: str | Path) -> Path:
    """A panel for each of the first active zones, seen along the normal of the membrane; returns the path.

    Vesicles are outlines of their full width, paler where they are above docked ones. Raises InputError where the run
    has no active zones.
    """
    places = read_places(Path(run_folder))
    found = [place for place in places if place.kind == "active zone"]
    if not found:
        raise InputError(f"{run_folder} has no active zones to draw")
    shown, reach = found[:MOST], MARGIN * max(zone.radius for zone in found)
    across = min(len(shown), ACROSS)
    down = math.ceil(len(shown) / across)
    figure = new_figure((max(SIDE * across, 2 * SIDE), SIDE * down + 0.7))
    panels = figure.subplots(down, across, squeeze=False).ravel()
    handles: dict[str, Artist] = {}
    for axis in panels[len(shown) :]:
        axis.set_axis_off()
    for axis, zone in zip(panels, shown, strict=False):
        handles |= _draw(axis, zone, [place for place in places if place.zone == zone.name], reach)
    _scale_bar(panels[0], reach)
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8
    )
    if len(found) > MOST:
        figure.suptitle(f"the first {MOST} of {counted(len(found), 'active zone')}", x=0.02, ha="left", fontsize=9)
    return save(figure, path)


def _draw(axis: Axes, zone: Row, inside: Sequence[Row], reach: float) -> dict[str, Artist]:
    """One zone and what is in it; a key to that."""
    from matplotlib.lines import Line2D

    side = NM_PER_UM * reach
    axis.set(xlim=(-side, side), ylim=(-side, side), aspect="equal", xticks=[], yticks=[])
    axis.set_title(zone.name, fontsize=8)
    axis.add_patch(_circle(zone, ec=EDGE, ls="--"))
    handles: dict[str, Artist] = {}
    bodies = [place for place in inside if place.radius and place is not zone]
    for body in sorted(bodies, key=lambda body: -_height(body, zone)):
        docked = _height(body, zone) < DOCKED * body.radius
        axis.add_patch(_circle(body, ec=INK if docked else PALE))
        ring = Line2D([], [], ls="none", marker="o", mfc="none", mec=INK if docked else PALE, ms=9)
        handles[body.kind if docked else f"{body.kind} above"] = ring
    for kind, colour, marker in (("channel", CHANNEL, "o"), ("sensor", SENSOR, "^")):
        feet = [place.along for place in inside if place.kind == kind and place.along]
        if feet:
            u, v = NM_PER_UM * np.array(feet).T
            handles[kind] = axis.scatter(u, v, s=14, c=colour, marker=marker, ec="black", lw=0.4, zorder=3)
    return handles


def _circle(place: Row, **look: str) -> Circle:
    """Its outline as seen from above."""
    from matplotlib.patches import Circle

    u, v = place.along or (0.0, 0.0)
    return Circle((NM_PER_UM * u, NM_PER_UM * v), NM_PER_UM * place.radius, fill=False, lw=1.0, **look)


def _height(place: Row, zone: Row) -> float:
    """Of the centre of something above the plane that touches its zone, µm."""
    return math.sqrt(max(math.dist(place.point, zone.point) ** 2 - math.hypot(*(place.along or (0.0, 0.0))) ** 2, 0.0))


def _scale_bar(axis: Axes, reach: float) -> None:
    length = round_length(0.6 * reach)
    x, y = -0.92 * NM_PER_UM * reach, -0.9 * NM_PER_UM * reach
    axis.plot([x, x + NM_PER_UM * length], [y, y], color=INK, lw=2, solid_capstyle="butt")
    axis.text(x, y, f"{nanometres(length)}\n", color=INK, ha="left", va="center", fontsize=7)
