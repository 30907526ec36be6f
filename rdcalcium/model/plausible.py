"""What can be computed and was hardly meant: values far from physiology, and what happens after the end of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rdcalcium.model.geometry import Box
from rdcalcium.model.model import Model
from rdcalcium.model.stimulus import (
    Channels,
    ConstantCurrent,
    GaussianCurrent,
    OhmicCurrent,
    PulseCurrent,
    TabulatedCurrent,
)
from rdcalcium.units import UNITS, show


class Usual(NamedTuple):
    """Between what a quantity usually is, in the unit of its kind, and what it may be that was meant."""

    kind: str
    low: float
    high: float
    slip: str


USUAL = {
    "resting calcium": Usual("concentration", 0, 1, "50 nM is 0.05"),
    "magnesium": Usual("concentration", 10, 1e4, "1 mM is 1000"),
    "total": Usual("concentration", 0, 1e5, "1 mM is 1000"),
    "diffusivity": Usual("diffusivity", 0, 1, "220 um^2/s is 0.22"),
    "binding rate": Usual("binding rate", 0, 10, "1e8 /M/s is 0.1"),
    "current": Usual("current", 0, 10, "it is that of one channel, 0.1 or so"),
    "conductance": Usual("conductance", 0, 100, "it is that of one channel, 2 or so"),
    "extent": Usual("length", 0.01, 100, "500 nm is 0.5"),
}


def doubts(model: Model) -> list[str]:
    """Questions to whoever wrote a model that is valid, each a sentence."""
    unusual = [text for what, name, value in _values(model) if (text := _unusual(what, USUAL[name], value))]
    return [*unusual, *_too_late(model)]


def _unusual(what: str, usual: Usual, value: float) -> str | None:
    if usual.low <= value <= usual.high or not value:
        return None
    side, limit = ("above", usual.high) if value > usual.high else ("below", usual.low)
    return (
        f"{what} is {show(value, usual.kind)}, {side} {show(limit, usual.kind)}: is that meant? "
        f"A number without a unit is in {UNITS[usual.kind]}; {usual.slip}"
    )


def _values(model: Model) -> Iterator[tuple[str, str, float]]:
    """What a value is called, its name in USUAL, and the value."""
    yield "resting calcium", "resting calcium", model.calcium.rest
    yield "the diffusivity of calcium", "diffusivity", model.calcium.diffusivity
    if model.magnesium:
        yield "free magnesium", "magnesium", model.magnesium.free
    for buffer in model.buffers:
        yield f"the total of buffer {buffer.name!r}", "total", buffer.total
        yield f"the diffusivity of buffer {buffer.name!r}", "diffusivity", buffer.diffusivity
        scheme = buffer.kinetics()
        fastest = max(float(rate[0]) for t, rate in zip(scheme.transitions, scheme.rates(), strict=True) if t.ligand)
        yield f"the binding rate of buffer {buffer.name!r}", "binding rate", fastest
    for group in model.channels:
        yield _current(group)
    for side in model.geometry.size if isinstance(model.geometry, Box) else ():
        yield "a side of the box", "extent", side


def _current(group: Channels) -> tuple[str, str, float]:
    whose = f"of channels {group.name!r}"
    if isinstance(group.current, OhmicCurrent):
        return f"the conductance {whose}", "conductance", group.current.conductance
    if isinstance(group.current, TabulatedCurrent):
        return f"the largest current {whose}", "current", max(group.current.values)
    return f"the current {whose}", "current", group.current.amplitude


def _too_late(model: Model) -> Iterator[str]:
    """What would happen after the end of the run."""
    end = model.run.duration
    starts = {f"the current of channels {g.name!r}": _start(g) for g in model.channels}
    if model.stimulus:
        starts |= {f"action potential {i + 1}": t for i, t in enumerate(model.stimulus.times)}
    for what, start in starts.items():
        if start >= end:
            yield f"{what} begins at {show(start, 'time')}, but the run ends at {show(end, 'time')}"


def _start(group: Channels) -> float:
    """When a prescribed current begins, ms; that of a gate follows the voltage."""
    match group.current:
        case PulseCurrent(start=start):
            return start
        case GaussianCurrent(peak=peak, width=width):
            return peak - width  # 1/16 of the peak
        case TabulatedCurrent(times=times):
            return times[0]
        case ConstantCurrent() | OhmicCurrent():
            return 0.0
