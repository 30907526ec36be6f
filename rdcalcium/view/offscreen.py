"""Rendering without a screen: choose a VTK window that needs no X server, or say what to install."""

from __future__ import annotations

import ctypes
import os

from rdcalcium.errors import RdcalciumError

CHOICE = "VTK_DEFAULT_OPENGL_WINDOW"  # read by VTK whenever it makes a window
EGL, OSMESA = "vtkEGLRenderWindow", "vtkOSOpenGLRenderWindow"
EGL_EXTENSIONS = 0x3055  # value of the constant of this name in EGL/egl.h


class DisplayError(RdcalciumError):
    """No screen for a window, or no library that draws without one."""


def prepare(window: bool = False) -> None:
    """Call before making a plotter: off screen unless a window is asked for.

    Raises DisplayError where a window has no display, or a picture no library to draw it.
    """
    if window:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise DisplayError("there is no display for a window; draw into a file", "screenshot", "movie")
        if os.environ.get(CHOICE) in (EGL, OSMESA):
            del os.environ[CHOICE]
        return
    if CHOICE not in os.environ:
        os.environ[CHOICE] = _window_without_x()


def _window_without_x() -> str:
    if _egl_has_a_driver():
        return EGL
    if _loads("libOSMesa.so.8") or _loads("libOSMesa.so.6"):
        return OSMESA
    raise DisplayError(
        "pictures need OpenGL without a screen, and neither libEGL with a driver nor libOSMesa is installed; "
        "on Debian or Ubuntu: apt install libegl1 libgl1 libgl1-mesa-dri, or libosmesa6"
    )


def _egl_has_a_driver() -> bool:
    """Whether libEGL is there and a driver behind it draws without a display, as VTK asks of it."""
    if not _loads("libEGL.so.1"):
        return False
    query = ctypes.CDLL("libEGL.so.1").eglQueryString
    query.restype, query.argtypes = ctypes.c_char_p, (ctypes.c_void_p, ctypes.c_int)
    return b"EGL_EXT_platform_device" in (query(None, EGL_EXTENSIONS) or b"")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
