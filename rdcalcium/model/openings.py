"""Prescribed times at which channels are open, as a model file has them."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator

from rdcalcium.model.quantity import Time
from rdcalcium.units import milliseconds

Interval = tuple[Time, Time]
Intervals = tuple[Interval, ...]


def _nested(value: Any) -> Any:
    """One list of intervals, which is that of all channels, as a list of such lists."""
    is_list = isinstance(value, list | tuple)
    if not is_list or not all(isinstance(one, list | tuple) for one in value):
        return value
    deep = all(isinstance(item, list | tuple) for one in value for item in one)
    return value if deep else [value]


PrescribedOpenings = Annotated[tuple[Intervals, ...], BeforeValidator(_nested)]


def require_openings(openings: tuple[Intervals, ...], channels: int) -> None:
    """Refuse lists that are not one for each of so many channels, and intervals that do not follow each other."""
    if len(openings) not in (1, channels):
        raise ValueError(
            f"openings are {len(openings)} lists for {channels} channels; give one list for all, or one for each"
        )
    for opened, closed in (interval for each in openings for interval in each):
        if not closed > opened:
            raise ValueError(f"an opening at {milliseconds(opened)} cannot end at {milliseconds(closed)}")
    for (_, closed), (opened, _) in (pair for each in openings for pair in pairwise(each)):
        if not opened > closed:
            raise ValueError(
                f"the opening at {milliseconds(opened)} must come after the end of the one before, "
                f"at {milliseconds(closed)}"
            )
