"""The library in words: its entries with their numbers, and all that one entry says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from textwrap import TextWrapper
from typing import Any

from rdcalcium.catalogue import SHELVES, entries, missing, references
from rdcalcium.library.response import peak_rate
from rdcalcium.model import Buffer, Channels, KineticScheme, Sensor
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, DENSITY, GIVEN, OUTSIDE, STORE
from rdcalcium.model.transition import read_transitions
from rdcalcium.units import show

_DIGITS = 4  # of a quotient of rates
_FIGURES = 3  # by which sensors and gates are compared
_STEPS = (1.0, 10.0, 100.0)  # µM of calcium, at which sensors are compared
_VOLTAGES = (-60.0, -20.0, 0.0)  # mV, at which gates are compared
_HEADINGS = {
    "buffers": ("k_on", "K_d", "total", "diffusivity"),
    "channels": tuple(f"open at {voltage:g} mV" for voltage in _VOLTAGES),
    "sensors": tuple(f"peak at {calcium:g} uM" for calcium in _STEPS),
}
_WIDTH = 80  # characters of a line, those of a terminal
_TIED = "\u00a0"  # a space at which no line ends
_BELOW = "    "  # what stands under the name of an entry begins so
UNCHECKED = "*"  # behind the names of entries with such values
FOOTNOTE = f"{UNCHECKED} some of its values await a check against their paper: its note says which"


def explain(word: str | None = None) -> list[str]:
    """Lines about a kind of entry ("buffers"), about one entry ("EGTA"), or about all of them."""
    if word is None:
        return [line for kind in SHELVES for line in (*_listed(kind), "")] + [FOOTNOTE]
    if word in SHELVES:
        papers = _cited(source for values in entries(word).values() for source in _sources(values))
        footnote = [FOOTNOTE, ""] if any(map(awaits_check, entries(word).values())) else []
        return [*_listed(word), "", *footnote, *papers]
    kinds = [kind for kind in SHELVES if word in entries(kind)]
    if not kinds:
        raise missing(word)
    return [line for kind in kinds for line in _entry(kind, word)]


def _listed(kind: str) -> list[str]:
    """A row of numbers for each entry of a kind, and below it what it is and where it comes from."""
    lines: list[tuple[str, ...]] = [(kind, *_HEADINGS.get(kind, ()))]
    below: dict[int, list[str]] = {}  # behind so many rows
    for name, values in entries(kind).items():
        first, *more = _numbers(kind, name, values) or [()]
        lines += [(name + UNCHECKED * awaits_check(values), *first), *(("", *cells) for cells in more)]
        below[len(lines)] = _told_of(kind, values)
    rows = _aligned(lines)
    return [line for i, row in enumerate(rows, start=1) for line in (row, *_wrapped(below.get(i, [])))]


def _wrapped(texts: Iterable[str], indent: str = _BELOW) -> list[str]:
    """Lines that a terminal does not break, the first of each text indented so."""
    paragraph = TextWrapper(_WIDTH, indent, _BELOW, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_TIED, " ") for text in texts for line in paragraph.wrap(text)]


def _told_of(kind: str, values: dict[str, Any]) -> list[str]:
    """What an entry is, with its sources; of pumps and transports their numbers too, and what has to be said."""
    what, sources = values.get("description", ""), ", ".join(_sources(values))
    told = [f"{what} ({sources})" if what and sources else what or sources]
    if kind in ("pumps", "transports"):
        said, unsaid = _of_transport(values)
        told += [said] * bool(said) + [f"to be said: {unsaid}"] * bool(unsaid)
    return told


def awaits_check(values: dict[str, Any]) -> bool:
    """Whether the note of an entry says so."""
    return "await" in values.get("note", "")


def _numbers(kind: str, name: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
    """What stands under the headings of a kind, in a row or several; where it has none, nothing."""
    of = {"buffers": _of_buffer, "channels": _of_channels, "sensors": _of_sensor}
    return of[kind](name, values) if kind in of else []


def _of_channels(name: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Probability of being open while a voltage stays."""
    group = Channels(use=name, positions=((0, 0),))
    gate = group.kinetics()
    shares = [gate.equilibrium(voltage)[group.open_mask].sum() for voltage in _VOLTAGES]
    return [tuple(f"{_rounded(100 * share, _FIGURES):g} %" for share in shares)]


