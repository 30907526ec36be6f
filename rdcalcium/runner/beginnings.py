"""When each part of the stimulus begins, as its user has said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rdcalcium.model import Channels, Model
from rdcalcium.model.prescribed_currents import RepeatedCurrent
from rdcalcium.model.transports import Transport


def beginnings(model: Model) -> dict[str, list[float]]:
    """When each begins, ms, by what it belongs to.

    The voltage, the currents of channels, openings that all channels of a group share, flashes, and changes of what the
    laws of pumps and transports name. A constant current has no beginning, and what single channels do is no stimulus.
    """
    found = {"stimulus (ms)": list(model.stimulus.beginnings.values())} if model.stimulus else {}
    for group in model.channels:
        if times := [*_of_channels(group)]:
            found.setdefault(f"{group.name} (ms)", []).extend(times)
    for flash in model.flashes:
        found.setdefault(f"flash of {flash.cage} (ms)", []).append(flash.time)
    transports: list[Transport] = [*model.pumps, *(one for store in model.stores for one in store.transports)]
    for one in transports:
        for name, rows in one.over_time.items():
            found.setdefault(f"{name} of {one.name} (ms)", []).extend(_departures(rows))
    return found


def _of_channels(group: Channels) -> Iterator[float]:
    """Of a prescribed current, and of openings, ms."""
    law = group.current
    if isinstance(law, RepeatedCurrent):
        yield from (moment + law.begins_once for moment in law.moments)
    if len(group.openings) == 1:
        yield from (opened for opened, _ in group.openings[0])


def _departures(rows: Sequence[tuple[float, float]]) -> Iterator[float]:
    """When a course through rows of a time (ms) and a value leaves a level on which it was."""
    was_changing = False
    for (time, value), (_, following) in pairwise(rows):
        if following != value and not was_changing:
            yield time
        was_changing = following != value
