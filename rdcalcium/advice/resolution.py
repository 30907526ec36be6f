"""Whether the cells are fine enough: near the channels, and for the buffers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import numpy as np

from rdcalcium.advice.cells import ROUNDING, along, nm
from rdcalcium.advice.together import Point, Said, Watched, together, watched
from rdcalcium.chemistry import Chemistry
from rdcalcium.discretization import Locator
from rdcalcium.discretization.curved_field import PORE
from rdcalcium.discretization.parts import any_inside
from rdcalcium.discretization.space import Space
from rdcalcium.discretization.way import nearest_channels
from rdcalcium.model import Model
from rdcalcium.patches.beside_pores import WORTH, beside_pores
from rdcalcium.units import counted, figures

NEAR = 3  # cells from a pore, at which calcium is within 5 %; nearer it is several per cent off
CORRECTED = 0.5  # cells, at which it is within 1 % (2 % in curved membranes) where what cells miss is known and added
CAPTURE = 2  # cells that the capture length of a buffer should span
FILLED = 20  # %, error of calcium beside a pore where a buffer that captures it within one cell fills up


def _pores(model: Model) -> list[Point]:
    return [p for group in model.channels for p in group.points]


def distances(model: Model, locator: Locator, told: Collection[str] = ()) -> Iterator[str]:
    """How far each sensor and probe is from the channels, in cells.

    told  names of those whose error is told elsewhere
    """
    those = watched(model)
    if not (_pores(model) and those):
        return
    names = [*model.watched]
    measured = zip(names, those, *(x.tolist() for x in _measured(model, locator)), strict=True)
    said = (_distance(one, far, width, trusted, name in told) for name, one, far, width, trusted in measured)
    yield from together(said, ends=("nearest", "farthest"))


def _measured(model: Model, locator: Locator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each sensor and probe the way to the nearest channel and its widest cell (µm), and how many cells it takes."""
    points, (pores, far) = np.array([*model.watched.values()]), nearest_channels(model)
    widths = _widths_between(locator, points, pores)
    known = locator.knows_near(points, pores) & ~np.array(model.sees_one_volume)
    return far, widths, np.where(known, CORRECTED, NEAR)


def too_near(model: Model, locator: Locator, finer: float) -> np.ndarray:
    """Whether each sensor and probe is nearer to a channel than cells tell that are 1 / `finer` as wide, (points,)."""
    if not (_pores(model) and model.watched):
        return np.zeros(len(model.watched), dtype=bool)
    far, widths, trusted = _measured(model, locator)
    near: np.ndarray = (far < PORE) | (far < trusted * widths / finer * ROUNDING)
    return near


def _distance(one: Watched, distance: float, width: float, trusted: float, told: bool) -> Said:
    """What to say of one that is so far (µm) from a channel, in cells so wide (µm), of which so many are far enough."""
    cells = f"{counted(distance / width, 'cell')} of {nm(width)}"
    remedy = ""
    if distance < trusted * width * ROUNDING and not told:
        finer = f"calcium there may be several per cent off: cells of {nm(distance / trusted)} would be fine enough"
        remedy = "on a pore calcium has no value: move it away" if distance < PORE else finer
    return Said(one.kind, f"{one.name} is {nm(distance)} from the nearest channel, {cells}", remedy, distance / width)


def senses(model: Model, locator: Locator) -> Iterator[str]:
    """Of which calcium gates know that calcium changes."""
    for group in model.channels:
        if group.follows_calcium:
            width = float(locator.widths(np.array(group.points)).max())
            yield (
                f"channels {group.name!r} sense calcium: each sees that of its own control volume ({nm(width)}), about "
                "what is half a cell to one cell from its pore"
            )


def pumped(model: Model) -> Iterator[str]:
    """Pumps on the membrane through which calcium enters, for which the cells of a grid are too wide there."""
    if (found := beside_pores(model)).matters:
        yield (
            f"warning: calcium enters through a membrane with pumps (up to {figures(found.slope)} um/ms), which see "
            f"that of cells of {nm(found.width)}: calcium may be up to {100 * found.share:.2g} % off, and cells of "
            f"{nm(found.width * WORTH / found.share)} at the channels would leave {100 * WORTH:g} %"
        )


def _widths_between(locator: Locator, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Widest side (µm) of the cells at two points of a row, (n,); on a mesh the edges there.

    Along the axes on which the two are apart, so that a flat cell is measured along the way between them.
    """
    widths: np.ndarray = np.where(along(a - b), np.maximum(locator.widths(a), locator.widths(b)), 0.0).max(axis=1)
    return widths


def captures(
    model: Model, locator: Locator, space: Space, chemistry: Chemistry, told: Collection[str] = ()
) -> Iterator[str]:
    """Buffers that take up calcium within less than two cells of the channels, where they are there.

    told  names of sensors and probes whose error is told elsewhere; if it is that of all, what it may be is not said
    """
    all_told = len(told) > 0 and set(model.watched) <= set(told)
    pores = np.array(_pores(model)).reshape(-1, 3)
    width = float(locator.widths(pores)[:, :2].max(initial=0.0))
    for buffer in model.buffers:
        if buffer.where and not any_inside(model, space, buffer.where, pores):
            continue
        rate = chemistry.capture_rate(buffer.name)
        length = math.sqrt(model.calcium.diffusivity / rate) if rate > 0 else math.inf
        if length < CAPTURE * width:
            text = f"buffer {buffer.name!r} captures calcium within {nm(length)} and the cells at the channels are "
            remedy = f"cells of {nm(length / CAPTURE)} would resolve it"
            off = f"; where it fills up, calcium near them may be {FILLED} % off: {remedy}"
            yield text + nm(width) if all_told else f"warning: {text}{nm(width)}{off}"
