"""What the pictures of a run share: levels, colours, and how values are written."""

from __future__ import annotations

import numpy as np

from rdcalcium.units import NM_PER_UM, nanometres

LEVELS = {1.0: 0.3, 10.0: 0.65, 50.0: 0.9}  # µM -> opacity of the iso-surface
RANGE = (0.1, 100.0)  # µM, the ends of the colour map
COLOURS = "inferno"  # perceptually ordered; rest is dark, so that pale vesicles stand out
SLICE_HEIGHT = 0.003  # µm above the membrane
CALCIUM_TITLE = "[Ca²⁺] (µM)"
INK, CHANNEL, SENSOR, ZONE = "#222222", "#14395b", "#2a9d5c", "#d8dee5"


def colour_of(level: float) -> tuple[float, float, float]:
    """Colour of a concentration in µM on the colour map."""
    import matplotlib

    red, green, blue, _ = matplotlib.colormaps[COLOURS](place_of(level))
    return red, green, blue


def place_of(level: float) -> float:
    """Where a concentration in µM stands between the ends of the colour map, 0 to 1; logarithmic."""
    low, high = np.log10(RANGE)
    return float((np.log10(level) - low) / (high - low))


def ticks() -> tuple[list[float], list[float]]:
    """Concentrations in µM with a label, a decade apart, and those of the small ticks between them."""
    low, high = (round(np.log10(end)) for end in RANGE)
    return [10.0**p for p in range(low, high + 1)], [n * 10.0**p for p in range(low, high) for n in range(2, 10)]


def height_text(membrane: float | None, z: float) -> str:
    """Where a horizontal plane lies, both in µm: "z = 3 nm", and how far from a membrane that is not at zero."""
    above = f", {nanometres(z - membrane, 3)} above the membrane" if membrane else ""
    return f"z = {nanometres(z, 4)}{above}"


def round_length(length: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ nm that is not longer than a length in µm."""
    nm = NM_PER_UM * length
    power = 10.0 ** np.floor(np.log10(nm))
    return float(max(step for step in (1, 2, 5) if step * power <= nm * (1 + 1e-9)) * power / NM_PER_UM)
