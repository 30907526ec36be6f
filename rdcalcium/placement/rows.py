"""What is where in a model whose places are known: one row for each zone, vesicle, channel and sensor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rdcalcium.model import Model
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.placement.chart import Chart
from rdcalcium.placement.ground import Disc
from rdcalcium.placement.membrane import Membrane


class Place(NamedTuple):
    """One of them.

    kind    "active zone", "vesicle", "channel" or "sensor", or that of an obstacle that is not round
    name    of its group, or of the zone
    number  in its group, from 1 on
    zone    active zone above whose disc it is; empty where there is none
    point   µm; the centre of a zone or vesicle
    radius  µm, 0 of what has no size
    along   coordinates u, v of its foot in its zone, from the centre along the membrane, µm; none without a zone
    """

    kind: str
    name: str
    number: int
    zone: str
    point: tuple[float, float, float]
    radius: float
    along: tuple[float, float] | None = None


def places(model: Model) -> list[Place]:
    """All of them in a model whose places are known; zones first."""
    rows = [Place("active zone", zone.name, 1, zone.name, zone.centre, zone.radius, (0.0, 0.0)) for zone in model.zones]
    things: list[tuple[str, str, tuple[float, float, float], float]] = [
        *(_body(obstacle) for obstacle in model.geometry.solids),
        *(("channel", group.name, point, 0.0) for group in model.channels for point in group.points),
        *(("sensor", sensor.name, point, 0.0) for sensor in model.sensors for point in sensor.positions),
    ]
    found = _zones_of(model, np.array([point for _, _, point, _ in things]).reshape(-1, 3))
    counted: dict[tuple[str, str], int] = {}
    for (kind, name, point, radius), (zone, along) in zip(things, found, strict=True):
        counted[kind, name] = counted.get((kind, name), 0) + 1
        rows.append(Place(kind, name, counted[kind, name], zone, point, radius, along))
    return rows


def _body(obstacle: Obstacle) -> tuple[str, str, tuple[float, float, float], float]:
    """Kind, name, centre and radius of what stands in the terminal; of what is not round half of its largest extent."""
    low, high = np.array(obstacle.solid.bounds)
    x, y, z = ((low + high) / 2).tolist()
    kind = "vesicle" if obstacle.kind == "sphere" else obstacle.kind
    return kind, obstacle.name, (x, y, z), float((high - low).max() / 2)


def _zones_of(model: Model, points: np.ndarray) -> list[tuple[str, tuple[float, float] | None]]:
    """Name of the zone in which the foot of each point (n, 3) is, the nearest where zones overlap; and u, v there."""
    found: list[tuple[str, tuple[float, float] | None]] = [("", None)] * len(points)
    if not model.zones or model.geometry.outline is None:
        return found
    nearest, membrane = np.full(len(points), np.inf), Membrane.of(model)
    feet = membrane.feet(points)
    for zone in model.zones:
        chart = Chart.of(zone, membrane)
        inside, flat = chart.within(Disc(zone.radius), feet), chart.flat(feet)
        away = np.linalg.norm(points - np.array(zone.centre), axis=1)
        for i in np.flatnonzero(inside & (away < nearest)).tolist():
            (u, v), nearest[i] = flat[i].tolist(), away[i]
            found[i] = (zone.name, (u, v))
    return found
