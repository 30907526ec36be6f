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
    """

    kind: str
    name: str
    number: int
    zone: str
    point: tuple[float, float, float]
    radius: float


def places(model: Model) -> list[Place]:
    """All of them in a model whose places are known; zones first."""
    rows = [Place("active zone", zone.name, 1, zone.name, zone.centre, zone.radius) for zone in model.zones]
    things: list[tuple[str, str, tuple[float, float, float], float]] = [
        *(_body(obstacle) for obstacle in model.geometry.solids),
        *(("channel", group.name, point, 0.0) for group in model.channels for point in group.points),
        *(("sensor", sensor.name, point, 0.0) for sensor in model.sensors for point in sensor.positions),
    ]
    zones = _zones_of(model, np.array([point for _, _, point, _ in things]).reshape(-1, 3))
    counted: dict[tuple[str, str], int] = {}
    for (kind, name, point, radius), zone in zip(things, zones, strict=True):
        counted[kind, name] = counted.get((kind, name), 0) + 1
        rows.append(Place(kind, name, counted[kind, name], zone, point, radius))
    return rows


def _body(obstacle: Obstacle) -> tuple[str, str, tuple[float, float, float], float]:
    """Kind, name, centre and radius of what stands in the terminal; of what is not round half of its largest extent."""
    low, high = np.array(obstacle.solid.bounds)
    x, y, z = ((low + high) / 2).tolist()
    kind = "vesicle" if obstacle.kind == "sphere" else obstacle.kind
    return kind, obstacle.name, (x, y, z), float((high - low).max() / 2)


def _zones_of(model: Model, points: np.ndarray) -> list[str]:
    """Name of the zone in which the foot of each point (n, 3) is; the nearest, where zones overlap."""
    found, nearest = [""] * len(points), np.full(len(points), np.inf)
    if not model.zones or model.geometry.outline is None:
        return found
    membrane = Membrane.of(model)
    feet = membrane.feet(points)
    for zone in model.zones:
        inside = Chart.of(zone, membrane).within(Disc(zone.radius), feet)
        away = np.linalg.norm(points - np.array(zone.centre), axis=1)
        for i in np.flatnonzero(inside & (away < nearest)).tolist():
            found[i], nearest[i] = zone.name, away[i]
    return found
