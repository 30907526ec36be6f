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
VESICLE_INK, BODY_INK = "#7d8b99", "#a5896b"

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

    def draw_key(self, scene: Scene) -> None:
        """What each colour and shape means: things that stand there, and the iso-surfaces with their levels."""
        rows: list[tuple[str, Any, str, Any]] = [
            (sign, colour, text, colour)
            for sign, text, colour, things in (
                ("●", "channel", CHANNEL, scene.channels),
                ("●", "sensor", SENSOR, scene.sensors),
                ("○", "vesicle", VESICLE_INK, scene.vesicles),
            )
            if len(things)
        ]
        rows += [("○", BODY_INK, name, BODY_INK) for name in scene.of_bodies]
        rows += [("◓", colour_of(level), f"{level:g} µM", INK) for level in LEVELS]
        height = 0.95
        for sign, colour, text, ink in rows:
            self.write(sign, (0.86, height), f"sign of {text}", 17, colour, middle=True)
            self.write(text, (0.885, height), text, 16, ink, middle=True)
            height -= 0.038

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


def font() -> str:
    """A font with ² and ⁺; the built-in ones of VTK lack the second."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")
