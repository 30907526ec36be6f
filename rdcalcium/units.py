"""Units and constants: µm, ms, µM, pA and mV inside; every conversion happens here, at the door."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from rdcalcium.errors import InputError

if TYPE_CHECKING:
    import pint

# The unit in which each kind of quantity is stored and computed.
# amount = µM µm³ = 1e-21 mol, so that concentration × volume = amount.
UNITS = {
    "length": "um",
    "time": "ms",
    "concentration": "uM",
    "current": "pA",
    "voltage": "mV",
    "conductance": "pS",
    "permeability": "um^3/ms",
    "temperature": "degC",
    "diffusivity": "um^2/ms",
    "rate": "1/ms",
    "binding rate": "1/(uM*ms)",
    "rate per voltage": "1/(mV*ms)",
    "area": "um^2",
    "volume": "um^3",
    "surface flux": "uM*um/ms",
    "surface permeability": "um/ms",
    "surface density": "1/um^2",
    "number": "",
}

# Other units in which a value is written where that is shorter, -49.6 nm for -0.049600000000000005 um; and the
# characters of a number from which on they are tried: rates stay in 1/ms unless their digits are those of a conversion.
_ALSO_WRITTEN = {
    "length": (4, ("nm",)),
    "time": (4, ("us", "s")),
    "concentration": (4, ("nM", "mM")),
    "current": (4, ("fA",)),
    "voltage": (12, ("V",)),
    "conductance": (12, ("nS",)),
    "diffusivity": (12, ("um^2/s",)),
    "rate": (12, ("1/s",)),
    "binding rate": (12, ("1/(M*s)",)),
}
_USUAL = 1e15  # no other unit makes a number beyond this, or below its inverse, shorter

MANY = 1e6  # from which on a number is told with a power of ten
NANOMOLAR, FEMTOAMPERES = 1e3, 1e3  # nM in one µM, fA in one pA: for readers too
SAME_PLACE = 1e-9  # µm; places nearer to each other are one: rounding is below it up to 1 m, an atom 10⁵ times as wide
NM_PER_UM = 1000  # for readers and pictures; nothing is computed in nm
_LEVELS = (("mM", 1e3), ("uM", 1.0), ("nM", 1e-3))  # µM, likewise
_SPANS = (("s", 1e3), ("ms", 1.0), ("us", 1e-3), ("ns", 1e-6))  # ms, for readers too

FARADAY = 96485.33212  # C mol⁻¹, CODATA 2018
AVOGADRO = 6.02214076e23  # mol⁻¹, exact
GAS_CONSTANT = 8.31446261815324  # J mol⁻¹ K⁻¹, exact
CALCIUM_VALENCE = 2
ZERO_CELSIUS = 273.15  # K

# One µM µm³ = 1e-6 mol/L × 1e-15 L = 1e-21 mol.
MOL_PER_AMOUNT = 1e-6 * 1e-15
IONS_PER_AMOUNT = AVOGADRO * MOL_PER_AMOUNT  # 602.214 ions

# 1 pA for 1 ms carries 1e-15 C, that is 1e-15 / (2 F) mol of Ca²⁺.
AMOUNT_PER_CHARGE = 1e-15 / (CALCIUM_VALENCE * FARADAY) / MOL_PER_AMOUNT  # 5.18213 µM µm³ per fC (= pA ms)

# 1 pS × 1 mV = 1e-15 A = 1e-3 pA.
CURRENT_PER_CONDUCTANCE_VOLTAGE = 1e-12 * 1e-3 / 1e-12


def thermal_voltage(temperature: float) -> float:
    """R T / F at a temperature in °C, mV."""
    return 1e3 * GAS_CONSTANT * (temperature + ZERO_CELSIUS) / FARADAY


class UnitError(InputError):
    """A quantity that cannot be read."""


class DimensionalityError(UnitError):
    """A quantity of the wrong dimension."""


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry:
    import pint  # half a second; only models that write units pay for it

    registry: pint.UnitRegistry = pint.UnitRegistry()
    registry.define(f"ion = {1 / AVOGADRO!r} mol")  # so that 25 ions/um^2/ms is a flux
    return registry


# A number, then its unit. Nothing else: pint alone would read "1,5 uM" as 15 µM and "70 nM 3" as 210 nM.
_QUANTITY = re.compile(
    r"([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?))\s*((?:(?:1\s*/|[a-zµμ°/(%]).*)?)", re.IGNORECASE
)

# A power without its sign: "um2/s", "uM-1 ms-1".
_POWER = re.compile(r"([a-zA-Z])(-?\d)")


def _convert(text: str, kind: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise UnitError(f"{text!r} is not a quantity; write for example {example(kind)!r}")
    number = float(match[1])
    if not match[2]:
        return number
    try:
        factor = _factor(match[2], kind)
        return number * factor if factor else float(_quantity(number, match[2]).to(UNITS[kind]).magnitude)
    except DimensionalityError as error:
        raise DimensionalityError(f"{text!r} {error}") from error.__cause__
    except UnitError as error:
        raise UnitError(f"{error} in {text!r} is not a unit; write for example {example(kind)!r}") from error.__cause__


@lru_cache(maxsize=4096)
def _factor(unit: str, kind: str) -> float:
    """By which a number of this unit is multiplied; 0 for one whose scale begins elsewhere, such as K for °C.

    Kept, because a model may have as many numbers with units as it likes, of few units.
    """
    import pint

    wanted = UNITS[kind] or "dimensionless"
    try:
        zero, one = (float(_of_ions(_quantity(x, unit), kind).to(wanted).magnitude) for x in (0.0, 1.0))
    except pint.DimensionalityError as error:
        raise DimensionalityError(
            f"is not a {kind}: its unit is {_quantity(1.0, unit).units:~}, expected one like "
            f"{UNITS[kind] or 'a plain number'}"
        ) from error
    return 0.0 if zero else one


def _of_ions(quantity: pint.Quantity, kind: str) -> pint.Quantity:
    """A current of calcium on an area as the flux that it is, i / (2 F); what is none as it is."""
    if kind == "surface flux" and quantity.is_compatible_with("pA/um^2"):
        return quantity / _quantity(CALCIUM_VALENCE * FARADAY, "C/mol")
    return quantity


def _quantity(number: float, unit: str) -> pint.Quantity:
    """A number with its unit as a user may write it."""
    registry = _registry()
    unit = _POWER.sub(r"\1^\2", unit.replace("µ", "u").replace("μ", "u").replace("°", "deg"))
    try:
        return registry.Quantity(number, registry.parse_units("1" + unit if unit.startswith("/") else unit))
    except Exception as error:
        raise UnitError(repr(unit)) from error


def example(kind: str) -> str:
    """A quantity of this kind as a user would write it."""
    unit = UNITS[kind]
    return f"0.1 {unit}".strip()


def parse(value: object, kind: str) -> float:
    """Read a number or a text such as "70 nM" as a float in the unit of its kind (see UNITS).

    A bare number is taken to be in that unit already. Not-a-number and infinity are refused.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UnitError(f"{value!r} is not a {kind}; write for example {example(kind)!r}")
    try:
        number = _convert(value.strip(), kind) if isinstance(value, str) else float(value)
    except OverflowError:
        raise UnitError(f"{value!r:.20}… is too large for a {kind}") from None
    if not math.isfinite(number):
        raise UnitError(f"{value!r} is not a finite {kind}")
    return number


