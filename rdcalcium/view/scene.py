"""The active zone in three dimensions: membrane, vesicles, channels and the plume of calcium around them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.units import NM_PER_UM, nanometres
from rdcalcium.view.field import LOG_CALCIUM, CalciumRaster, frame_of, vesicle_distance
from rdcalcium.view.offscreen import prepare
from rdcalcium.view.run_folder import RunFolder

if TYPE_CHECKING:
    import pyvista

LEVELS = {1.0: 0.3, 10.0: 0.65, 50.0: 0.9}  # µM -> opacity of the iso-surface
RANGE = (0.1, 100.0)  # µM, the ends of the colour map
COLOURS = "inferno"  # perceptually ordered; rest is dark, so that pale vesicles stand out
SLICE_HEIGHT = 0.003  # µm above the membrane
CALCIUM_TITLE = "[Ca²⁺] (µM)"
VTK_FONT_FILE = 4  # value of the constant of this name in vtkTextProperty
INK, MEMBRANE, VESICLE, CHANNEL, SENSOR = "#222222", "#b9c4cf", "#eef4fa", "#14395b", "#2a9d5c"


def plume_scene(
    run_folder: str | Path,
    time: float | str | None = None,
    *,
    window: bool = False,
    size: tuple[int, int] = (1600, 1200),
) -> pyvista.Plotter:
    """A plotter with the plume at the snapshot nearest to a time (ms, or "1.2 ms"; None: at its peak).

    Without `window` it draws off screen, for plotter.screenshot(path); with it, call plotter.show().
    """
    run = RunFolder(run_folder)
    index = run.nearest(time)
    scene = PlumeScene(run, size=size, window=window)
    scene.show(index)
    return scene.plotter


class PlumeScene:
    """One plotter that goes from snapshot to snapshot; the raster and all that stands still are made once."""

    def __init__(self, run: RunFolder, size: tuple[int, int] = (1600, 1200), window: bool = False):
        prepare(window)
        import pyvista

        self.run, self.scene = run, run.scene.unfolded()
        self.lower, self.upper = frame_of(run)
        self.raster = CalciumRaster(run, self.lower, self.upper)
        self.plotter: Any = pyvista.Plotter(off_screen=not window, window_size=list(size), lighting="light kit")
        self.plotter.background_color = pyvista.Color("white")
        self.plotter.disable_anti_aliasing()
        self.plotter.renderer.SetPass(smooth_and_peeled())
        self._draw_membrane()
        self._draw_markers()
        self._draw_scale_bar()
        self._draw_key()
        self._frame_camera()

    def close(self) -> None:
        """Let go of the window and all that lives on the graphics device, now.

        Left to the garbage collector, these may be released while another window draws, which can crash VTK.
        """
        self.plotter.close()
        self.plotter.deep_clean()
        gc.collect()

    def show(self, index: int) -> None:
        """Draw the plume of one snapshot in place of the one before."""
        image = self.raster.image(index)
        self._draw_slice(image)
        for level, opacity in LEVELS.items():
            self._draw_surface(image, level, opacity)
        self._write(f"t = {self.run.snapshots.times[index]:.2f} ms", (0.03, 0.93), "time", size=26)

    def _draw_slice(self, image) -> None:
        """The concentration just above the membrane, on the colour map that the colour bar explains."""
        height = min(self.scene.membrane + SLICE_HEIGHT, self.upper[2])
        plane = image.slice(normal="z", origin=(0, 0, height))
        plane.point_data["calcium"] = 10 ** plane.point_data[LOG_CALCIUM]
        self.plotter.add_mesh(
            plane, scalars="calcium", cmap=COLOURS, clim=RANGE, log_scale=True, lighting=False, opacity=1.0,
            name="slice", show_scalar_bar=False, reset_camera=False,
        )  # fmt: skip
        self._draw_colour_bar()

    def _draw_surface(self, image, level: float, opacity: float) -> None:
        """One iso-surface, cut where a vesicle begins; none where calcium is below the level."""
        name = f"surface {level:g}"
        self.plotter.remove_actor(name, render=False)
        surface = image.contour([np.log10(level)], scalars=LOG_CALCIUM)
        if surface.n_points and len(self.scene.vesicles):
            distance = vesicle_distance(surface.points, self.scene.vesicles)
            surface = surface.clip_scalar(scalars=_with(surface, distance), value=0.0, invert=False)
        if surface.n_points:
            surface = surface.compute_normals(cell_normals=False, split_vertices=False)
            surface.point_data["rgba"] = self._glass(surface, colour_of(level), opacity)
            self.plotter.add_mesh(
                surface, scalars="rgba", rgba=True, smooth_shading=True, ambient=0.6, diffuse=0.5,
                specular=0.3, specular_power=25, name=name, show_scalar_bar=False, reset_camera=False,
            )  # fmt: skip

    def _glass(self, surface, colour, opacity: float) -> np.ndarray:
        """Colours of a glass bubble, (n, 4) bytes: clear where we look through, pale and dense at the rim."""
        sight = np.asarray(self.plotter.camera.position) - surface.points
        sight /= np.linalg.norm(sight, axis=1, keepdims=True)
        grazing = 1 - np.abs((surface.point_data["Normals"] * sight).sum(axis=1))
        alpha = opacity * (0.5 + 1.8 * grazing**2.5)
        pale = 0.45 * grazing[:, None] ** 2
        rgba = np.column_stack([np.asarray(colour) * (1 - pale) + pale, alpha.clip(0, 1)])
        return (255 * rgba).astype(np.uint8)

    def _draw_membrane(self) -> None:
        import pyvista

        around = 0.045 * (self.upper - self.lower)[:2].max()
        low, high = self.lower[:2] - around, self.upper[:2] + around
        plane = pyvista.Plane(
            center=(*(low + high) / 2, self.scene.membrane), i_size=high[0] - low[0], j_size=high[1] - low[1]
        )
        self.plotter.add_mesh(plane, color=MEMBRANE, opacity=0.55, lighting=False, name="membrane")

    def _draw_markers(self) -> None:
        import pyvista

        for number, (*centre, radius) in enumerate(self._framed(self.scene.vesicles)):
            ball = pyvista.Sphere(radius=radius, center=centre, theta_resolution=72, phi_resolution=72)
            self.plotter.add_mesh(
                ball, color=VESICLE, opacity=0.45, smooth_shading=True, ambient=0.25, specular=0.8,
                specular_power=40, name=f"vesicle {number}",
            )  # fmt: skip
        for name, points, colour in (
            ("channels", self.scene.channels, CHANNEL),
            ("sensors", self.scene.sensors, SENSOR),
        ):
            if len(points):
                ball = pyvista.Sphere(radius=0.0035, theta_resolution=24, phi_resolution=24)
                floor = self.scene.membrane + SLICE_HEIGHT  # what lies below the slice is drawn on it
                shown = np.column_stack([points[:, :2], points[:, 2].clip(floor)])
                balls = pyvista.PolyData(shown).glyph(geom=ball, scale=False, orient=False)
                self.plotter.add_mesh(balls, color=colour, smooth_shading=True, specular=0.4, name=name)

    def _framed(self, vesicles: np.ndarray) -> np.ndarray:
        """Vesicles whose centre stands over the part that is drawn."""
        centres = vesicles[:, :3]
        return vesicles[((centres >= self.lower) & (centres <= self.upper)).all(axis=1)]

    def _draw_scale_bar(self) -> None:
        import pyvista

        length = round_length(0.3 * (self.upper - self.lower)[0])
        around = 0.035 * (self.upper - self.lower)[:2].max()
        along = np.array([length, 0, 0])
        start = np.array([self.lower[0], self.lower[1] - around, self.scene.membrane + 0.001])
        bar = pyvista.Tube(pointa=start, pointb=start + along, radius=0.0015, n_sides=16)
        self.plotter.add_mesh(bar, color=INK, lighting=False, name="scale bar")
        self.plotter.add_point_labels(
            [start + along / 2 - [0, around, 0]], [nanometres(length)], font_file=font(), font_size=24,
            text_color=INK, shape=None, show_points=False, always_visible=True, bold=False,
            justification_horizontal="center", justification_vertical="top", name="scale bar length",
        )  # fmt: skip

    def _draw_key(self) -> None:
        rows = [("● channel", CHANNEL, self.scene.channels), ("● sensor", SENSOR, self.scene.sensors)]
        rows += [("○ vesicle", "#7d8b99", self.scene.vesicles)]
        height = 0.94
        for text, colour, things in rows:
            if len(things):
                self._write(text, (0.84, height), text, size=18, colour=colour)
                height -= 0.04

    def _draw_colour_bar(self) -> None:
        if self.plotter.scalar_bars:
            return
        bar = self.plotter.add_scalar_bar(
            CALCIUM_TITLE + "\n", mapper=self.plotter.actors["slice"].mapper, vertical=True, n_labels=4,
            fmt="%.3g", width=0.05, height=0.5, position_x=0.88, position_y=0.12, color=INK,
            title_font_size=26, label_font_size=22, unconstrained_font_size=True,
        )  # fmt: skip
        for text in (bar.GetTitleTextProperty(), bar.GetLabelTextProperty()):
            text.SetFontFamily(VTK_FONT_FILE)
            text.SetFontFile(font())

    def _write(self, text: str, place, name: str, size: int, colour: str = INK) -> None:
        self.plotter.add_text(
            text, position=place, viewport=True, font_size=size, color=colour, font_file=font(), name=name
        )

    def _frame_camera(self) -> None:
        """Look down at the active zone from the front, a little from the left; the whole frame fits."""
        centre = (self.lower + self.upper) / 2
        centre[2] = self.scene.membrane
        reach = np.linalg.norm((self.upper - self.lower)[:2])
        tilt, turn = np.radians(38), np.radians(-70)
        towards = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
        camera = self.plotter.camera
        camera.focal_point, camera.position, camera.up = centre, centre + 2.6 * reach * towards, (0, 0, 1)
        camera.view_angle = 20
        camera.SetWindowCenter(0.08, -0.03)  # leaves the right side to the colour bar
        self.plotter.renderer.reset_camera_clipping_range()


def smooth_and_peeled():
    """Render passes that sort translucent surfaces (depth peeling) and smooth edges (four samples a pixel).

    pyvista offers the two one at a time: its SSAA draws translucent surfaces in the order they were added,
    and VTK's multi-sampling loses them.
    """
    from vtkmodules import vtkRenderingOpenGL2

    passes = vtkRenderingOpenGL2.vtkRenderPassCollection()
    peeling = vtkRenderingOpenGL2.vtkDualDepthPeelingPass()
    peeling.SetTranslucentPass(vtkRenderingOpenGL2.vtkTranslucentPass())
    peeling.SetMaximumNumberOfPeels(12)
    for step in (
        vtkRenderingOpenGL2.vtkLightsPass(),
        vtkRenderingOpenGL2.vtkOpaquePass(),
        peeling,
        vtkRenderingOpenGL2.vtkOverlayPass(),
    ):
        passes.AddItem(step)
    sequence, camera, smoothing = (
        vtkRenderingOpenGL2.vtkSequencePass(),
        vtkRenderingOpenGL2.vtkCameraPass(),
        vtkRenderingOpenGL2.vtkSSAAPass(),
    )
    sequence.SetPasses(passes)
    camera.SetDelegatePass(sequence)
    smoothing.SetDelegatePass(camera)
    return smoothing


def colour_of(level: float):
    """Colour of a concentration in µM on the colour map."""
    import matplotlib

    low, high = np.log10(RANGE)
    return matplotlib.colormaps[COLOURS]((np.log10(level) - low) / (high - low))[:3]


def round_length(length: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ nm that is not longer than a length in µm."""
    nm = NM_PER_UM * length
    power = 10.0 ** np.floor(np.log10(nm))
    return float(max(step for step in (1, 2, 5) if step * power <= nm * (1 + 1e-9)) * power / NM_PER_UM)


def font() -> str:
    """A font with ² and ⁺; the built-in ones of VTK lack the second."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")


def _with(surface, distance: np.ndarray) -> str:
    surface.point_data["distance from vesicles"] = distance
    return "distance from vesicles"
