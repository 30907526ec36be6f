"""The axes of a model's grid: fine over its channels, sensors and probes, within the bounds of its shape."""

from __future__ import annotations

from rdcalcium.errors import InputError
from rdcalcium.geometry.grid import Axis, stretched_axis, uniform_axis
from rdcalcium.model import Grid, Model


def grid_axes(model: Model) -> tuple[Axis, Axis, Axis]:
    """The axes along x, y and z of a model that is solved on a grid, in a shape whose bounds are known."""
    bounds, choice = model.geometry.bounds, model.discretization
    if bounds is None or not isinstance(choice, Grid):
        raise InputError(f"a {model.geometry.kind} solved on {choice.kind} has no axes; a grid within bounds has")
    x, y, z = (_axis(model, choice, bounds[0][a], bounds[1][a], a) for a in range(3))
    return x, y, z


def _axis(model: Model, choice: Grid, low: float, high: float, a: int) -> Axis:
    """Fine over the points of interest; where all channels share a coordinate, it is the centre of a cell."""
    points = [p[a] for p in model.points_of_interest().values()] or [0.0]
    pores = {p[a] for group in model.channels for p in group.points}
    size, mirror = choice.size_at_active_zone[a], a in model.geometry.mirrors
    through = pores.pop() if len(pores) == 1 and low < min(pores) < high and not mirror else None
    if choice.size_in_bulk is None and through is None:
        return uniform_axis(low, high, size, mirror)
    bulk = max(choice.size_in_bulk or 0.0, size)
    focus = (low, high) if choice.size_in_bulk is None else (min(points) - choice.margin, max(points) + choice.margin)
    return stretched_axis(low, high, focus, size, bulk, choice.growth, through=through, mirror=mirror)