def parse_any(value: object, kinds: tuple[str, ...]) -> tuple[float, str | None]:
    """Read a quantity whose kind its unit decides; number and kind, which is None for a number or percentage."""
    kind = _kind_of(value.strip(), kinds) if isinstance(value, str) else "number"
    return parse(value, kind), kind if UNITS[kind] else None


@lru_cache(maxsize=4096)
def _kind_of(text: str, kinds: tuple[str, ...]) -> str:
    match = _QUANTITY.fullmatch(text)
    if match and not match[2]:
        return "number"
    for kind in kinds:
        try:
            _convert(text, kind)
        except DimensionalityError:
            continue
        return kind
    raise UnitError(f"{text!r} is none of: {', '.join(kinds)}; write for example {example('rate')!r}")


PLACES = 3  # that are told of many


def figures(number: float, digits: int = 3) -> str:
    """A number for a reader, to so many significant digits: "0.0125", "4860"; with a power of ten from a million on."""
    text = f"{number:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(number) < MANY else text


def nanometres(length: float | Iterable[float], digits: int = 6) -> str:
    """A length or a point in µm, in nm for a reader: "12.5 nm", "(0, 40, 2) nm".

    digits  that are significant
    """
    if isinstance(length, Iterable):
        return "(" + ", ".join(_place(x, digits) for x in length) + ") nm"
    return f"{figures(NM_PER_UM * length, digits)} nm"