def _of_sensor(name: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Highest rates of release after steps of calcium from rest; none where it releases nothing."""
    sensor = Sensor(use=name, positions=((0, 0, 0),))
    if not sensor.releases:
        return [("none",) * len(_STEPS)]
    return [tuple(show(_rounded(peak_rate(sensor, calcium), _FIGURES), "rate") for calcium in _STEPS)]


def _of_transport(values: dict[str, Any]) -> tuple[str, str]:
    """Its numbers, and the names in its law, gates and scheme that have none."""
    numbers, gates, lines = values.get("parameters", {}), values.get("gates", {}), values.get("scheme", ())
    steps = read_transitions(lines, numbers) if lines else ()
    rates = [Expression(text) for text in (values.get("law"), *gates.values()) if text]
    named = frozenset[str]().union(*(rate.names for rate in (*rates, *(r for step in steps for r in step.rates))))
    needed = {DENSITY} if lines and "law" not in values else set[str]()  # what takes calcium across is its molecules
    density = {DENSITY: values["density"]} if "density" in values else {}
    states = {state for step in steps for state in (step.source, step.target)}
    known = {*numbers, *gates, *density, *states, *GIVEN, OUTSIDE, STORE}
    said = ", ".join(f"{key} = {value}".replace(" ", _TIED) for key, value in {**density, **numbers}.items())
    return said, ", ".join(sorted((named | needed) - known))


def _of_buffer(name: str, values: dict[str, Any]) -> list[tuple[str, ...]]:
    """Rate and constant of the first calcium that each part binds, total and diffusivity of a buffer."""
    buffer = Buffer(use=name, total=values.get("total", 0))
    total = show(buffer.total, "concentration") if "total" in values else "to be said"
    moves = " to ".join(show(d, "diffusivity") for d in sorted({*buffer.diffusivities.values()}))
    steps = [_first_step(pool.scheme) for pool in buffer.pools()]
    shown = [
        (show(_rounded(forward), "binding rate"), show(_rounded(backward / forward), "concentration"))
        for forward, backward in steps
    ]
    return [(*shown[0], total, moves), *shown[1:]]


def _first_step(scheme: KineticScheme) -> tuple[float, float]:
    """Rates of the first step that binds calcium."""
    steps = zip(scheme.transitions, scheme.rates(), strict=True)
    forward, backward = next(rates for step, rates in steps if step.ligand == CALCIUM)
    return float(forward), float(backward)


def _rounded(value: float, digits: int = _DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def _entry(kind: str, name: str) -> Iterator[str]:
    """Everything that an entry says, as a model file would, what follows from it, and the papers."""
    values = entries(kind)[name]
    yield from _wrapped([f"{name}, of the {kind}: {values.get('description', '')}"], indent="")
    rows = [row for key, value in values.items() if key not in _TOLD for row in _rows(key, value)]
    if kind == "buffers":
        numbers = _of_buffer(name, values)
        rows += [("K_d of the first calcium", ", ".join(K_d for _, K_d, *_ in numbers))]
        rows += [] if "total" in values else [("total", numbers[0][2])]
    if kind in ("channels", "sensors"):
        rows += zip(_HEADINGS[kind], _numbers(kind, name, values)[0], strict=True)
    yield from _aligned([("", *row) for row in rows])
    if kind in ("buffers", "sensors"):
        yield from _aligned([("", *row) for row in _steps(_kinetics(kind, name))])
    yield from _wrapped([f"note: {values['note']}"] if "note" in values else [], indent="  ")
    yield from _cited(_sources(values))


_TOLD = {"check", "description", "note", "source", "like"}


def _kinetics(kind: str, name: str) -> KineticScheme:
    buffer = kind == "buffers"
    return (Buffer(use=name, total=0) if buffer else Sensor(use=name, positions=((0, 0, 0),))).kinetics()


def _steps(scheme: KineticScheme) -> Iterator[tuple[str, ...]]:
    """Each step of a scheme with its rates as numbers."""
    yield "step", "forward", "backward"
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(), strict=True):
        there = show(_rounded(float(forward)), "binding rate" if step.ligand else "rate")
        yield str(step), there, show(_rounded(float(backward)), "rate") if step.backward else "none"


def _rows(key: str, value: object) -> list[tuple[str, str]]:
    """A key and its value; each part of a table or list in a row of its own."""
    if isinstance(value, dict):
        return [row for inner, part in value.items() for row in _rows(f"{key}.{inner}", part)]
    if isinstance(value, list):
        return [(key if i == 0 else "", str(part)) for i, part in enumerate(value)]
    return [(key, str(value))]


def _sources(values: dict[str, Any]) -> list[str]:
    return values.get("source", [])


def _cited(keys: Iterable[str]) -> list[str]:
    """Each paper once."""
    cited = [f"{key}: {references()[key]['citation']}, doi {references()[key]['doi']}" for key in dict.fromkeys(keys)]
    return _wrapped(cited, indent="  ")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table, its columns as wide as they need; a row may end early."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)) for row in rows]
    return [line.rstrip() for line in lines]
