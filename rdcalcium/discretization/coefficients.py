"""What the faces of whole cells conduct along one axis of a grid."""

from __future__ import annotations

import numpy as np

from rdcalcium.geometry.axis import Axis


def axis_coefficients(axis: Axis) -> np.ndarray:
    """Diffusive coefficients 1 / (width_i × distance of centres) towards both neighbours, (2 n,) µm⁻².

    Zero at the two ends of the axis, where nothing flows, unless the axis is periodic.
    """
    between = 1.0 / axis.gaps
    return np.concatenate([np.roll(between, 1) / axis.widths, between / axis.widths])
