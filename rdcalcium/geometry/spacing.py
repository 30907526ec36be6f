"""Axes with cells of one width, or with cells that are fine where it is asked for and grow from there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.geometry.axis import Axis, unknowns

ROUNDING = 1e-9  # of a cell; a rest of an axis below this is none: 1 um / 5 nm are 200 cells, and no 201st


def uniform_axis(low: float, high: float, size: float, mirror: bool = False) -> Axis:
    """The fewest cells of one width, at most `size`; with `mirror` the first is a half cell on the plane x = low."""
    half = 0.5 if mirror else 0.0
    count = max(int(np.ceil((high - low) / size + half - ROUNDING)), 1)
    edges = low + (high - low) / (count - half) * (np.arange(count + 1) - half)
    edges[0], edges[-1] = low, high
    return Axis(edges, unknowns(edges, mirror))


def stretched_axis(
    low: float,
    high: float,
    focus: tuple[float, float],
    size: float,
    bulk_size: float,
    growth: float,
    *,
    through: float | None = None,
    mirror: bool = False,
) -> Axis:
    """Cells of width `size` over `focus`, growing by the factor `growth` towards `bulk_size` outside it.

    No cell is more than `growth` times as wide as its neighbour. Where an end of the axis is too near for that, the
    last cells of the fine part become a little narrower; where they are too few, all cells have one width.

    low, high  ends of the axis, µm, met exactly
    focus      interval to resolve, µm; clipped to the axis
    growth     > 1
    through    a coordinate that becomes the centre of a cell, so that a pore lies on the axis of its cell, unless it
               is too near to an end
    mirror     the axis begins at a mirror plane: its first cell is half a cell with its unknown on the plane
    """
    first, last = max(low, focus[0]), min(high, focus[1])
    for start, before in _starts(low, first, size, through, mirror):
        wanted, room = np.ceil((last - start) / size - ROUNDING), np.floor((high - start) / size + ROUNDING)
        after = int(min(max(wanted, 1), room)) - before - 1
        if after < 0:
            continue
        fine = start + size * np.arange(before + after + 2)
        below = (0, np.array([size / 2])) if mirror else _to_end(start - low, size, bulk_size, growth, before)
        above = _to_end(high - fine[-1], size, bulk_size, growth, after)
        if below and above:
            fine = fine[below[0] : len(fine) - above[0]]
            edges = np.concatenate([fine[0] - np.cumsum(below[1])[::-1], fine, fine[-1] + np.cumsum(above[1])])
            edges[0], edges[-1] = low, high
            return Axis(edges, unknowns(edges, mirror))
    return uniform_axis(low, high, size, mirror)


def _starts(low: float, first: float, size: float, through: float | None, mirror: bool) -> Iterator[tuple[float, int]]:
    """Where the fine part may begin, the best first, and how many of its cells are below the one that must stay."""
    if mirror:
        yield low + size / 2, 0
        return
    if through is not None and through - size / 2 > low - ROUNDING * size:
        wanted = np.ceil(max(through - size / 2 - first, 0.0) / size - ROUNDING)
        before = int(min(wanted, np.floor((through - size / 2 - low) / size + ROUNDING)))
        yield through - (before + 0.5) * size, before
    yield first, 0
    yield low, 0


def periodic_axis(
    low: float,
    high: float,
    focus: tuple[float, float],
    size: float,
    bulk_size: float,
    growth: float,
    *,
    through: float | None = None,
) -> Axis:
    """Cells of width `size` over `focus`, growing on both sides until they meet, at the other side of the circle.

    Otherwise as `stretched_axis`, but a focus may reach beyond an end. An edge is at `low` only where the cells are of
    one width and no pore has to be in the middle of one: else the axis begins at the first edge above.
    """
    length, (first, last) = high - low, focus
    before = 0 if through is None else max(int(np.ceil((through - first) / size - 0.5 - ROUNDING)), 0)
    start = first if through is None else through - (before + 0.5) * size
    count = max(int(np.ceil((last - start) / size - ROUNDING)), before + 1)
    spare = (count - 1) // 2 if through is None else min(before, count - 1 - before)
    rest = (length - count * size) / 2
    side = _to_end(rest, size, bulk_size, growth, spare) if rest > -ROUNDING * size else None
    if side is None:
        return uniform_circle(low, high, size, through)
    replaced, outward = side
    fine = np.full(count - 2 * replaced, size)
    return _around(start + replaced * size, np.concatenate([fine, outward, outward[::-1]]), low)


def uniform_circle(low: float, high: float, size: float, through: float | None = None) -> Axis:
    """A periodic axis of the fewest cells of one width, at most `size`; `through` is the centre of one of them."""
    count = max(int(np.ceil((high - low) / size - ROUNDING)), 1)
    width = (high - low) / count
    return _around(low if through is None else through - width / 2, np.full(count, width), low)


def _around(start: float, widths: np.ndarray, low: float) -> Axis:
    """A periodic axis of cells of these widths, of which the first begins at an image of `start`."""
    length = float(widths.sum())
    places = (start - low + np.append(0.0, np.cumsum(widths)[:-1])) % length
    places[places > length - ROUNDING * widths.min()] = 0.0
    edges = low + np.sort(places)
    edges = np.append(edges, edges[0] + length)
    return Axis(edges, unknowns(edges, mirror=False, periodic=True), periodic=True)


def _to_end(length: float, size: float, bulk_size: float, growth: float, spare: int) -> tuple[int, np.ndarray] | None:
    """Widths (µm) from the fine part to an end of the axis, and how many of its `spare` cells they take the place of.

    None if no such widths keep to `growth`; those that take the place of fine cells are no wider than these.
    """
    for replaced in range(spare + 1):
        widths = _outward(length + replaced * size, size, size if replaced else bulk_size, growth)
        if widths is not None:
            return replaced, widths
    return None


def _outward(length: float, size: float, bulk_size: float, growth: float) -> np.ndarray | None:
    """Widths that grow from `size` to `bulk_size`, as many as `length` needs, and scaled to add up to it.

    None if that makes the first too narrow beside a cell of `size`.
    """
    widths: list[float] = []
    total, width = 0.0, size
    while total < length - ROUNDING * size:
        width = min(width * growth, bulk_size)
        widths.append(width)
        total += width
    scaled = np.array(widths) * (length / (total or 1.0))
    return None if widths and scaled[0] < size / growth * (1 - ROUNDING) else scaled
