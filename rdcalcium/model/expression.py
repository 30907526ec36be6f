"""Rates that a user may write: one expression in the arithmetic that Python and C share."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from rdcalcium.errors import InputError

FUNCTIONS = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh}
_OPERATORS = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


class ExpressionError(InputError):
    """An expression outside the permitted subset, or with an unknown name."""


@dataclass(frozen=True)
class Expression:
    """Arithmetic of numbers, names, + - * / and the functions exp, log, sqrt, tanh.

    text   as the user wrote it
    names  what it depends on
    tree   what Python's parser makes of it
    """

    text: str
    names: frozenset[str] = field(init=False)
    tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            tree = ast.parse(self.text.strip(), mode="eval").body
        except SyntaxError as error:
            raise ExpressionError(f"{self.text!r} is not an arithmetic expression") from error
        object.__setattr__(self, "names", frozenset(_names(tree, self.text)))
        object.__setattr__(self, "tree", tree)

    def require(self, known: Collection[str], also: Collection[str] = ()) -> None:
        """Refuse names that are neither known nor among those that are accepted but not offered."""
        unknown = sorted(self.names - set(known) - set(also))
        if unknown:
            raise ExpressionError(
                f"{unknown[0]!r} in {self.text.strip()!r} is not known; "
                f"known here: {', '.join(sorted(known)) or 'nothing'}"
            )

    def evaluate(self, values: Mapping[str, float | np.ndarray]) -> float | np.ndarray:
        """Value with the given names, numbers or arrays."""
        return _evaluate(self.tree, values)


def _names(node: ast.AST, text: str) -> set[str]:
    """Names used by an expression; anything outside the subset is refused by name."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            return set()
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _names(operand, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _names(left, text) | _names(right, text)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return _names(argument, text)
    allowed = "numbers, names, + - * / and " + ", ".join(f"{name}()" for name in sorted(FUNCTIONS))
    raise ExpressionError(f"{ast.unparse(node)!r} in {text!r} is not allowed in a rate; use {allowed}")


def _evaluate(node: ast.expr, values: Mapping[str, float | np.ndarray]) -> float | np.ndarray:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]
        case ast.UnaryOp(op=op, operand=operand):
            value = _evaluate(operand, values)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name](_evaluate(argument, values))
    raise AssertionError(node)  # _names has refused everything else
