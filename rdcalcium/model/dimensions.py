"""Dimensions of rates: what a rate comes out as, found from the units of what stands in it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.model import names
from rdcalcium.model.expression import Expression


class Dimension(NamedTuple):
    """Exponents of concentration, time, voltage and length; a binding rate is (-1, -1, 0, 0)."""

    concentration: float = 0
    time: float = 0
    voltage: float = 0
    length: float = 0

    def __str__(self) -> str:
        """The unit, such as "1/(uM*ms)"; "a plain number" where there is none."""
        for kind, dimension in OF_KIND.items():
            if dimension == self:
                return units.UNITS[kind] or "a plain number"
        return "*".join(
            unit if n == 1 else f"{unit}^{n:g}" for unit, n in zip(("uM", "ms", "mV", "um"), self, strict=True) if n
        )


PURE = Dimension()
RATE = Dimension(time=-1)
BINDING_RATE = Dimension(concentration=-1, time=-1)
VOLTAGE = Dimension(voltage=1)
CONCENTRATION = Dimension(concentration=1)
SURFACE_FLUX = Dimension(concentration=1, time=-1, length=1)
SURFACE_DENSITY = Dimension(concentration=1, length=1)  # of molecules as an amount on an area

# The kinds of quantity (see units.UNITS) that a rate may be made of.
OF_KIND = {
    "number": PURE,
    "rate": RATE,
    "binding rate": BINDING_RATE,
    "voltage": VOLTAGE,
    "concentration": CONCENTRATION,
    "time": Dimension(time=1),
    "rate per voltage": Dimension(time=-1, voltage=-1),
    "surface flux": SURFACE_FLUX,
    "surface permeability": Dimension(time=-1, length=1),
}

# None is the dimension of what holds no unit at all: a bare number, or arithmetic of bare numbers. It fits wherever it
# stands alone and is a pure factor beside a quantity with a unit. Beside the voltage V, which always has a unit, it is
# taken to have the one that is wanted: "0.1*(V + 40)" and "1.78*exp(V/23.3)" are rates. Calcium, Ca, has its unit
# beside a parameter with one; where all else is bare numbers it is one too: "0.03*Ca/(2 + Ca)" is a rate.
MaybeDimension = Dimension | None


class DimensionError(InputError):
    """Quantities that cannot be added, or given to exp, log or tanh."""


def dimension(rate: Expression, known: Mapping[str, MaybeDimension]) -> MaybeDimension:
    """Dimension of an expression of V, Ca and names of known dimensions; names that are not known are bare numbers.

    Raises DimensionError where it adds what is unlike, or takes exp, log or tanh of a quantity with a unit.
    """
    beside = {names.VOLTAGE: VOLTAGE}
    if any(known.get(name) not in (None, PURE) for name in rate.names):
        beside[names.CALCIUM] = CONCENTRATION
    return _of(rate.tree, {**beside, **known})


def require_dimension(rate: Expression, wanted: Dimension, known: Mapping[str, MaybeDimension], what: str) -> None:
    """Refuse an expression that comes out as anything else, with DimensionError about `what`."""
    try:
        found = dimension(rate, known)
    except DimensionError as error:
        raise DimensionError(f"{what} cannot be: {error}") from None
    if found not in (None, wanted):
        raise DimensionError(
            f"{what} is in {found}, expected {wanted}; "
            "numbers without a unit count as pure factors beside one with a unit"
        )


def _of(node: ast.expr, known: Mapping[str, MaybeDimension]) -> MaybeDimension:
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Constant():
            return None
        case ast.UnaryOp(operand=operand):
            return _of(operand, known)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _sum(node, _of(left, known), _of(right, known))
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            base = _of(left, known)
            return base and Dimension(*(n * exponent for n in base))
        case ast.BinOp(left=left, op=op, right=right):
            return _product(_of(left, known), _of(right, known), 1 if isinstance(op, ast.Mult) else -1)
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            inner = _of(argument, known)
            return inner and Dimension(*(n / 2 for n in inner))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            if (inner := _of(argument, known)) not in (None, PURE):
                raise DimensionError(f"{name}() in {ast.unparse(node)!r} is given {inner}, not a plain number")
            return None
    raise AssertionError(node)  # Expression has refused everything else


def _sum(node: ast.expr, left: MaybeDimension, right: MaybeDimension) -> MaybeDimension:
    if left is not None and right is not None and left != right:
        raise DimensionError(f"{ast.unparse(node)!r} adds {left} and {right}")
    return right if left is None else left


def _product(left: MaybeDimension, right: MaybeDimension, sign: int) -> MaybeDimension:
    """Dimension of left · right^sign."""
    if left is None or right is None:
        present = right if left is None else left
        if present is None or present.voltage:
            return None
    return Dimension(*(a + sign * b for a, b in zip(left or PURE, right or PURE, strict=True)))
