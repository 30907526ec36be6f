"""One line for many steps, "X[n] + Ca <-> X[n+1] : (5-n)*k_on, … for n = 0..4": written out, one line for each n."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from rdcalcium.errors import InputError
from rdcalcium.model.expression import NAME, Expression

MOST = 2000  # lines that one may stand for

_FOR = re.compile(r"\bfor\b")
_RANGE = re.compile(r"^\s*([^\W\d]\w*)\s*=\s*(\S.*?)\s*\.\.\s*(\S.*?)\s*$")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


class IndicesError(InputError):
    """A line whose indices cannot be written out."""


def written_out(line: str, taken: Collection[str] = ()) -> list[str]:
    """The lines that a line with indices stands for; one without stands for itself.

    X[n+1] becomes the state X3 where n is 2, n in a rate the number 2, and k[n] the parameter k2. The first index
    changes most slowly, and those behind it may end where it leaves off: for n = 0..4, m = 0..4-n.

    taken  names that are no indices
    """
    pattern, *ranges = _FOR.split(line)
    if len(ranges) > 1:
        raise IndicesError(f"{line!r} says 'for' twice; write the indices at its end: 'for n = 0..4, m = 0..2'")
    indices: list[dict[str, int]] = [{}]
    for text in ranges[0].split(",") if ranges else ():
        indices = _ranged(text, indices, line)
    for name in indices[0].keys() & set(taken):
        raise IndicesError(f"{name!r} in {line!r} is an index and a parameter; give one of them another name")
    return [_with(pattern, index, line) for index in indices]


def _ranged(text: str, indices: list[dict[str, int]], line: str) -> list[dict[str, int]]:
    """The indices so far, each with every value of one more."""
    match = _RANGE.match(text)
    if not match:
        raise IndicesError(f"cannot read the index {text.strip()!r} of {line!r}; write for example 'for n = 0..4'")
    name, low, high = match.groups()
    ranges = [range(_number(low, index, line), _number(high, index, line, least=-1) + 1) for index in indices]
    lines = sum(map(len, ranges))
    if not 0 < lines <= MOST:
        raise IndicesError(f"{line!r} stands for {lines} steps; at least 1 and at most {MOST} can be written out")
    return [{**index, name: value} for index, values in zip(indices, ranges, strict=True) for value in values]


def _with(pattern: str, index: Mapping[str, int], line: str) -> str:
    """A line with numbers for its indices."""
    states = _BRACKETS.sub(lambda found: str(_number(found[1], index, line)), pattern)
    head, colon, rates = states.partition(":")
    return head + colon + NAME.sub(lambda found: str(index.get(found[0], found[0])), rates).rstrip()


def _number(text: str, index: Mapping[str, int], line: str, least: int = 0) -> int:
    """What stands in brackets behind the name of a state, or where an index begins or ends, as a number."""
    rate = Expression(text)
    for name in sorted(rate.names - index.keys()):
        raise IndicesError(f"nothing says what {name!r} is in {line!r}; write at its end 'for {name} = 0..4'")
    number = float(rate.evaluate(dict(index)))
    if number < least or number != int(number):
        raise IndicesError(f"[{text}] in {line!r} comes to {number:g}; a state is numbered 0, 1, 2, …")
    return int(number)
