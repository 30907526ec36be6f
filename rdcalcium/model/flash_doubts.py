"""Light that a run does not get, or gets twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rdcalcium.model.model import Model
from rdcalcium.units import milliseconds, show

ROUNDING = 1e-9  # of a sum of times: 0.1 ms + 0.2 ms is 0.3 ms


def lost_light(model: Model) -> Iterator[str]:
    """Flashes after the end of the run, or that go on then, and those that shine on one cage at one place at once."""
    end = show(model.run.duration, "time")
    for flash in model.flashes:
        last = flash.time + flash.duration
        if flash.time >= model.run.duration:
            yield f"a flash comes at {show(flash.time, 'time')}, but the run ends at {end}"
        elif last > model.run.duration * (1 + ROUNDING):
            yield f"a flash shines until {milliseconds(last)}, but the run ends at {end}"
    for one, other in combinations(sorted(model.flashes, key=lambda flash: flash.time), 2):
        alike = (one.cage, one.spot) == (other.cage, other.spot)
        if alike and other.time < (one.time + one.duration) * (1 - ROUNDING):
            yield (
                f"a flash on {one.cage!r} comes at {show(other.time, 'time')}, while that of "
                f"{show(one.time, 'time')} still shines: are two lights at once meant?"
            )
