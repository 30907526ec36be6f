"""Units of the bare numbers in rates and laws, where their place leaves only one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from rdcalcium.model import names
from rdcalcium.model.dimensions import BINDING_RATE, CONCENTRATION, OF_KIND, PURE, RATE, VOLTAGE, Dimension
from rdcalcium.model.quantity import Parameter
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.transition import SchemeError, require_dimensions

KIND_OF = {dimension: kind for kind, dimension in OF_KIND.items() if dimension != PURE}

Wanted = tuple[ast.expr, Dimension]  # an expression, and what it has to come out as
_Known = Mapping[str, Dimension]


def with_units(scheme: KineticScheme) -> dict[str, Parameter]:
    """The parameters of a scheme, each with the kind of quantity that it is, as far as the rates tell.

    All stay bare where the units so found would make the scheme wrong.
    """
    given = {name: Parameter.read(value) for name, value in scheme.parameters.items()}
    known = deduced(given, {names.VOLTAGE: VOLTAGE, names.CALCIUM: CONCENTRATION}, [*wanted_of(scheme)])
    try:
        require_dimensions(scheme.transitions, {name: known.get(name) for name in given})
    except SchemeError:
        return given
    return of_kinds(given, known)


def of_kinds(given: Mapping[str, Parameter], known: _Known) -> dict[str, Parameter]:
    """The same numbers, with the kinds of quantity that have these dimensions."""
    return {name: Parameter(value, KIND_OF.get(known.get(name, PURE))) for name, value in given.items()}


def wanted_of(scheme: KineticScheme) -> Iterator[Wanted]:
    """Every rate of a scheme."""
    for t in scheme.transitions:
        yield t.forward.tree, BINDING_RATE if t.ligand else RATE
        if t.backward is not None:
            yield t.backward.tree, RATE


def deduced(given: Mapping[str, Parameter], fixed: _Known, wanted: Sequence[Wanted]) -> dict[str, Dimension]:
    """Dimensions of names, as far as the expressions tell.

    In a product of which all but one factor are known, that one follows; terms of a sum are alike; what stands in exp,
    exprel, log or tanh is a pure number. A number in a sum is pure too, where nothing else tells.

    given  those with a unit keep it
    fixed  names with a meaning of their own
    """
    known = {name: value.dimension for name, value in given.items() if value.dimension} | dict(fixed)
    for numbers_are_pure in (False, True):
        for _ in given:  # each round may follow from the one before
            for tree, dimension in wanted:
                known = {**_told(tree, dimension, known, numbers_are_pure), **known}
    return known


def _told(tree: ast.expr, wanted: Dimension, known: _Known, pure: bool) -> dict[str, Dimension]:
    """What an expression tells as a whole, and what its sums and functions tell by themselves."""
    found = _follows(tree, wanted, known, pure)
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Add() | ast.Sub()) if (own := _of(node, known, pure)) is not None:
                found |= _follows(node, own, known, pure)
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name != "sqrt":
                found |= _follows(argument, PURE, known, pure)
    return found


def _follows(node: ast.expr, wanted: Dimension, known: _Known, pure: bool) -> dict[str, Dimension]:
    """Names whose dimension follows if that of the expression is this."""
    match node:
        case ast.Name(id=name):
            return {name: wanted} if name not in known and wanted in OF_KIND.values() else {}
        case ast.UnaryOp(operand=operand):
            return _follows(operand, wanted, known, pure)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _follows(left, wanted, known, pure) | _follows(right, wanted, known, pure)
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as n)) if n:
            return _follows(base, Dimension(*(a / n for a in wanted)), known, pure)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            sign = 1 if isinstance(op, ast.Mult) else -1
            first, second = _of(left, known, pure), _of(right, known, pure)
            if first is None and second is not None:
                return _follows(left, _times(wanted, second, -sign), known, pure)
            if second is None and first is not None:
                rest = _times(wanted, first, -1)
                return _follows(right, rest if sign > 0 else _times(PURE, rest, -1), known, pure)
    return {}


def _of(node: ast.expr, known: _Known, pure: bool) -> Dimension | None:
    """The dimension of an expression; none where a name in it is not known yet."""
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.UnaryOp(operand=operand):
            return _of(operand, known, pure)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            terms = [term for term in (left, right) if any(isinstance(part, ast.Name) for part in ast.walk(term))]
            found = [own for term in terms if (own := _of(term, known, pure)) is not None]
            return found[0] if found else PURE if not terms or (pure and len(terms) == 1) else None
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as n)):
            inner = _of(base, known, pure)
            return None if inner is None else Dimension(*(a * n for a in inner))
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _of(left, known, pure), _of(right, known, pure)
            sign = 1 if isinstance(op, ast.Mult) else -1
            return None if first is None or second is None else _times(first, second, sign)
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument]):
            inner = _of(argument, known, pure)
            return None if inner is None else Dimension(*(a / 2 for a in inner))
    return PURE  # numbers, and the other functions


def _times(one: Dimension, other: Dimension, sign: int) -> Dimension:
    """Dimension of one · other^sign."""
    return Dimension(*(a + sign * b for a, b in zip(one, other, strict=True)))
