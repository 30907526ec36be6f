"""Colours of glass: clear where one looks through, pale and dense where one looks along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyvista


def glass(surface: pyvista.PolyData, eye: np.ndarray, colour: tuple[float, float, float], opacity: float) -> np.ndarray:
    """Of each point of a surface with normals, (n, 4) bytes.

    eye  (3,) from where one looks, µm
    """
    sight = eye - surface.points
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    grazing = 1 - np.abs((surface.point_data["Normals"] * sight).sum(axis=1)).clip(0, 1)
    alpha = opacity * (0.5 + 1.8 * grazing**2.5)
    pale = 0.45 * grazing[:, None] ** 2
    rgba = np.column_stack([np.asarray(colour) * (1 - pale) + pale, alpha.clip(0, 1)])
    return (255 * rgba).astype(np.uint8)
