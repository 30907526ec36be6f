"""The active zone in three dimensions: membrane, vesicles, channels and the plume of calcium around them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.view.field import LOG_CALCIUM, CalciumRaster, frame_of, vesicle_distance
from rdcalcium.view.offscreen import prepare
from rdcalcium.view.overlay import Overlay
from rdcalcium.view.passes import smooth_and_peeled
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.still import draw_still
from rdcalcium.view.style import COLOURS, LEVELS, RANGE, SLICE_HEIGHT, colour_of

if TYPE_CHECKING:
    import pyvista


class PlumeScene:
    """One plotter that goes from snapshot to snapshot; the raster and all that stands still are made once.

    Everything is added with render=False: otherwise each thing costs a rendering, and a movie five times its time.
    """

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
        self.overlay = Overlay(self.plotter)
        draw_still(self.plotter, self.scene, self.lower, self.upper, letters=self.overlay.size(24))
        self.overlay.draw_key(self.scene)
        self.overlay.draw_colour_bar()
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
        closed = self.raster.closed(image)
        for level, opacity in LEVELS.items():
            self._draw_surface(closed, level, opacity)
        self.overlay.write(f"t = {self.run.snapshots.times[index]:.2f} ms", (0.03, 0.93), "time", size=26)
        self.plotter.render()  # nothing before the first look, which renders by itself

    def _draw_slice(self, image: pyvista.ImageData) -> None:
        """The concentration just above the membrane, on the colour map that the colour bar explains."""
        height = min(self.scene.membrane + SLICE_HEIGHT, self.upper[2])
        plane = image.slice(normal="z", origin=(0, 0, height))
        plane.point_data["calcium"] = 10 ** plane.point_data[LOG_CALCIUM]
        self.plotter.add_mesh(
            plane, scalars="calcium", cmap=COLOURS, clim=RANGE, log_scale=True, lighting=False, opacity=1.0,
            name="slice", show_scalar_bar=False, reset_camera=False, render=False,
        )  # fmt: skip

    def _draw_surface(self, image: pyvista.ImageData, level: float, opacity: float) -> None:
        """One iso-surface, cut where a vesicle begins; none where calcium is below the level."""
        name = f"surface {level:g}"
        self.plotter.remove_actor(name, render=False)
        surface = image.contour([np.log10(level)], scalars=LOG_CALCIUM)
        if surface.n_points and len(self.scene.vesicles):
            surface.point_data["outside"] = vesicle_distance(surface.points, self.scene.vesicles)
            surface = surface.clip_scalar(scalars="outside", value=0.0, invert=False)
        if surface.n_points:
            surface = surface.compute_normals(cell_normals=False, split_vertices=False)
            surface.point_data["rgba"] = self._glass(surface, colour_of(level), opacity)
            self.plotter.add_mesh(
                surface, scalars="rgba", rgba=True, smooth_shading=True, ambient=0.6, diffuse=0.5, specular=0.3,
                specular_power=25, name=name, show_scalar_bar=False, reset_camera=False, render=False,
            )  # fmt: skip

    def _glass(self, surface: pyvista.PolyData, colour: tuple[float, float, float], opacity: float) -> np.ndarray:
        """Colours of a glass bubble, (n, 4) bytes: clear where we look through, pale and dense at the rim."""
        sight = np.asarray(self.plotter.camera.position) - surface.points
        sight /= np.linalg.norm(sight, axis=1, keepdims=True)
        grazing = 1 - np.abs((surface.point_data["Normals"] * sight).sum(axis=1))
        alpha = opacity * (0.5 + 1.8 * grazing**2.5)
        pale = 0.45 * grazing[:, None] ** 2
        rgba = np.column_stack([np.asarray(colour) * (1 - pale) + pale, alpha.clip(0, 1)])
        return (255 * rgba).astype(np.uint8)

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
