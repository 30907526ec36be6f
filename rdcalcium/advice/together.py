"""What is said of each of many sensors and probes: of a few one by one, of more in a sentence for all of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rdcalcium.model import Model

TOLD = 12  # of a kind, up to which each has a sentence of its own

Point = tuple[float, float, float]


class Watched(NamedTuple):
    """A sensor or probe.

    name   as a sentence calls it
    kind   what a sentence calls it and those like it
    point  µm
    """

    name: str
    kind: str
    point: Point


class Said(NamedTuple):
    """A sentence on one of them.

    kind     as of what is watched
    text     what is so
    remedy   what to do about it; none: it is well
    measure  how well it is, to find the ends
    """

    kind: str
    text: str
    remedy: str
    measure: float


def watched(model: Model) -> list[Watched]:
    """Sensors, then probes, in the order of `Model.watched`: one whose name says what it is needs no other word."""
    found = []
    for sensor in model.sensors:
        several = f"sensors of {sensor.use!r}" if sensor.use else "sensors"
        kind = several if len(sensor.positions) == 1 else f"sensors {sensor.name!r}"
        pairs = zip(sensor.labels(), sensor.positions, strict=True)
        found += [Watched(_called("sensor", name), kind, point) for name, point in pairs]
    return found + [Watched(_called("probe", name), "probes", point) for name, point in model.probe_points.items()]


def _called(kind: str, name: str) -> str:
    return name if name.lower().startswith(kind) else f"{kind} {name!r}"


def together(said: Iterable[Said], ends: tuple[str, str]) -> Iterator[str]:
    """The sentences of each kind; of many the one on the worst, where something is to be done, and those on both ends.

    They begin with "warning: " where something is to be done.

    ends  what the one of the smallest measure is, and the one of the largest, such as nearest and farthest
    """
    kinds: dict[str, list[Said]] = {}
    for one in said:
        kinds.setdefault(one.kind, []).append(one)
    for kind, those in kinds.items():
        if len(those) <= TOLD:
            yield from (f"warning: {one.text}; {one.remedy}" if one.remedy else one.text for one in those)
        else:
            yield from _of_many(kind, sorted(those, key=lambda one: one.measure), ends)


def _of_many(kind: str, those: list[Said], ends: tuple[str, str]) -> Iterator[str]:
    """Of those of a kind, the one of the smallest measure first."""
    wrong, well = ([one for one in those if bool(one.remedy) == bad] for bad in (True, False))
    if wrong:
        others = f"{len(wrong):,} of {len(those):,} {kind} are like that, and this is the worst"
        alone = f"of {len(those):,} {kind} this one alone"
        yield f"warning: {wrong[0].text}; {wrong[0].remedy}; {others if wrong[1:] else alone}"
    if well:
        which = f"of {'the other' if wrong else 'all'} {len(well):,} {kind}"
        yield f"{which} the {ends[0]}: {well[0].text}; the {ends[1]}: {well[-1].text}"
