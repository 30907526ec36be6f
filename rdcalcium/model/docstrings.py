"""What the keys of a part mean, as the texts below them in its source say, which are read where somebody asks.

Pydantic would read those of all parts whenever a program begins, a fifth of its start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise


def key_meaning(part: type, key: str) -> tuple[str, str]:
    """What a key means, and what it is where it has no value, as its docstring says after "none:"; each in one line."""
    meaning, _, none = docstring(part, key).partition("none:")
    return meaning.rstrip("; "), none.strip().rstrip(".")


def docstring(part: type, key: str) -> str:
    """The text below a key of a part or of what it is made from, in one line; "" if there is none."""
    return next((text for one in part.__mro__ if (text := _docstrings(one.__module__).get((one.__name__, key)))), "")


@cache
def _docstrings(module: str) -> dict[tuple[str, str], str]:
    """The text below each key of each class of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError):  # it has no file
        return {}
    pairs = [(of.name, *pair) for of in ast.walk(tree) if isinstance(of, ast.ClassDef) for pair in pairwise(of.body)]
    return {
        (name, key.target.id): " ".join(below.value.value.split())
        for name, key, below in pairs
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
