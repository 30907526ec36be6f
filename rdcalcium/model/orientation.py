"""Directions in space."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator

from rdcalcium.model.quantity import Number

PARALLEL = 1e-6  # sine of the angle below which two directions are one


def _some_way(direction: tuple[float, float, float]) -> tuple[float, float, float]:
    if not any(direction):
        raise ValueError(f"{direction} is no direction: say where to, such as [1, 0, 0]")
    return direction


Direction = Annotated[tuple[Number, Number, Number], AfterValidator(_some_way)]


def unit(direction: tuple[float, float, float]) -> np.ndarray:
    """The same direction with length 1, (3,)."""
    vector: np.ndarray = np.array(direction, dtype=float)
    vector /= np.abs(vector).max()  # whose square may be too small for a number
    return vector / np.linalg.norm(vector)


def frame(first: tuple[float, float, float], second: tuple[float, float, float]) -> np.ndarray:
    """Three directions normal to each other, columns of a rotation (3, 3): the first, then the second as far as it can.

    ValueError where the two are one.
    """
    along = unit(first)
    aside = unit(second) - (unit(second) @ along) * along
    if np.linalg.norm(aside) < PARALLEL:
        raise ValueError(f"the directions {first} and {second} are one; say a second one that leads aside")
    aside /= np.linalg.norm(aside)
    return np.column_stack([along, aside, np.cross(along, aside)])
