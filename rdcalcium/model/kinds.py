"""Which kinds of table a type of a model allows, and what the model file calls each."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel


def kinds_in(annotation: Any) -> list[type[BaseModel]]:
    """The kinds of table in a type such as tuple[Buffer, ...] or Box | MeshFile."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [kind for argument in get_args(annotation) for kind in kinds_in(argument)]


def kind_name(table: type[BaseModel]) -> str | None:
    """What `kind` must say to mean this table; None where there is nothing to choose."""
    kind = table.model_fields["kind"].get_default() if "kind" in table.model_fields else None
    return kind if isinstance(kind, str) else None
