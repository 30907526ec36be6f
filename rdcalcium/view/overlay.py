"""What lies flat over a three-dimensional picture: words, the key, and the colour bar.

Places are shares of the window, (0, 0) at its lower left; sizes follow its height.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.results.scene import Scene
from rdcalcium.view.style import CALCIUM_TITLE, CHANNEL, INK, LEVELS, RANGE, SENSOR, colour_of, place_of, ticks

if TYPE_CHECKING:
    import pyvista

FULL_HEIGHT = 1200  # pixels of the window for which the sizes of letters are given
BAR = (0.875, 0.1, 0.024, 0.44)  # left, bottom, width and height of the colour bar
STRIPS = 256  # colours in it
TICK, SMALL_TICK, LINE = 0.008, 0.0045, 0.0018  # lengths of the ticks, and their thickness
VESICLE_INK, BODY_INK, ZONE_INK = "#7d8b99", "#a5896b", "#9aa3ad"
KEY, END = 0.86, 0.985  # where the key begins at most, and where it ends
AFTER_SIGN = 0.025  # from the beginning of a sign to that of its words
LETTERS = 16  # size of these
PIXELS = 2  # to a size of letters, as pyvista draws them

Rectangle = tuple[float, float, float, float]  # left, bottom, width, height


class Overlay:
    """Writes over one plotter."""

    def __init__(self, plotter: pyvista.Plotter):
        self.plotter = plotter
        self.scale = plotter.window_size[1] / FULL_HEIGHT

    def write(
        self, text: str, place: tuple[float, float], name: str, size: int, colour: Any = INK, middle: bool = False
    ) -> None:
        """Words from a place on to the right, above it or around its height; they replace those of the same name."""
        written = self.plotter.add_text(
            text, position=place, viewport=True, font_size=self.size(size), color=colour, font_file=font(), name=name,
            render=False,
        )  # fmt: skip
        if middle:
            written.prop.justification_vertical = "center"

    def size(self, size: float) -> int:
        """Size of letters in this window."""
        return max(1, round(size * self.scale))

    def draw_key(self, scene: Scene, zones: bool) -> None:
        """What each colour and shape means: things that stand there, and the iso-surfaces with their levels."""
        left, height = self.left_of_key(scene, zones), 0.95
        for sign, colour, text, ink in _rows(scene, zones):
            self.write(sign, (left, height), f"sign of {text}", 17, colour, middle=True)
            self.write(text, (left + AFTER_SIGN, height), text, LETTERS, ink, middle=True)
            height -= 0.038

    def left_of_key(self, scene: Scene, zones: bool) -> float:
        """Where it begins, so that its longest words end within the window."""
        width = self.plotter.window_size[0]
        longest = max(_width(text) for _, _, text, _ in _rows(scene, zones))
        return min(KEY, END - AFTER_SIGN - longest * PIXELS * self.size(LETTERS) / width)

    def draw_colour_bar(self) -> None:
        """The colour map with a tick at 1, 2, … 9 of each decade; VTK's own has ticks at its labels only."""
        left, bottom, width, height = BAR
        strip = height / STRIPS
        low, high = np.log10(RANGE)
        levels = 10 ** np.linspace(low, high, STRIPS)
        self._fill([((left, bottom + i * strip, width, strip), colour_of(c)) for i, c in enumerate(levels)])
        numbered, small = ticks()
        marks: list[Rectangle] = [(left + width, bottom + height * place_of(c), SMALL_TICK, LINE) for c in small]
        marks += [(left + width, bottom + height * place_of(c), TICK, LINE) for c in numbered]
        self._fill([(mark, (0.13, 0.13, 0.13)) for mark in marks])
        for c in numbered:
            place = (left + width + 1.4 * TICK, bottom + height * place_of(c))
            self.write(f"{c:g}", place, f"tick {c:g}", 13, middle=True)
        self.write(CALCIUM_TITLE, (left - 0.015, bottom + height + 0.03), "colour bar", 14)

    def _fill(self, rectangles: Iterable[tuple[Rectangle, tuple[float, float, float]]]) -> None:
        """Rectangles, each in its colour."""
        import pyvista
        from vtkmodules.vtkRenderingCore import vtkActor2D, vtkCoordinate, vtkPolyDataMapper2D

        places, colours = zip(*rectangles, strict=True)
        corners = np.array([[(x, y, 0), (x + w, y, 0), (x + w, y + h, 0), (x, y + h, 0)] for x, y, w, h in places])
        count = len(corners)
        faces = np.column_stack([np.full(count, 4), np.arange(4 * count).reshape(count, 4)])
        flat = pyvista.PolyData(corners.reshape(-1, 3), faces.ravel())
        flat.cell_data["colour"] = (255 * np.array(colours)).astype(np.uint8)
        flat.set_active_scalars("colour")
        window = vtkCoordinate()
        window.SetCoordinateSystemToNormalizedViewport()
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(flat)
        mapper.SetTransformCoordinate(window)
        mapper.TransformCoordinateUseDoubleOn()
        mapper.SetScalarModeToUseCellData()
        actor: Any = vtkActor2D()
        actor.SetMapper(mapper)
        self.plotter.add_actor(actor, render=False, reset_camera=False)


def _rows(scene: Scene, zones: bool) -> list[tuple[str, Any, str, Any]]:
    """Of the key: a sign and its colour, words and theirs."""
    rows: list[tuple[str, Any, str, Any]] = [
        (sign, colour, text, colour)
        for sign, text, colour, there in (
            ("●", "channel", CHANNEL, len(scene.channels)),
            ("●", "sensor", SENSOR, len(scene.sensors)),
            ("○", "vesicle", VESICLE_INK, len(scene.vesicles)),
            ("○", "active zone", ZONE_INK, zones),
        )
        if there
    ]
    rows += [("○", BODY_INK, name, BODY_INK) for name in scene.of_bodies]
    return rows + [("◓", colour_of(level), f"{level:g} µM", INK) for level in LEVELS]


def _width(text: str) -> float:
    """Of words, in sizes of their letters."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), text, size=1, prop=FontProperties(fname=font())).get_extents().width)


def font() -> str:
    """A font with ² and ⁺; the built-in ones of VTK lack the second."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")
