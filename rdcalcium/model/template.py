"""The action potential by a few numbers, where none was recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import PositiveTime, Voltage

FALL_PER_RISE = 1.7  # between half of the amplitude and the peak; with it the calyx action potential is met within 5 mV
GAUSSIAN_PEAK = 2.0  # half-widths after the beginning, at which 1.5e-5 of the amplitude is left
FAR = 4.5  # times ln 1.7 from the peak of the skewed one in ln t, where less than 1e-6 of the amplitude is left
ROWS = 201  # of which the middle one is the peak; cubics through them are the formulae within 1.1e-4 of the amplitude


class Template(Part):
    """An action potential that begins at 0 ms and rises from rest to one peak, by its half-width.

    With A = peak - rest, V = rest + A exp(-ln 2 (ln(t / t_peak) / ln 1.7)²) is skewed: from the peak to half of the
    amplitude it falls in 1.7 times the time in which it rose from there, as in the calyx of Held, and t_peak is 0.90
    half_width. V = rest + A exp(-4 ln 2 (t - t_peak)² / half_width²) is a Gaussian, whose t_peak is 2 half_width.
    """

    shape: Literal["skewed", "gaussian"] = "skewed"
    """How it rises and falls."""
    half_width: PositiveTime
    """Full width at half of the amplitude."""
    peak: Voltage
    """Highest potential."""
    rest: Voltage
    """Potential before and after it."""

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.peak <= self.rest:
            raise ValueError(f"a peak of {self.peak:g} mV is not above the rest of {self.rest:g} mV")
        return self

    @property
    def table(self) -> tuple[tuple[float, float], ...]:
        """Rows of time (ms) and voltage (mV), of which one is the peak, and the first and the last are at rest."""
        times, height = SHAPES[self.shape]
        voltage = self.rest + (self.peak - self.rest) * height(times)
        voltage[[0, -1]] = self.rest
        return tuple(zip((self.half_width * times).tolist(), voltage.tolist(), strict=True))


def _gaussian(t: np.ndarray) -> np.ndarray:
    return np.exp(-4 * np.log(2) * (t - GAUSSIAN_PEAK) ** 2)


def _skewed(t: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.exp(-np.log(2) * (np.log(t / SKEWED_PEAK) / np.log(FALL_PER_RISE)) ** 2)


# Half of the height is at t_peak / 1.7 and at 1.7 t_peak, one half-width apart.
SKEWED_PEAK = 1 / (FALL_PER_RISE - 1 / FALL_PER_RISE)

# Of each shape: times in half-widths, and share of the amplitude at them.
SHAPES: dict[str, tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]] = {
    "skewed": (np.append(0.0, SKEWED_PEAK * FALL_PER_RISE ** np.linspace(-FAR, FAR, ROWS)), _skewed),
    "gaussian": (GAUSSIAN_PEAK * np.linspace(0, 2, ROWS), _gaussian),
}
