"""Expressions as text, with other names in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Spelt:
    """An expression as text, with other names."""

    names: Mapping[str, str]

    def number(self, value: float) -> str:
        """All its digits."""
        return repr(value)

    def name(self, name: str) -> str:
        """The other name, or the same where there is none."""
        return self.names.get(name, name)

    def negative(self, operand: str) -> str:
        """In brackets, as everything."""
        return f"(-{operand})"

    def operation(self, sign: str, left: str, right: str) -> str:
        """Likewise."""
        return f"({left} {sign} {right})"

    def power(self, base: str, exponent: int) -> str:
        """A whole power."""
        return f"({base}**{exponent})"

    def call(self, function: str, argument: str) -> str:
        """A function."""
        return f"{function}({argument})"
