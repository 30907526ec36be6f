"""What is where in a model whose places are known: one row for each zone, vesicle, channel and sensor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from rdcalcium.model import Model
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.model.placement.zones import Zone
from rdcalcium.placement.chart import Chart
from rdcalcium.placement.ground import Disc
from rdcalcium.placement.membrane import Membrane

NEAR = 2  # radii of a zone, from whose middle what has its foot in the zone is no farther, seen along the normal

Along = tuple[float, float]
Above = tuple[float, int, str, Along]  # µm from the middle of a zone, number of the point, name of the zone, u and v


class Row(NamedTuple):
    """One of them.

    kind    "active zone", "vesicle", "channel" or "sensor", or that of an obstacle that is not round
    name    of its group, or of the zone
    number  in its group, from 1 on
    zone    active zone above whose disc it is; empty where there is none
    point   µm; the centre of a zone or vesicle
    radius  µm, 0 of what has no size; of a body that is not round half of its largest extent
    along   coordinates u, v of its foot in its zone, from the centre along the membrane, µm; none without a zone
    """

    kind: str
    name: str
    number: int
    zone: str
    point: tuple[float, float, float]
    radius: float
    along: Along | None = None


def rows_of(model: Model) -> list[Row]:
    """All of them in a model whose places are known; zones first."""
    rows = [Row("active zone", zone.name, 1, zone.name, zone.centre, zone.radius, (0.0, 0.0)) for zone in model.zones]
    things: list[tuple[str, str, tuple[float, float, float], float]] = [
        *(_body(obstacle) for obstacle in model.geometry.solids),
        *(("channel", group.name, point, 0.0) for group in model.channels for point in group.points),
        *(("sensor", sensor.name, point, 0.0) for sensor in model.sensors for point in sensor.positions),
    ]
    points, radii = np.array([one[2] for one in things]).reshape(-1, 3), np.array([one[3] for one in things])
    found = _zones_of(model, points, radii > 0)
    counted: dict[tuple[str, str], int] = {}
    for i, (kind, name, point, radius) in enumerate(things):
        counted[kind, name] = counted.get((kind, name), 0) + 1
        zone, along = found.get(i, ("", None))
        rows.append(Row(kind, name, counted[kind, name], zone, point, radius, along))
    return rows


def _body(obstacle: Obstacle) -> tuple[str, str, tuple[float, float, float], float]:
    """Kind, name, centre and radius of what stands in the terminal; of what is not round half of its largest extent."""
    low, high = np.array(obstacle.solid.bounds)
    x, y, z = ((low + high) / 2).tolist()
    return obstacle.row_kind, obstacle.name, (x, y, z), float((high - low).max() / 2)


def _zones_of(model: Model, points: np.ndarray, have_size: np.ndarray) -> dict[int, tuple[str, Along]]:
    """Number of each of some points (n, 3) that is above a zone -> that zone, the nearest of several, and u, v there.

    The foot of a point, the nearest point of the membrane, is in the zone. A vesicle high up in a pool may be nearer to
    the membrane on the other side, so that its foot is in no zone: it is above a zone if a normal from within the disc
    of that leads to it.

    have_size  (n,)  of which points
    """
    if not model.zones or model.geometry.outline is None:
        return {}
    membrane = Membrane.of(model)
    charts, feet = {zone: Chart.of(zone, membrane) for zone in model.zones}, membrane.feet(points)
    found = _nearest(above for zone, chart in charts.items() for above in _with_feet_in(zone, chart, points, feet))
    left = np.array([i for i in np.flatnonzero(have_size).tolist() if i not in found], dtype=int)
    return found | _nearest(above for zone, chart in charts.items() for above in _above(zone, chart, points, left))


def _nearest(found: Iterable[Above]) -> dict[int, tuple[str, Along]]:
    """Of each point the nearest zone."""
    return {i: (zone, along) for _, i, zone, along in sorted(found, reverse=True)}


def _with_feet_in(zone: Zone, chart: Chart, points: np.ndarray, feet: np.ndarray) -> Iterator[Above]:
    """Those of some points whose feet (n, 3) are in a zone."""
    which = np.flatnonzero(chart.within(Disc(zone.radius), feet))
    return _told(zone, points, which, chart.flat(feet[which]))


def _above(zone: Zone, chart: Chart, points: np.ndarray, which: np.ndarray) -> Iterator[Above]:
    """Those of some points, known by their numbers (k,), that have a foot in a zone, wherever the nearest one is."""
    near = which[np.linalg.norm(chart.flat(points[which]), axis=1) < NEAR * zone.radius]
    flat, has_foot = chart.feet(points[near])
    inside = has_foot & Disc(zone.radius).contains(flat)
    return _told(zone, points, near[inside], flat[inside])


def _told(zone: Zone, points: np.ndarray, which: np.ndarray, flat: np.ndarray) -> Iterator[Above]:
    """Numbers (k,) of points above a zone and u, v of their feet (k, 2), in one."""
    for i, (u, v) in zip(which.tolist(), flat.tolist(), strict=True):
        yield math.dist(points[i], zone.centre), i, zone.name, (u, v)
