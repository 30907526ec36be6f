"""How far sensors are from channels: the coupling distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from rdcalcium.errors import ModelError
from rdcalcium.model import Model
from rdcalcium.placement.follow import placed
from rdcalcium.solids.periodic import reflected, tiled
from rdcalcium.units import SAME_PLACE, nanometres, parse

if TYPE_CHECKING:
    import xarray

WITHIN = (0.02, 0.05, 0.1)  # µm, for which channels are counted unless others are asked for


class Coupling(NamedTuple):
    """How far sensors are from channels, and from their images in mirrors and in the tiles around; lengths in µm.

    sensors   names of the sensors
    nearest   (s,)       distance of the nearest channel
    which     names of these
    within    (r,)       radii around a sensor
    number    (s, r)     of channels that are no farther
    channels  names of all channels; empty where there are too many of them
    distance  (s, c)     from each
    """

    sensors: list[str]
    nearest: np.ndarray
    which: list[str]
    within: np.ndarray
    number: np.ndarray
    channels: list[str]
    distance: np.ndarray

    def dataset(self) -> xarray.Dataset:
        """The same with names and units; `distance` where it is known."""
        import xarray

        found = xarray.Dataset(
            {
                "nearest": ("sensor", self.nearest, {"units": "um"}),
                "nearest_channel": ("sensor", np.array(self.which)),
                "number": (("sensor", "within"), self.number),
            },
            coords={"sensor": self.sensors, "within": ("within", self.within, {"units": "um"})},
        )
        if not self.channels:
            return found
        return found.assign_coords(channel=self.channels).assign(
            distance=(("sensor", "channel"), self.distance, {"units": "um"})
        )


def distances(model: Model, within: Sequence[float | str] = WITHIN) -> xarray.Dataset:
    """Straight distances in µm between each sensor and each channel, and its images in mirrors and in the tiles around.

    within  radii around a sensor in which channels are counted, in µm or such as "30 nm"

    Of the Dataset, `distance` (sensor, channel), `nearest` (sensor) and which channel that is, `nearest_channel`, and
    `number` (sensor, within) of channels that are no farther. `.to_dataframe().to_csv(…)` writes any of them. Rules of
    placement are followed first. Raises ModelError where there are no channels, or no sensors.
    """
    model = placed(model)
    if not model.channels or not model.sensors:
        raise ModelError("distances are between channels and sensors, and the model has none of one of them")
    return coupling(model, np.array([parse(radius, "length") for radius in within])).dataset()


def coupling(model: Model, within: Sequence[float] | np.ndarray = WITHIN, most: float = np.inf) -> Coupling:
    """How far sensors are from channels, in a model that has both and whose places are known.

    within  radii in µm
    most    distances, beyond which they are not told one by one
    """
    names, pores = _unfolded(model)
    sensors, radii = model.sensor_points, np.array(within)
    points, tree = np.array([*sensors.values()]), cKDTree(pores)
    nearest, which = tree.query(points)
    counts = [tree.query_ball_point(points, radius * (1 + 1e-9), return_length=True) for radius in radii]
    each = len(points) * len(pores) <= most
    return Coupling(
        [*sensors],
        nearest,
        [names[i] for i in which],
        radii,
        np.array(counts, dtype=int).reshape(len(radii), len(points)).T,
        names if each else [],
        cdist(points, pores) if each else np.zeros((len(points), 0)),
    )


def coupling_distances(model: Model) -> dict[str, np.ndarray]:
    """Name of each group of sensors -> distance of each from its nearest channel, µm; empty without channels."""
    if not model.channels:
        return {}
    tree = cKDTree(_unfolded(model)[1])
    return {sensor.name: tree.query(np.array(sensor.positions))[0] for sensor in model.sensors}


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
