"""How far sensors are from channels: the coupling distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from rdcalcium.errors import ModelError
from rdcalcium.model import Model
from rdcalcium.placement.follow import placed
from rdcalcium.solids.periodic import reflected, tiled
from rdcalcium.units import SAME_PLACE, nanometres, parse

if TYPE_CHECKING:
    import xarray

WITHIN = (0.02, 0.05, 0.1)  # µm, for which channels are counted unless others are asked for


def distances(model: Model, within: Sequence[float | str] = WITHIN) -> xarray.Dataset:
    """Straight distances in µm between each sensor and each channel, and its images in mirrors and in the tiles around.

    within  radii around a sensor in which channels are counted, in µm or such as "30 nm"

    Of the Dataset, `distance` (sensor, channel), `nearest` (sensor) and which channel that is, `nearest_channel`, and
    `number` (sensor, within) of channels that are no farther. `.to_dataframe().to_csv(…)` writes any of them. Rules of
    placement are followed first. Raises ModelError where there are no channels, or no sensors.
    """
    import xarray

    model = placed(model)
    if not model.channels or not model.sensors:
        raise ModelError("distances are between channels and sensors, and the model has none of one of them")
    names, pores = _unfolded(model)
    sensors = model.sensor_points
    apart = cdist(np.array([*sensors.values()]), pores)
    radii = np.array([parse(radius, "length") for radius in within])
    counts = (apart[:, :, None] <= radii * (1 + 1e-9)).sum(axis=1)
    nearest = apart.argmin(axis=1)
    return xarray.Dataset(
        {
            "distance": (("sensor", "channel"), apart, {"units": "um"}),
            "nearest": ("sensor", apart.min(axis=1), {"units": "um"}),
            "nearest_channel": ("sensor", np.array(names)[nearest]),
            "number": (("sensor", "within"), counts),
        },
        coords={"sensor": [*sensors], "channel": names, "within": ("within", radii, {"units": "um"})},
    )


def coupling_distances(model: Model) -> dict[str, np.ndarray]:
    """Name of each group of sensors -> distance of each from its nearest channel, µm; empty without channels."""
    if not model.channels:
        return {}
    _, pores = _unfolded(model)
    return {sensor.name: cdist(np.array(sensor.positions), pores).min(axis=1) for sensor in model.sensors}


def _unfolded(model: Model) -> tuple[list[str], np.ndarray]:
    """Name and position of each channel, and of its images in mirrors and in the tiles around, (c, 3) µm.

    One on a mirror plane has no image there.
    """
    names = [f"{group.name} {i + 1}" for group in model.channels for i in range(len(group.points))]
    points = np.array([point for group in model.channels for point in group.points])
    for axis, plane in model.geometry.mirrors.items():
        beyond = np.flatnonzero(np.abs(points[:, axis] - plane) > SAME_PLACE)
        names += [f"{names[i]} beyond {'xyz'[axis]} = {nanometres(plane)}" for i in beyond.tolist()]
        points = np.concatenate([points, reflected(points[beyond], {axis: plane})])
    copies = tiled(model.geometry.periods, points)
    names += [f"{name} in the next tile" for _ in range(len(copies) // len(points) - 1) for name in names]
    return names, copies
