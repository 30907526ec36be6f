"""What stands still in the picture of a plume: membrane, vesicles, channels, sensors and the scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.results.scene import Scene
from rdcalcium.solids import Solid
from rdcalcium.units import nanometres
from rdcalcium.view.bodies import surface_of
from rdcalcium.view.overlay import font
from rdcalcium.view.style import CHANNEL, INK, SENSOR, SLICE_HEIGHT, round_length

if TYPE_CHECKING:
    import pyvista

MEMBRANE, VESICLE, BODY = "#b9c4cf", "#eef4fa", "#e9d8c3"
AROUND_FRAME = 0.045  # how far the membrane is drawn beyond the frame, in widths of it
MARKER = 0.0035  # µm, radius of the balls that stand for channels and sensors
GLASS: dict[str, Any] = {
    "opacity": 0.45, "smooth_shading": True, "ambient": 0.25, "specular": 0.8, "specular_power": 40, "render": False,
}  # fmt: skip
TO_THE_FRONT = -66000.0  # units of depth: more than all of them


def draw_still(plotter: pyvista.Plotter, scene: Scene, lower: np.ndarray, upper: np.ndarray, letters: int) -> None:
    """Draw all of it.

    scene         unfolded
    lower, upper  (3,) corners of the part that is drawn, µm
    letters       their size at the scale bar
    """
    if scene.outline:
        _draw_outline(plotter, scene.outline, lower, upper)
    elif scene.membrane is not None:
        _draw_membrane(plotter, scene.membrane, lower, upper)
    _draw_vesicles(plotter, scene.vesicles, lower, upper)
    _draw_bodies(plotter, scene.bodies, lower, upper)
    floor = scene.floor + SLICE_HEIGHT  # what lies below the slice is drawn on it
    _draw_balls(plotter, scene.channels, floor, CHANNEL, "channels")
    _draw_balls(plotter, scene.sensors, floor, SENSOR, "sensors")
    _bring_forward(plotter, "sensors")
    _draw_scale_bar(plotter, scene, lower, upper, letters)


def _draw_membrane(plotter: pyvista.Plotter, height: float, lower: np.ndarray, upper: np.ndarray) -> None:
    import pyvista

    around = AROUND_FRAME * (upper - lower)[:2].max()
    low, high = lower[:2] - around, upper[:2] + around
    plane = pyvista.Plane(center=(*(low + high) / 2, height), i_size=high[0] - low[0], j_size=high[1] - low[1])
    plotter.add_mesh(plane, color=MEMBRANE, opacity=0.55, lighting=False, name="membrane", render=False)


def _draw_outline(plotter: pyvista.Plotter, outline: Solid, lower: np.ndarray, upper: np.ndarray) -> None:
    """What of a curved membrane is below the part that is drawn, and beside it as far as a plane one goes."""
    around = AROUND_FRAME * (upper - lower)[:2].max()
    box = np.column_stack([lower - around, upper + around])
    surface = surface_of(outline).clip_box(box.ravel(), invert=False)
    if surface.n_points:
        plotter.add_mesh(surface, color=MEMBRANE, opacity=0.55, lighting=False, name="membrane", render=False)


def _draw_vesicles(plotter: pyvista.Plotter, vesicles: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    """Those whose centre stands over the part that is drawn."""
    import pyvista

    centres = vesicles[:, :3]
    framed = vesicles[((centres >= lower) & (centres <= upper)).all(axis=1)]
    for number, (*centre, radius) in enumerate(framed):
        ball = pyvista.Sphere(radius=radius, center=centre, theta_resolution=72, phi_resolution=72)
        plotter.add_mesh(ball, color=VESICLE, name=f"vesicle {number}", **GLASS)


def _draw_bodies(plotter: pyvista.Plotter, bodies: Sequence[Solid], lower: np.ndarray, upper: np.ndarray) -> None:
    """What of them is in the part that is drawn."""
    for number, body in enumerate(bodies):
        low, high = body.bounds
        if (low < upper).all() and (high > lower).all():
            surface = surface_of(body).clip_box(np.column_stack([lower, upper]).ravel(), invert=False)
            plotter.add_mesh(surface, color=BODY, name=f"body {number}", **GLASS)


def _draw_balls(plotter: pyvista.Plotter, points: np.ndarray, floor: float, colour: str, name: str) -> None:
    import pyvista

    if not len(points):
        return
    ball = pyvista.Sphere(radius=MARKER, theta_resolution=24, phi_resolution=24)
    shown = np.column_stack([points[:, :2], points[:, 2].clip(floor)])
    balls = pyvista.PolyData(shown).glyph(geom=ball, scale=False, orient=False)
    plotter.add_mesh(balls, color=colour, smooth_shading=True, ambient=0.35, specular=0.4, name=name, render=False)


def _bring_forward(plotter: pyvista.Plotter, name: str) -> None:
    """Draw over everything: a sensor lies under its vesicle, where nobody would see it."""
    if name in plotter.actors:
        mapper = plotter.actors[name].mapper
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(0.0, TO_THE_FRONT)


def _draw_scale_bar(plotter: pyvista.Plotter, scene: Scene, lower: np.ndarray, upper: np.ndarray, letters: int) -> None:
    import pyvista

    length = round_length(0.3 * (upper - lower)[0])
    around = 0.035 * (upper - lower)[:2].max()
    along = np.array([length, 0, 0])
    start = np.array([lower[0], lower[1] - around, scene.floor + 0.001])
    bar = pyvista.Tube(pointa=start, pointb=start + along, radius=0.06 * around, n_sides=16)
    plotter.add_mesh(bar, color=INK, lighting=False, name="scale bar", render=False)
    plotter.add_point_labels(
        [start + along / 2 - [0, around, 0]], [nanometres(length)], font_file=font(), font_size=letters,
        text_color=INK, shape=None, show_points=False, always_visible=True, bold=False,
        justification_horizontal="center", justification_vertical="top", name="scale bar length", render=False,
    )  # fmt: skip
