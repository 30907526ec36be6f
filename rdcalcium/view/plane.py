"""[Ca²⁺] just above the membrane, seen from above; where the membrane is curved, along it around one active zone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.units import NM_PER_UM, milliseconds, nanometres
from rdcalcium.view.canvas import key_below, new_figure, save, title
from rdcalcium.view.flat import GREY, Key, colour_bar, draw_sheet, line, rim
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.sheet import Sheet, over_membrane
from rdcalcium.view.spot import At, Spot, spot_of
from rdcalcium.view.style import SLICE_HEIGHT, height_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (6.4, 5.6)  # inches
DOCKED = 2.0  # radii above the membrane, below which the centre of a vesicle is that of a docked one


def plane(run_folder: str | Path, path: str | Path, time: float | str | None = None, at: At | None = None) -> Path:
    """[Ca²⁺] just above the membrane from above, with channels, sensors, and what stands there; returns the path.

    What the plane cuts is filled; vesicles that are docked above it are dashed. The end of the path chooses the format:
    .png, .pdf or .svg.

    time  of the snapshot, in ms or written like "1.2 ms"; None: the peak at the sensors
    at    name of an active zone, or a point: (x, y, z) in µm, or written like "0.1 um, 0, 20 nm"; None: all of a
          membrane that is a plane, and of any other the zone with the most channels
    """
    run = RunFolder(run_folder)
    index, spot = run.nearest(time), spot_of(run, at)
    sheet = over_membrane(run, spot, close=at is not None)
    figure = new_figure(SIZE)
    axis = figure.subplots()
    image, calcium, key = draw_sheet(axis, run, sheet, index)
    colour_bar(figure, image, axis, calcium)
    key_below(figure, _docked(axis, spot, sheet) | key | _zones(axis, run, sheet))
    when = f"t = {milliseconds(run.snapshots.times[index], 4)}, {_where(spot, sheet, close=at is not None)}"
    title(figure, when, run.scene.remark)
    return save(figure, path)


def _where(spot: Spot, sheet: Sheet, close: bool) -> str:
    """Which points it shows."""
    if spot.scene.membrane is None and spot.on_membrane:
        return f"{nanometres(SLICE_HEIGHT)} from the membrane, around {spot.where}"
    height = height_text(spot.scene.membrane, float(sheet.origin[2]))
    return f"{height}, around {spot.where}" if close else height


def _docked(axis: Axes, spot: Spot, sheet: Sheet) -> Key:
    """Outlines, of their full width, of the vesicles that are docked to the membrane shown; a key to them."""
    from matplotlib.patches import Circle

    look = {"fill": False, "ec": "white", "lw": 1.2, "ls": "--", "path_effects": rim(2)}
    if not spot.on_membrane:
        return {}
    vesicles = spot.scene.vesicles
    docked = vesicles[spot.height_of(vesicles[:, :3]) < DOCKED * vesicles[:, 3]]
    drawn = False
    for *centre, radius in docked:
        for x, y in NM_PER_UM * sheet.shown(np.array([centre])):
            axis.add_patch(Circle((x, y), NM_PER_UM * radius, **look))
            drawn = True
    return {"docked vesicle above": line(color=GREY, ls="--", lw=1.2)} if drawn else {}


def _zones(axis: Axes, run: RunFolder, sheet: Sheet) -> Key:
    """The rims of active zones; a key to them."""
    from matplotlib.patches import Circle

    drawn = {}
    for *centre, radius in run.zones:
        flat = sheet.flat(np.array([centre]))[0]
        if abs(flat[2]) < sheet.near:
            x, y = NM_PER_UM * flat[:2]
            axis.add_patch(Circle((x, y), NM_PER_UM * radius, fill=False, ec="white", lw=0.8, alpha=0.6))
            drawn["active zone"] = line(color=GREY, lw=0.8)
    return drawn
