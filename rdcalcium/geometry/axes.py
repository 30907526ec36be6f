"""The axes of a model's grid: fine over its channels and sensors, within the bounds of its shape."""

from __future__ import annotations

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.axis import Axis
from rdcalcium.geometry.spacing import periodic_axis, stretched_axis, uniform_axis, uniform_circle
from rdcalcium.model import Grid, Model
from rdcalcium.solids.periodic import nearest_image, smallest_arc

NEAR_PROBE = 0.1  # µm from a channel or sensor, within which a probe is resolved like them; docs of model.Grid say it


def grid_axes(model: Model) -> tuple[Axis, Axis, Axis]:
    """The axes along x, y and z of a model that is solved on a grid, in a shape whose bounds are known."""
    bounds, choice = model.geometry.bounds, model.discretization
    if bounds is None or not isinstance(choice, Grid):
        raise InputError(f"a {model.geometry.kind} solved on {choice.kind} has no axes; a grid within bounds has")
    periods = model.geometry.periods
    x, y, z = ((_circle if a in periods else _axis)(model, choice, bounds[0][a], bounds[1][a], a) for a in range(3))
    return x, y, z


def _circle(model: Model, choice: Grid, low: float, high: float, a: int) -> Axis:
    """Likewise where the axis is periodic: fine over the shortest part of it that holds what is to be resolved."""
    size, period = choice.size_at_active_zone[a], high - low
    through = _shared({round((p[a] - low) % period + low, 12) for group in model.channels for p in group.points})
    if choice.size_in_bulk is None:
        return uniform_circle(low, high, size, through)
    first, last = smallest_arc(resolved_points(model)[:, a], period)
    focus = (first - choice.margin, last + choice.margin)
    if through is not None:
        through = first + (through - first) % period
    return periodic_axis(low, high, focus, size, max(choice.size_in_bulk, size), choice.growth, through=through)


def _axis(model: Model, choice: Grid, low: float, high: float, a: int) -> Axis:
    """Fine over what is to be resolved; where all channels share a coordinate, it is the centre of a cell."""
    points = resolved_points(model)[:, a]
    size, mirror = choice.size_at_active_zone[a], a in model.geometry.mirrors
    through = _shared({p[a] for group in model.channels for p in group.points})
    if through is not None and (mirror or not low < through < high):
        through = None
    if choice.size_in_bulk is None and through is None:
        return uniform_axis(low, high, size, mirror)
    bulk = max(choice.size_in_bulk or 0.0, size)
    focus = (low, high) if choice.size_in_bulk is None else (points.min() - choice.margin, points.max() + choice.margin)
    return stretched_axis(low, high, focus, size, bulk, choice.growth, through=through, mirror=mirror)


def _shared(coordinates: set[float]) -> float | None:
    """The coordinate that all have, if they have one."""
    return coordinates.pop() if len(coordinates) == 1 else None


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
    seen = nearest_image(probes[:, None], points, model.geometry.periods)
    near = np.linalg.norm(seen - points, axis=2).min(axis=1) <= NEAR_PROBE
    return np.vstack([points, probes[near]])
