"""What stands still in the picture of a plume: membrane, vesicles, channels, sensors and the scale bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.results.scene import Scene
from rdcalcium.solids import Solid, frame, onto_surface
from rdcalcium.solids.base import place
from rdcalcium.units import nanometres
from rdcalcium.view.bodies import part_of, surface_of
from rdcalcium.view.glass import glass
from rdcalcium.view.overlay import font
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.spot import normal_at
from rdcalcium.view.style import CHANNEL, INK, SENSOR, SLICE_HEIGHT, ZONE, round_length

if TYPE_CHECKING:
    import pyvista

MEMBRANE, VESICLE, BODY = "#b9c4cf", "#eef4fa", "#e9d8c3"
AROUND_FRAME = 0.045  # how far the membrane is drawn beyond the frame, in widths of it
MARKER = 0.0035  # µm, radius of the balls that stand for channels and sensors
SMALLEST = 0.0035  # of the size of the picture, that radius at least
NEAR_SIDE = 0.16  # opacity of the wall between us and the inside
RIM = 73  # points along that of an active zone
GLASS: dict[str, Any] = {
    "opacity": 0.45, "smooth_shading": True, "ambient": 0.25, "specular": 0.8, "specular_power": 40, "render": False,
}  # fmt: skip
TO_THE_FRONT = -66000.0  # units of depth: more than all of them


def beyond(lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the part around the frame in which the membrane is drawn, µm."""
    around = AROUND_FRAME * (upper - lower)[:2].max() * np.array([1, 1, 0])
    return lower - around, upper + around


def draw_still(
    plotter: pyvista.Plotter, run: RunFolder, eye: np.ndarray, lower: np.ndarray, upper: np.ndarray, letters: int
) -> None:
    """Draw all of it.

    eye           (3,) from where one looks, µm
    lower, upper  (3,) corners of the part that is drawn, µm
    letters       their size at the scale bar
    """
    scene = run.scene.unfolded()
    if scene.membrane is not None:
        _draw_membrane(plotter, scene, eye, lower, upper)
    _draw_vesicles(plotter, scene.vesicles, lower, upper)
    _draw_bodies(plotter, scene.bodies, lower, upper)
    size = max(MARKER, SMALLEST * float((upper - lower).max()))
    _draw_zones(plotter, run.zones, scene, size / 4)
    _draw_balls(plotter, _seen(scene, scene.channels), size, CHANNEL, "channels")
    _draw_balls(plotter, _seen(scene, scene.sensors), size, SENSOR, "sensors")
    _bring_forward(plotter, "sensors")
    _draw_scale_bar(plotter, scene, lower, upper, letters)


def _draw_membrane(
    plotter: pyvista.Plotter, scene: Scene, eye: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> None:
    """A plane one, and the other walls of a terminal that is no box."""
    import pyvista

    low, high = beyond(lower, upper)
    if scene.outline is None:
        middle = (*(low + high)[:2] / 2, scene.membrane)
        plane = pyvista.Plane(center=middle, i_size=high[0] - low[0], j_size=high[1] - low[1])
        plotter.add_mesh(plane, color=MEMBRANE, opacity=0.55, lighting=False, name="membrane", render=False)
        return
    around = low - (upper - lower) * [0, 0, AROUND_FRAME], high
    surface = surface_of(scene.outline, (place(around[0]), place(around[1])))
    surface = surface.clip_box(np.column_stack(around).ravel(), invert=False)
    if not surface.n_points:
        return
    far, near = facing(surface, eye)
    if far.n_points:
        plotter.add_mesh(far, color=MEMBRANE, opacity=0.55, lighting=False, name="membrane", render=False)
    draw_near_side(plotter, near, eye)


def facing(surface: pyvista.PolyData, eye: np.ndarray) -> tuple[pyvista.PolyData, pyvista.PolyData]:
    """Of a surface whose triangles face outwards what is seen from within, and what is between us and that."""
    flat = surface.triangulate()
    points, faces = np.asarray(flat.points, dtype=float), flat.regular_faces
    a, b, c = (points[faces[:, k]] for k in range(3))
    near = ((eye - a) * np.cross(b - a, c - a)).sum(axis=1) > 0
    return part_of(flat, ~near), part_of(flat, near)


def draw_near_side(plotter: pyvista.Plotter, near: pyvista.PolyData, eye: np.ndarray) -> None:
    """As glass."""
    import pyvista

    if near.n_points:
        near.point_data["rgba"] = glass(near, eye, pyvista.Color(MEMBRANE).float_rgb, NEAR_SIDE)
        plotter.add_mesh(
            near, scalars="rgba", rgba=True, lighting=False, name="near side", show_scalar_bar=False, render=False
        )


def _seen(scene: Scene, points: np.ndarray) -> np.ndarray:
    """Points (p, 3) as they are drawn: on the slice, if they lie below it."""
    if scene.membrane is None:
        return points
    return np.column_stack([points[:, :2], points[:, 2].clip(scene.membrane + SLICE_HEIGHT)])


def _draw_zones(plotter: pyvista.Plotter, zones: np.ndarray, scene: Scene, thickness: float) -> None:
    """The rims of active zones (z, 4)."""
    import pyvista

    turns = np.linspace(0, 2 * np.pi, RIM)
    for number, (*centre, radius) in enumerate(zones):
        u, v, normal = frame(normal_at(scene, np.array(centre)))
        rim = centre + radius * (np.outer(np.cos(turns), u) + np.outer(np.sin(turns), v))
        if scene.outline and scene.membrane is None:
            rim = onto_surface(scene.outline, rim)
        tube = pyvista.lines_from_points(rim + (SLICE_HEIGHT + thickness) * normal).tube(radius=thickness)
        plotter.add_mesh(tube, color=ZONE, lighting=False, name=f"zone {number}", render=False)


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


def _draw_balls(plotter: pyvista.Plotter, points: np.ndarray, radius: float, colour: str, name: str) -> None:
    import pyvista

    if not len(points):
        return
    ball = pyvista.Sphere(radius=radius, theta_resolution=24, phi_resolution=24)
    balls = pyvista.PolyData(points).glyph(geom=ball, scale=False, orient=False)
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
    start = np.array([lower[0], lower[1] - around, lower[2] + 0.001])
    bar = pyvista.Tube(pointa=start, pointb=start + along, radius=0.06 * around, n_sides=16)
    plotter.add_mesh(bar, color=INK, lighting=False, name="scale bar", render=False)
    plotter.add_point_labels(
        [start + along / 2 - [0, around, 0]], [nanometres(length)], font_file=font(), font_size=letters,
        text_color=INK, shape=None, show_points=False, always_visible=True, bold=False,
        justification_horizontal="center", justification_vertical="top", name="scale bar length", render=False,
    )  # fmt: skip
