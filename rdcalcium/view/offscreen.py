"""Rendering without a screen: choose a VTK window that needs no X server, or say what to install."""

from __future__ import annotations

import ctypes
import os

CHOICE = "VTK_DEFAULT_OPENGL_WINDOW"  # read by VTK whenever it makes a window
WITHOUT_X = {
    "vtkEGLRenderWindow": ("libEGL.so.1",),
    "vtkOSOpenGLRenderWindow": ("libOSMesa.so.8", "libOSMesa.so.6"),
}


def prepare(window: bool = False) -> None:
    """Call before making a plotter: off screen unless a window is asked for.

    Raises RuntimeError where a window has no display, or a picture no library to draw it.
    """
    if window:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise RuntimeError("there is no display for a window; save a picture or a movie instead")
        if os.environ.get(CHOICE) in WITHOUT_X:
            del os.environ[CHOICE]
        return
    if CHOICE not in os.environ:
        os.environ[CHOICE] = _window_without_x()


def _window_without_x() -> str:
    for window, libraries in WITHOUT_X.items():
        if any(_loads(library) for library in libraries):
            return window
    raise RuntimeError(
        "pictures need OpenGL without a screen, and neither libEGL nor libOSMesa is installed; "
        "on Debian or Ubuntu: apt install libegl1 libgl1 libgl1-mesa-dri, or libosmesa6"
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
