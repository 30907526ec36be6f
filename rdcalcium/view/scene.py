"""The active zone in three dimensions: membrane, vesicles, channels and the plume of calcium around them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.view.field import AROUND, DEPTH, LOG_CALCIUM, CalciumRaster, frame_of
from rdcalcium.view.offscreen import prepare
from rdcalcium.view.overlay import Overlay
from rdcalcium.view.passes import smooth_and_peeled
from rdcalcium.view.run_folder import RunFolder
from rdcalcium.view.still import AROUND_FRAME, draw_still
from rdcalcium.view.style import COLOURS, LEVELS, RANGE, SLICE_HEIGHT, colour_of

if TYPE_CHECKING:
    import pyvista


VIEW_ANGLE = 20  # degrees
FREE = np.array([[-0.95, -0.9], [0.66, 0.8]])  # corners of what words, key and colour bar leave free, -1 to 1


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
        if self.scene.tiling:
            self.overlay.write(self.scene.tiling, (0.03, 0.03), "tiling", size=16)
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
        for level, opacity in LEVELS.items():
            self._draw_surface(image, level, opacity)
        self.overlay.write(f"t = {self.run.snapshots.times[index]:.2f} ms", (0.03, 0.93), "time", size=26)
        self.plotter.render()  # nothing before the first look, which renders by itself

    def _draw_slice(self, image: pyvista.ImageData) -> None:
        """The concentration just above the membrane, on the colour map that the colour bar explains."""
        height = min(self.scene.floor + SLICE_HEIGHT, self.upper[2])
        plane = image.slice(normal="z", origin=(0, 0, height))
        if self.raster.outside.any():
            plane = plane.clip_scalar(scalars=DEPTH, value=0.0, invert=False)
        plane.point_data["calcium"] = 10 ** plane.point_data[LOG_CALCIUM]
        self.plotter.add_mesh(
            plane, scalars="calcium", cmap=COLOURS, clim=RANGE, log_scale=True, lighting=False, opacity=1.0,
            name="slice", show_scalar_bar=False, reset_camera=False, render=False,
        )  # fmt: skip

    def _draw_surface(self, image: pyvista.ImageData, level: float, opacity: float) -> None:
        """One iso-surface, which ends at walls, obstacles and the frame; none where calcium is below the level."""
        name = f"surface {level:g}"
        self.plotter.remove_actor(name, render=False)
        surface = image.contour([np.log10(level)], scalars=LOG_CALCIUM)
        if surface.n_points and self.raster.outside.any():
            surface = surface.clip_scalar(scalars=DEPTH, value=0.0, invert=False)
        if surface.n_points and (len(self.scene.vesicles) or self.scene.bodies):
            surface.point_data["outside"] = self.scene.outside(surface.points, AROUND)
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
        """Look down at the active zone from the front, a little from the left; the whole frame just fits."""
        tilt, turn = np.radians(38), np.radians(-70)
        towards = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
        right = np.array([-np.sin(turn), np.cos(turn), 0])
        eye, middle = self._eye(towards, right, np.cross(towards, right))
        camera = self.plotter.camera
        camera.focal_point, camera.position, camera.up = eye - towards, eye, (0, 0, 1)
        camera.view_angle = VIEW_ANGLE
        camera.SetWindowCenter(*middle)
        self.plotter.renderer.reset_camera_clipping_range()

    def _eye(self, towards: np.ndarray, right: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the camera stands, µm, and by how much the picture is then shifted, in halves of the window.

        With all corners of the frame and of the membrane around it in the part of the window that is FREE.
        """
        around = AROUND_FRAME * (self.upper - self.lower)[:2].max()
        margin = around * np.array([1, 1, 0])
        low, high = self.lower - margin, self.upper + margin
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        centre = (low + high) / 2
        flat, depth = (corners - centre) @ np.column_stack([right, up]), (corners - centre) @ towards
        width, height = self.plotter.window_size
        half = np.tan(np.radians(VIEW_ANGLE / 2)) * np.array([width / height, 1.0])
        distance = np.linalg.norm(high - low)
        for _ in range(20):  # each is nearer to where the frame takes all of the room
            places = flat / (distance - depth)[:, None] / half
            first, last = places.min(axis=0), places.max(axis=0)
            distance *= ((last - first) / (FREE[1] - FREE[0])).max()
        return centre + distance * towards, (first + last - FREE[0] - FREE[1]) / 2
