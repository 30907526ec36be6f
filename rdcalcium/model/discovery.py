"""Kinds of part that a package holds, one module each: a new file is a new kind."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic_core import PydanticUndefined

from rdcalcium.model.base import Part


def kinds_of(base: type[Part], package: str) -> tuple[Any, ...]:
    """The classes of a package that are of a kind with a name, in the order of their modules."""
    paths = import_module(package).__path__
    modules = [import_module(f"{package}.{module.name}") for module in iter_modules(paths)]
    return tuple(
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, base)
        and found.__module__ == module.__name__
        and found.model_fields["kind"].default is not PydanticUndefined
    )
