"""One line for many steps, "X[n] + Ca <-> X[n+1] : (5-n)*k_on, … for n = 0..4": written out, one line for each n."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import product

from rdcalcium.errors import InputError
from rdcalcium.model.expression import NAME, Expression

MOST = 2000  # lines that one may stand for

_FOR = re.compile(r"\bfor\b")
_RANGE = re.compile(r"^\s*([^\W\d]\w*)\s*=\s*(\d{1,4})\s*\.\.\s*(\d{1,4})\s*$")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


class IndicesError(InputError):
    """A line whose indices cannot be written out."""


def written_out(line: str, taken: Collection[str] = ()) -> list[str]:
    """The lines that a line with indices stands for; one without stands for itself.

    X[n+1] becomes the state X3 where n is 2, and n in a rate the number 2; the first index changes most slowly.

    taken  names that are no indices
    """
    pattern, *ranges = _FOR.split(line)
    if len(ranges) > 1:
        raise IndicesError(f"{line!r} says 'for' twice; write the indices at its end: 'for n = 0..4, m = 0..2'")
    indices = dict(_ranges(ranges[0], line)) if ranges else {}
    for name in indices.keys() & set(taken):
        raise IndicesError(f"{name!r} in {line!r} is an index and a parameter; give one of them another name")
    values = [dict(zip(indices, numbers, strict=True)) for numbers in product(*indices.values())]
    return [_with(pattern, index, line) for index in values]


def _ranges(text: str, line: str) -> Iterator[tuple[str, range]]:
    lines = 1
    for one in text.split(","):
        match = _RANGE.match(one)
        if not match or int(match[2]) > int(match[3]):
            raise IndicesError(f"cannot read the index {one.strip()!r} of {line!r}; write for example 'for n = 0..4'")
        values = range(int(match[2]), int(match[3]) + 1)
        lines *= len(values)
        yield match[1], values
    if lines > MOST:
        raise IndicesError(f"{line!r} stands for {lines} steps; at most {MOST} can be written out")


def _with(pattern: str, index: Mapping[str, int], line: str) -> str:
    """A line with numbers for its indices."""
    states = _BRACKETS.sub(lambda found: _number(found[1], index, line), pattern)
    head, colon, rates = states.partition(":")
    return head + colon + NAME.sub(lambda found: str(index.get(found[0], found[0])), rates).rstrip()


def _number(text: str, index: Mapping[str, int], line: str) -> str:
    """What stands in brackets behind the name of a state, as a number."""
    rate = Expression(text)
    for name in rate.names - index.keys():
        raise IndicesError(f"nothing says what {name!r} is in {line!r}; write at its end 'for {name} = 0..4'")
    number = float(rate.evaluate(dict(index)))
    if number < 0 or number != int(number):
        raise IndicesError(f"[{text}] in {line!r} comes to {number:g}; a state is numbered 0, 1, 2, …")
    return f"{number:.0f}"
