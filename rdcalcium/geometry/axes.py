"""The axes of a model's grid: fine over its channels and sensors, within the bounds of its shape."""

from __future__ import annotations

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.grid import Axis, stretched_axis, uniform_axis
from rdcalcium.model import Grid, Model

NEAR_PROBE = 0.1  # µm from a channel or sensor, within which a probe is resolved like them; docs of model.Grid say it


def grid_axes(model: Model) -> tuple[Axis, Axis, Axis]:
    """The axes along x, y and z of a model that is solved on a grid, in a shape whose bounds are known."""
    bounds, choice = model.geometry.bounds, model.discretization
    if bounds is None or not isinstance(choice, Grid):
        raise InputError(f"a {model.geometry.kind} solved on {choice.kind} has no axes; a grid within bounds has")
    x, y, z = (_axis(model, choice, bounds[0][a], bounds[1][a], a) for a in range(3))
    return x, y, z


def _axis(model: Model, choice: Grid, low: float, high: float, a: int) -> Axis:
    """Fine over what is to be resolved; where all channels share a coordinate, it is the centre of a cell."""
    points = resolved_points(model)[:, a]
    pores = {p[a] for group in model.channels for p in group.points}
    size, mirror = choice.size_at_active_zone[a], a in model.geometry.mirrors
    through = pores.pop() if len(pores) == 1 and low < min(pores) < high and not mirror else None
    if choice.size_in_bulk is None and through is None:
        return uniform_axis(low, high, size, mirror)
    bulk = max(choice.size_in_bulk or 0.0, size)
    focus = (low, high) if choice.size_in_bulk is None else (points.min() - choice.margin, points.max() + choice.margin)
    return stretched_axis(low, high, focus, size, bulk, choice.growth, through=through, mirror=mirror)


def resolved_points(model: Model) -> np.ndarray:
    """Points that the fine part of a grid spans, (n, 3) µm: channels, sensors, and the probes near one of them.

    The fine part is a block: a single probe far in the bulk would fill all between it and the channels with fine cells,
    where calcium varies so little that wide ones do as well. Where there are neither
    channels nor sensors, it spans the probes; where there is nothing, the middle.
    """
    channels = [point for group in model.channels for point in group.points]
    points = np.array([*channels, *model.sensor_points.values()]).reshape(-1, 3)
    probes = np.array([*model.probe_points.values()]).reshape(-1, 3)
    if not len(points):
        return probes if len(probes) else np.zeros((1, 3))
    near = np.linalg.norm(probes[:, None] - points, axis=2).min(axis=1) <= NEAR_PROBE
    return np.vstack([points, probes[near]])
