"""How wide the control volumes of a model are on average: by which an extrapolation to none goes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rdcalcium.geometry.axes import grid_axes
from rdcalcium.model import Grid, Model


def mean_widths(models: Sequence[Model], counts: Sequence[int], volumes: Sequence[float]) -> np.ndarray:
    """Mean width (µm) of each of some models that differ in their cells, the finest last; (models,).

    Of a grid the geometric mean over the axes, of which those do not count along which the finest has one cell.

    counts   control volumes of each
    volumes  µm³, of the cytosol of each
    """
    if not isinstance(models[-1].discretization, Grid):
        return np.cbrt(np.array(volumes) / np.array(counts))
    resolved = [a for a, axis in enumerate(grid_axes(models[-1])) if axis.size > 1]
    means = np.array([[axis.widths.mean() for axis in grid_axes(model)] for model in models])
    widths: np.ndarray = np.exp(np.log(means[:, resolved]).mean(axis=1))
    return widths
