"""Rates that a user may write: one expression in the arithmetic that Python and C share."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from scipy.special import exprel

from rdcalcium.errors import InputError, suggest

FUNCTIONS = {"exp": np.exp, "exprel": exprel, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh}
_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_ARITHMETIC = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}

HIGHEST = 20  # power that is written out as a product

# Papers print rates as k_-T or l_+: a name that ends in "_", then a sign, then perhaps a word, without a space between.
# Python's parser reads a rune in place of the sign.
_SIGNED_NAME = re.compile(r"(?<!\w)([^\W\d]\w*_)([+-])(\w*)")
NAME = re.compile(rf"{_SIGNED_NAME.pattern}|(?<!\w)[^\W\d]\w*")
_LETTERS = {"+": "ᚠ", "-": "ᚢ"}


class ExpressionError(InputError):
    """An expression outside the permitted subset, or with an unknown name."""


T = TypeVar("T")


class Arithmetic(Protocol[T]):
    """What an expression is made into: numbers, arrays, C code."""

    def number(self, value: float) -> T:
        """A number."""

    def name(self, name: str) -> T:
        """What a name stands for."""

    def negative(self, operand: T) -> T:
        """Minus an operand."""

    def operation(self, sign: str, left: T, right: T) -> T:
        """Two operands and "+", "-", "*" or "/"."""

    def power(self, base: T, exponent: int) -> T:
        """The product of as many factors, from the left, where exponent is from 0 to HIGHEST; of none it is 1."""

    def call(self, function: str, argument: T) -> T:
        """One of FUNCTIONS of an argument."""


@dataclass(frozen=True)
class Expression:
    """Arithmetic of numbers, names, + - * /, whole powers, and the functions exp, exprel, log, sqrt, tanh.

    exprel(x) is (exp(x) - 1)/x, which is 1 at 0. A power is written x**2 or x^2.

    text   as the user wrote it
    names  what it depends on
    tree   what Python's parser makes of it
    """

    text: str
    names: frozenset[str] = field(init=False)
    tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree = _parse(self.text)
        object.__setattr__(self, "names", frozenset(_names(tree, self.text)))
        object.__setattr__(self, "tree", tree)

    def require(self, known: Collection[str], also: Collection[str] = ()) -> None:
        """Refuse names that are neither known nor among those that are accepted but not offered."""
        unknown = sorted(self.names - set(known) - set(also))
        if unknown:
            offer = suggest(unknown[0], known, "known here")
            raise ExpressionError(f"{unknown[0]!r} in {self.text.strip()!r} is not known; {offer}")

    def times(self, factor: float) -> Expression:
        """Its product with a number."""
        return Expression(f"{factor!r}*({self.text})")

    def evaluate(self, values: Mapping[str, float | np.ndarray]) -> float | np.ndarray:
        """Value with the given names, numbers or arrays."""
        return self.into(_Values(values))

    def into(self, arithmetic: Arithmetic[T]) -> T:
        """What this arithmetic makes of the expression, from the innermost part outwards."""
        return _into(self.tree, arithmetic)


@dataclass(frozen=True)
class _Values:
    """Arithmetic of numbers and arrays."""

    values: Mapping[str, float | np.ndarray]

    def number(self, value: float) -> float | np.ndarray:
        return value

    def name(self, name: str) -> float | np.ndarray:
        return self.values[name]

    def negative(self, operand: float | np.ndarray) -> float | np.ndarray:
        return -operand

    def operation(self, sign: str, left: float | np.ndarray, right: float | np.ndarray) -> float | np.ndarray:
        value: float | np.ndarray = _ARITHMETIC[sign](left, right)
        return value

    def power(self, base: float | np.ndarray, exponent: int) -> float | np.ndarray:
        product = base if exponent else np.ones_like(base)
        for _ in range(exponent - 1):
            product = product * base
        return product

    def call(self, function: str, argument: float | np.ndarray) -> float | np.ndarray:
        value: float | np.ndarray = FUNCTIONS[function](argument)
        return value


def _parse(text: str) -> ast.expr:
    """Python's tree of a text, whose names are those of the text."""
    spelt = _SIGNED_NAME.sub(lambda m: m[1] + _LETTERS[m[2]] + m[3], text.strip()).replace("^", "**")
    try:
        tree = ast.parse(spelt, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"{text!r} is not an arithmetic expression") from error
    # Python writes letters of which Unicode has several, such as µ or a subscript, as one of them; here they stay.
    written = {unicodedata.normalize("NFKC", found[0]): found[0] for found in NAME.finditer(text)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            for sign, letter in _LETTERS.items():
                node.id = node.id.replace(letter, sign)
            node.id = written.get(node.id, node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and (power := _whole(node.right)) is not None:
            node.right = ast.Constant(power)
    return tree


def _whole(node: ast.expr) -> int | None:
    """What sums, differences and products of whole numbers come to; an index makes such exponents: f**(3 + 1)."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() as number):
            return number
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            first, second = _whole(left), _whole(right)
            if first is not None and second is not None:
                return int(_ARITHMETIC[_OPERATORS[type(op)]](first, second))
    return None


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
        case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
            _require_whole(exponent, base, text)
            return _names(base, text)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return _names(argument, text)
    allowed = "numbers, names, + - * /, whole powers and " + ", ".join(f"{name}()" for name in sorted(FUNCTIONS))
    raise ExpressionError(f"{ast.unparse(node)!r} in {text!r} is not allowed in a rate; use {allowed}")


def _require_whole(exponent: ast.expr, base: ast.expr, text: str) -> None:
    match exponent:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() as power) if 0 <= power <= HIGHEST:
            return
    raise ExpressionError(
        f"the exponent {ast.unparse(exponent)!r} in {text!r} is no whole number from 0 to {HIGHEST}; "
        f"any other power of what is above 0 is exp({ast.unparse(exponent)}*log({ast.unparse(base)}))"
    )


def _into(node: ast.expr, to: Arithmetic[T]) -> T:
    match node:
        case ast.Name(id=name):
            return to.name(name)
        case ast.Constant(value=number):
            return to.number(float(number))  # type: ignore[arg-type]
        case ast.UnaryOp(op=op, operand=operand):
            value = _into(operand, to)
            return to.negative(value) if isinstance(op, ast.USub) else value
        case ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=int() as exponent)):
            return to.power(_into(base, to), exponent)
        case ast.BinOp(left=left, op=op, right=right):
            return to.operation(_OPERATORS[type(op)], _into(left, to), _into(right, to))
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return to.call(name, _into(argument, to))
    raise AssertionError(node)  # _names has refused everything else
