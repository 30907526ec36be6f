"""The active zone in three dimensions: membrane, vesicles, channels and the plume of calcium around them."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.view.field import DEPTH, LOG_CALCIUM, CalciumRaster, frame_of
from rdcalcium.view.glass import glass
from rdcalcium.view.offscreen import prepare
from rdcalcium.view.overlay import Overlay
from rdcalcium.view.passes import smooth_and_peeled
from rdcalcium.view.run_folder import CALCIUM, RunFolder
from rdcalcium.view.sampling import AROUND
from rdcalcium.view.still import beyond, draw_near_side, draw_still, facing
from rdcalcium.view.style import COLOURS, LEVELS, RANGE, SLICE_HEIGHT, colour_of
from rdcalcium.view.wall import Wall, wall_of

if TYPE_CHECKING:
    import pyvista


VIEW_ANGLE = 20  # degrees
TILT, TURN = np.radians(38), np.radians(-70)  # one looks down from the front, a little from the left
TOWARDS = np.array([np.cos(TILT) * np.cos(TURN), np.cos(TILT) * np.sin(TURN), np.sin(TILT)])
FREE = 0.66  # what the colour bar leaves free at its left, -1 to 1


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
        zones = len(run.zones) > 0
        self.free = np.array([[-0.95, -0.9], [min(FREE, 2 * self.overlay.left_of_key(self.scene, zones) - 1.05), 0.8]])
        self.eye, self.middle = self._eye()
        draw_still(self.plotter, run, self.eye, self.lower, self.upper, letters=self.overlay.size(24))
        self.wall = self._far_side(wall_of(self.scene, *beyond(self.lower, self.upper)))
        self.overlay.draw_key(self.scene, zones)
        self.overlay.draw_colour_bar()
        self.overlay.write(self._remark(), (0.03, 0.03), "remark", size=16)
        self._frame_camera()

    def _far_side(self, surface: pyvista.PolyData | None) -> Wall | None:
        """That of the wall of a terminal, which has calcium; the near side is drawn."""
        if surface is None:
            return None
        far, near = facing(surface, self.eye)
        draw_near_side(self.plotter, near, self.eye)
        return Wall(self.run, far) if far.n_points else None

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
        self._draw_membrane(image, index)
        for level, opacity in LEVELS.items():
            self._draw_surface(image, level, opacity)
        self.overlay.write(f"t = {self.run.snapshots.times[index]:.2f} ms", (0.03, 0.93), "time", size=26)
        self.plotter.render()  # nothing before the first look, which renders by itself

    def _draw_membrane(self, image: pyvista.ImageData, index: int) -> None:
        """The concentration just above the membrane, on the colour map that the colour bar explains.

        Of a membrane that is no plane that is its far side, as seen from within.
        """
        if self.wall:
            shown = self.wall.show(index)
        else:
            shown = self._cytosol(image.slice(normal="z", origin=(0, 0, min(self._level(), self.upper[2]))))
            if not shown.n_points:
                return
            shown.point_data[CALCIUM] = 10 ** shown.point_data[LOG_CALCIUM]
        self.plotter.add_mesh(
            shown, scalars=CALCIUM, cmap=COLOURS, clim=RANGE, log_scale=True, lighting=False, opacity=1.0,
            name="membrane with calcium", show_scalar_bar=False, reset_camera=False, render=False,
        )  # fmt: skip

    def _level(self) -> float:
        """Height of the slice: just above the membrane; in the middle of a terminal that of the lowest channel, µm."""
        if self.scene.membrane is None:
            return float(self.scene.channels[:, 2].min() if len(self.scene.channels) else self.lower[2])
        return self.scene.membrane + SLICE_HEIGHT

    def _cytosol(self, surface: pyvista.PolyData) -> pyvista.PolyData:
        """What of a surface is in the cytosol: neither beyond the wall nor in what stands there."""
        if surface.n_points and self.raster.outside.any():
            surface = surface.clip_scalar(scalars=DEPTH, value=0.0, invert=False)
        if surface.n_points and (len(self.scene.vesicles) or self.scene.bodies):
            surface.point_data["outside"] = self.scene.outside(np.asarray(surface.points), AROUND)
            surface = surface.clip_scalar(scalars="outside", value=0.0, invert=False)
        return surface

    def _remark(self) -> str:
        """What the picture is of, and what of it goes on where it ends."""
        cut = self.scene.cut_by(self.lower, self.upper)
        goes_on = f"{' and '.join(cut)} {'go' if len(cut) > 1 else 'goes'} on beyond the picture" if cut else ""
        return "; ".join(filter(None, [self.run.scene.remark, goes_on]))

    def _draw_surface(self, image: pyvista.ImageData, level: float, opacity: float) -> None:
        """One iso-surface, which ends at walls, obstacles and the frame; none where calcium is below the level."""
        name = f"surface {level:g}"
        self.plotter.remove_actor(name, render=False)
        surface = self._cytosol(image.contour([np.log10(level)], scalars=LOG_CALCIUM))
        if surface.n_points:
            surface = surface.compute_normals(cell_normals=False, split_vertices=False)
            surface.point_data["rgba"] = glass(surface, self.eye, colour_of(level), opacity)
            self.plotter.add_mesh(
                surface, scalars="rgba", rgba=True, smooth_shading=True, ambient=0.6, diffuse=0.5, specular=0.3,
                specular_power=25, name=name, show_scalar_bar=False, reset_camera=False, render=False,
            )  # fmt: skip

    def _frame_camera(self) -> None:
        camera = self.plotter.camera
        camera.focal_point, camera.position, camera.up = self.eye - TOWARDS, self.eye, (0, 0, 1)
        camera.view_angle = VIEW_ANGLE
        camera.SetWindowCenter(*self.middle)
        self.plotter.renderer.reset_camera_clipping_range()

    def _eye(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the camera stands, µm, and by how much the picture is then shifted, in halves of the window.

        With all corners of the frame and of the membrane around it in the part of the window that is free.
        """
        low, high = beyond(self.lower, self.upper)
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)
        centre, right = (low + high) / 2, np.array([-np.sin(TURN), np.cos(TURN), 0])
        flat = (corners - centre) @ np.column_stack([right, np.cross(TOWARDS, right)])
        depth = (corners - centre) @ TOWARDS
        width, height = self.plotter.window_size
        half = np.tan(np.radians(VIEW_ANGLE / 2)) * np.array([width / height, 1.0])
        distance = np.linalg.norm(high - low)
        for _ in range(20):  # each is nearer to where the frame takes all of the room
            places = flat / (distance - depth)[:, None] / half
            first, last = places.min(axis=0), places.max(axis=0)
            distance *= ((last - first) / (self.free[1] - self.free[0])).max()
        return centre + distance * TOWARDS, (first + last - self.free[0] - self.free[1]) / 2
