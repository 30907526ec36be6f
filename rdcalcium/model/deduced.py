"""Units of the bare numbers in a scheme, where their place in it leaves only one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rdcalcium.model.dimensions import BINDING_RATE, CONCENTRATION, OF_KIND, PURE, RATE, VOLTAGE, Dimension
from rdcalcium.model.expression import Expression
from rdcalcium.model.quantity import Parameter
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.transition import SchemeError, require_dimensions

_KIND_OF = {dimension: kind for kind, dimension in OF_KIND.items() if dimension != PURE}


def with_units(scheme: KineticScheme) -> dict[str, Parameter]:
    """The parameters of a scheme, each with the kind of quantity that it is, as far as the rates tell.

    A bare number that is a rate by itself, or times numbers, has the unit of that rate; what is multiplied with it or
    divided by it then follows. All stay bare where the units so found would make the scheme wrong.
    """
    given = {name: Parameter.read(value) for name, value in scheme.parameters.items()}
    known = {name: value.dimension for name, value in given.items() if value.dimension}
    known |= {"V": VOLTAGE, "Ca": CONCENTRATION}
    for _ in given:  # each round may follow from the one before
        for tree, wanted in _products(scheme):
            known |= _deduced(tree, wanted, known)
    try:
        require_dimensions(scheme.transitions, {name: known.get(name) for name in given})
    except SchemeError:
        return given
    return {name: Parameter(value, _KIND_OF.get(known.get(name, PURE))) for name, value in given.items()}


def _products(scheme: KineticScheme) -> Iterator[tuple[ast.expr, Dimension]]:
    """Expressions whose dimension is known: every rate, and what stands in exp, exprel, log or tanh."""
    for t in scheme.transitions:
        pairs: tuple[tuple[Expression | None, Dimension], ...]
        pairs = (t.forward, BINDING_RATE if t.ligand else RATE), (t.backward, RATE)
        for rate, wanted in pairs:
            if rate is not None:
                yield rate.tree, wanted
                calls = (node for node in ast.walk(rate.tree) if isinstance(node, ast.Call))
                yield from ((call.args[0], PURE) for call in calls if ast.unparse(call.func) != "sqrt")


def _deduced(tree: ast.expr, wanted: Dimension, known: dict[str, Dimension]) -> dict[str, Dimension]:
    """The dimension of the one name of a product that is not known yet, if there is just one."""
    powers = _powers(tree)
    unknown = [name for name in powers or () if name not in known]
    if powers is None or len(unknown) != 1:
        return {}
    rest = list(wanted)
    for name, power in powers.items():
        if name in known:
            rest = [a - power * b for a, b in zip(rest, known[name], strict=True)]
    found = Dimension(*(a / powers[unknown[0]] for a in rest)) if powers[unknown[0]] else PURE
    return {unknown[0]: found} if found in OF_KIND.values() else {}


def _powers(node: ast.expr) -> dict[str, int] | None:
    """Names of a product and their powers; a sum is none, functions and arithmetic of numbers count as numbers."""
    if not any(isinstance(part, ast.Name) for part in ast.walk(node)):
        return {}
    match node:
        case ast.Name(id=name):
            return {name: 1}
        case ast.Constant() | ast.Call():
            return {}
        case ast.UnaryOp(operand=operand):
            return _powers(operand)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as op, right=right):
            first, second = _powers(left), _powers(right)
            if first is None or second is None:
                return None
            sign = 1 if isinstance(op, ast.Mult) else -1
            return {n: first.get(n, 0) + sign * second.get(n, 0) for n in {**first, **second}}
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            base = _powers(left)
            return base and {name: power * exponent for name, power in base.items()}
    return None
