"""The library in words: its entries with their numbers, and all that one entry says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rdcalcium.catalogue import SHELVES, entries, missing, references
from rdcalcium.library.response import peak_rate
from rdcalcium.model import Buffer, Channels, KineticScheme, Sensor
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import DENSITY, GIVEN, STORE
from rdcalcium.units import show

_DIGITS = 4  # of a quotient of rates
_FIGURES = 3  # by which sensors and gates are compared
_STEPS = (1.0, 10.0, 100.0)  # µM of calcium, at which sensors are compared
_VOLTAGES = (-60.0, -20.0, 0.0)  # mV, at which gates are compared
_HEADINGS = {
    "buffers": ("k_on", "K_d", "total", "diffusivity", "source"),
    "channels": (*(f"open at {voltage:g} mV" for voltage in _VOLTAGES), "", "source"),
    "pumps": ("numbers", "to be said", "", "source"),
    "transports": ("numbers", "to be said", "", "source"),
    "sensors": (*(f"peak at {calcium:g} uM" for calcium in _STEPS), "", "source"),
}
UNCHECKED = "*"  # behind the names of entries with such values
FOOTNOTE = f"{UNCHECKED} some of its values await a check against their paper: the note of the entry says which"


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
    rows = [(kind, *_HEADINGS.get(kind, ("", "source")))]
    for name, values in entries(kind).items():
        rows.append(
            (name + UNCHECKED * awaits_check(values), *_numbers(kind, name, values), ", ".join(_sources(values)))
        )
    return _aligned(rows)


def awaits_check(values: dict[str, Any]) -> bool:
    """Whether the note of an entry says so."""
    return "await" in values.get("note", "")


def _numbers(kind: str, name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """What stands under the headings of a kind."""
    of = {"buffers": _of_buffer, "channels": _of_channels, "sensors": _of_sensor, "pumps": _of_transport}
    return (of | {"transports": _of_transport}).get(kind, _described)(name, values)


def _described(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    return (values.get("description", ""),)


def _of_channels(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Probability of being open while a voltage stays, and what they are."""
    group = Channels(use=name, positions=((0, 0),))
    gate = group.kinetics()
    shares = [gate.equilibrium(voltage)[group.open_mask].sum() for voltage in _VOLTAGES]
    return (*(f"{_rounded(100 * share, _FIGURES):g} %" for share in shares), *_described(name, values))


def _of_sensor(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Highest rates of release after steps of calcium from rest, and what it is."""
    sensor = Sensor(use=name, positions=((0, 0, 0),))
    return (
        *(show(_rounded(peak_rate(sensor, calcium), _FIGURES), "rate") for calcium in _STEPS),
        *_described(name, values),
    )


def _of_transport(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Its numbers, and the names in its law, gates and scheme that have none."""
    numbers, gates, scheme = values.get("parameters", {}), values.get("gates", {}), values.get("scheme", ())
    texts = [text for text in (values.get("law"), *gates.values()) if text]
    named = frozenset[str]().union(*(Expression(text).names for text in texts))
    density = {DENSITY: values["density"]} if "density" in values else {}
    unsaid = sorted((named | ({DENSITY} if scheme else set())) - {*numbers, *gates, *density, *GIVEN, STORE})
    said = ", ".join(f"{key} = {value}" for key, value in {**density, **numbers}.items())
    return (said, ", ".join(unsaid), *_described(name, values))


def _of_buffer(name: str, values: dict[str, Any]) -> tuple[str, ...]:
    """Rate and constant of the first calcium that each part binds, total and diffusivity of a buffer."""
    buffer = Buffer(use=name, total=values.get("total", 0))
    first = [_first_step(pool.scheme) for pool in buffer.pools()]
    return (
        ", ".join(show(_rounded(forward), "binding rate") for forward, _ in first),
        ", ".join(show(_rounded(backward / forward), "concentration") for forward, backward in first),
        show(buffer.total, "concentration") if "total" in values else "to be said",
        " to ".join(show(d, "diffusivity") for d in sorted({*buffer.diffusivities.values()})),
    )


def _first_step(scheme: KineticScheme) -> tuple[float, float]:
    """Rates of the first step that binds calcium."""
    steps = zip(scheme.transitions, scheme.rates(), strict=True)
    forward, backward = next(rates for step, rates in steps if step.ligand == "Ca")
    return float(forward), float(backward)


def _rounded(value: float, digits: int = _DIGITS) -> float:
    return float(f"{value:.{digits}g}")


def _entry(kind: str, name: str) -> Iterator[str]:
    """Everything that an entry says, as a model file would, what follows from it, and the papers."""
    values = entries(kind)[name]
    yield f"{name}, of the {kind}: {values.get('description', '')}"
    rows = [row for key, value in values.items() if key not in _TOLD for row in _rows(key, value)]
    if kind == "buffers":
        _, K_d, total, _ = _of_buffer(name, values)
        rows += [("K_d of the first calcium", K_d), *([] if "total" in values else [("total", total)])]
    if kind in ("channels", "sensors"):
        rows += zip(_HEADINGS[kind], _numbers(kind, name, values)[:-1], strict=False)
    yield from _aligned([("", *row) for row in rows])
    if kind in ("buffers", "sensors"):
        yield from _aligned([("", *row) for row in _steps(_kinetics(kind, name))])
    yield from _cited(_sources(values))


_TOLD = {"check", "description", "source", "like"}


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
    return [f"  {key}: {references()[key]['citation']}, doi {references()[key]['doi']}" for key in dict.fromkeys(keys)]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table, its columns as wide as they need."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines]
