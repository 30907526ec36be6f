"""An estimate in sentences: how far off calcium is at each sensor and probe, and which cells would do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rdcalcium.advice.size import memory_of
from rdcalcium.advice.together import Said, together, watched
from rdcalcium.backends import choose
from rdcalcium.errors import InputError
from rdcalcium.fineness.estimate import Estimate
from rdcalcium.model import Grid, Model
from rdcalcium.units import counted, figures, level, milliseconds, nanometres, time_span

LEAST = 1e-3  # share, below which an error is told as none
ACCURACY, LARGEST = 0.02, 0.5  # share of calcium that cells may leave, unless somebody says, and the most to be said
STEPS = (1 / 8, 3.0)  # between which cells are advised, as a factor of those of the model
WORTH = 1.25  # times as wide as they are, from which on wider cells are worth a word


def require_accuracy(accuracy: float) -> None:
    """InputError for a share of calcium that cells cannot be chosen for."""
    if not 0 < accuracy <= LARGEST:
        raise InputError(
            f"an accuracy of {100 * accuracy:g} % cannot be aimed at; give one above 0 and up to {100 * LARGEST:g} %"
        )


def sentences(found: Estimate, accuracy: float = ACCURACY, device: int | None = None) -> Iterator[str]:
    """How it was found, the error of each point, and which cells reach an accuracy at all of them.

    accuracy  share of calcium, such as 0.02
    device    number of the GPU that a run would take
    """
    require_accuracy(accuracy)
    yield _how(found)
    yield from together(_each(found, accuracy), ends=("most off", "least off"))
    if not found.known.all():
        yield from _unknown(found)
    if found.known.any():
        yield from _advice(found, accuracy, device)


def _how(found: Estimate) -> str:
    first, last = found.levels[0], found.levels[-1]
    factors = ", ".join(f"{one.factor:.2g}" for one in found.levels)
    beside = (
        f", and order 1 for up to {_percent(found.beside)} of it at pumps where calcium enters" if found.beside else ""
    )
    return (
        f"error of cells, estimated on cells {factors} times as wide ({first.found.count:,} to "
        f"{counted(last.found.count, 'control volume')}) from the calcium that the currents of "
        f"{milliseconds(last.found.time)} bring within {time_span(last.found.length)}, at order 2{beside}"
    )


def _each(found: Estimate, accuracy: float) -> Iterator[Said]:
    """Of each point whose error is known."""
    rows = zip(watched(found.model), found.calcium, found.error, found.low, found.high, found.known, strict=True)
    for one, calcium, error, low, high, known in rows:
        if known:
            text = f"calcium at {one.name}, {level(float(calcium), 3)} then, is {_off(error, low, high)}"
            yield Said(one.kind, text, f"that is more than {_percent(accuracy)}" * bool(error > accuracy), -error)


def _off(error: float, low: float, high: float) -> str:
    """By how much it is."""
    if high < LEAST:
        return f"less than {_percent(LEAST)} off"
    between = f"{_percent(low)} to {_percent(high)}" if low > LEAST else f"{_percent(high)} at most"
    return (
        f"about {_percent(error)} off ({between})"
        if error > LEAST
        else f"{between.removesuffix(' at most')} off at most"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _unknown(found: Estimate) -> Iterator[str]:
    count = int((~found.known).sum())
    which, them = ("1 sensor or probe is", "it") if count == 1 else (f"{count:,} sensors and probes are", "them")
    yield f"{which} too near to a channel for these cells: no estimate for {them}"


def _advice(found: Estimate, accuracy: float, device: int | None) -> Iterator[str]:
    """Which cells reach it, and what they need."""
    wanted = found.factor(accuracy)
    if wanted < STEPS[0]:
        would = f"{_percent(accuracy)} would take cells less than an eighth as wide"
        yield f"warning: {would}; move the points away from the channels, or ask for less"
        return
    if 1 <= wanted < WORTH:
        yield f"for {_percent(accuracy)} at {_points(found)} these cells are right"
        return
    factor = _rounded(min(wanted, STEPS[1]))
    model = found.model.refined(1 / factor)
    size = found.count(factor)
    needed, *short = memory_of(model, f"about {size:,} control volumes", "", size, choose("auto", device)[0], device)
    which = "narrower cells are needed" if factor < 1 else "wider cells would do"
    yield f"for {_percent(accuracy)} at {_points(found)} {which}: {_words(model)}{_option(factor)}; {needed}"
    yield from short


def _rounded(factor: float) -> float:
    """To two figures, downwards."""
    digits = 1 - math.floor(math.log10(factor))
    return math.floor(factor * 10**digits) / 10**digits


def _points(found: Estimate) -> str:
    count = int(found.known.sum())
    return "every sensor and probe" if count == len(found.points) else f"these {count:,}"


def _option(factor: float) -> str:
    return f" (--refine {math.ceil(100 / factor) / 100:g})" if factor < 1 else ""


def _words(model: Model) -> str:
    """Sizes as a model file has them."""
    choice = model.discretization
    sizes = choice.size_at_active_zone if isinstance(choice, Grid) else (choice.size_at_active_zone,)
    each = [f'"{nanometres(x, 3)}"' for x in sizes]
    fine = each[0] if len(set(sizes)) == 1 else f"[{', '.join(each)}]"
    bulk = "" if choice.size_in_bulk is None else f', size_in_bulk = "{nanometres(choice.size_in_bulk, 3)}"'
    grown = "" if choice.size_in_bulk is None else f", growth = {figures(choice.growth)}"
    return f"size_at_active_zone = {fine}{bulk}{grown}"