def _place(coordinate: float, digits: int) -> str:
    """A coordinate in µm as its number of nm; what rounding leaves of a zero is one: 0.1 + 0.2 - 0.3 µm is no place."""
    return figures(round(NM_PER_UM * coordinate, 6) + 0.0, digits)


def nanometres_to(low: float, high: float, digits: int = 6) -> str:
    """A range of lengths in µm, in nm for a reader: "-50 to 50 nm", or "50 nm" where both ends are the same."""
    first, last = (_place(x, digits) for x in (low, high))
    return f"{last} nm" if first == last else f"{first} to {last} nm"


def times(sides: Iterable[float]) -> str:
    """How long the sides of a box are, for a reader: "0.8 x 0.6 x 0.5"."""
    return " x ".join(figures(float(side)) for side in sides)


def places(points: Iterable[Iterable[float]], count: int = 0) -> str:
    """The first few of some points (µm) for a reader, and how many more there are: "(0, 40, 2) nm and 3 more places".

    count  of all places, where not all points are given
    """
    known = [[*point] for point in points]
    more = max(count, len(known)) - min(PLACES, len(known))
    told = ", ".join(nanometres(map(float, point), 4) for point in known[:PLACES])
    return told + (f" and {counted(more, 'more place')}" if more else "")


def milliseconds(time: float, digits: int = 6) -> str:
    """A moment in ms, for a reader: "1.25 ms"."""
    return f"{time:.{digits}g} ms"


def time_span(time: float, digits: int = 3) -> str:
    """How long something takes, in ms, for a reader in the unit that makes the number 1 to 1000: "12.5 us"."""
    reached = (span for span in _SPANS if float(f"{abs(time) / span[1]:.{digits}g}") >= 1)
    unit, size = next(reached, _SPANS[-1])
    return f"{time / size:.{digits}g} {unit}"


def level(concentration: float, digits: int = 4) -> str:
    """A concentration in µM as a reader sees it: "70 nM", "1.2 uM", "2 mM"."""
    unit, size = next((each for each in _LEVELS if abs(concentration) >= each[1]), _LEVELS[-1])
    return f"{figures(concentration / size, digits)} {unit}"


def counted(number: float, what: str) -> str:
    """How many of something: "1 thread", "2 threads", "32,292 control volumes", "1 cell", "0.4 cells"."""
    digits = f"{number:,}" if isinstance(number, int) else figures(number)
    return f"{digits} {what}{'s' * (digits != '1')}"


def show(value: float, kind: str) -> str:
    """The exact inverse of parse: the shortest text that reads back as the same float.

    The unit is that of UNITS unless another one is shorter, and customary (see _ALSO_WRITTEN).
    """
    digits = _digits(value)
    text = f"{digits} {UNITS[kind]}".strip()
    tried_from, units = _ALSO_WRITTEN.get(kind, (0, ()))
    if len(digits) < tried_from or not 1 / _USUAL < abs(value) < _USUAL:
        return text
    others = [text]
    for unit in units:
        # Without the last digits, which the conversion may have changed.
        rounded = float(f"{value / _factor(unit, kind):.14g}")
        if rounded * _factor(unit, kind) == value:
            others.append(f"{_digits(rounded)} {unit}")
    return min(others, key=len)


def _digits(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
