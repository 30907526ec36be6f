"""Sensors that can be computed and were hardly meant so: those whose vesicles never fuse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.model.sensors import Sensor
from rdcalcium.model.transition import Transition

HIGH = 10.0  # µM, at which whatever lets vesicles fuse does something

Way = tuple[Transition, str, str, float]  # a step, where it comes from and leads to, and its rate


def never_fuse(sensor: Sensor) -> str | None:
    """What to ask about a sensor whose vesicles cannot come to fuse at any calcium, because a step has the rate 0."""
    if not sensor.releases:
        return None
    ways, begin = [*_ways(sensor)], sensor.shares_at_start() or {sensor.kinetics().states[0]: 1.0}
    if sensor.reserve is not None:
        begin = {**begin, sensor.reserve: 1.0}
    reached = _reached({state for state, share in begin.items() if share}, ways)
    if any(_fuses(sensor, way) and way[1] in reached and way[3] for way in ways):
        return None
    idle = [way for way in ways if way[1] in reached and not way[3] and (_fuses(sensor, way) or way[2] not in reached)]
    step = f": the rate of '{idle[0][0]}' from {idle[0][1]} to {idle[0][2]} is 0 at {HIGH:g} uM" if idle else ""
    return f"no vesicle of sensor {sensor.name!r} can ever fuse{step}; is that meant?"


def _ways(sensor: Sensor) -> Iterator[Way]:
    """Every step one way."""
    scheme = sensor.kinetics()
    with np.errstate(all="ignore"):
        rates = scheme.rates(calcium=HIGH)
    for step, (forward, backward) in zip(scheme.transitions, rates, strict=True):
        yield step, step.source, step.target, float(forward)
        if step.backward is not None:
            yield step, step.target, step.source, float(backward)


def _fuses(sensor: Sensor, way: Way) -> bool:
    """A step there and back releases nothing, either way."""
    return sensor.fuses(way[0])


def _reached(begin: set[str], ways: list[Way]) -> set[str]:
    """States that vesicles come to from some."""
    reached, new = set(begin), set(begin)
    while new:
        new = {target for _, source, target, rate in ways if source in new and rate} - reached
        reached |= new
    return reached
