"""When each part of the stimulus begins, as its user has said."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Channels, Model
from rdcalcium.model.prescribed_currents import RepeatedCurrent


def beginnings(model: Model) -> dict[str, list[float]]:
    """Of the voltage, of the current of channels, of openings that all channels of a group share, and of flashes, ms.

    By what they belong to. A constant current has no beginning, and what single channels do is no stimulus.
    """
    found = {"stimulus (ms)": list(model.stimulus.beginnings.values())} if model.stimulus else {}
    found |= {f"{group.name} (ms)": times for group in model.channels if (times := [*_of_channels(group)])}
    for flash in model.flashes:
        found.setdefault(f"flash of {flash.cage} (ms)", []).append(flash.time)
    return found


def _of_channels(group: Channels) -> Iterator[float]:
    """Of a prescribed current, and of openings, ms."""
    law = group.current
    if isinstance(law, RepeatedCurrent):
        yield from (moment + law.begins_once for moment in law.moments)
    if len(group.openings) == 1:
        yield from (opened for opened, _ in group.openings[0])
