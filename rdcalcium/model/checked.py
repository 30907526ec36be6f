"""Any part of a model from plain tables, or the mistakes in it, one on each line."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rdcalcium.errors import ModelError
from rdcalcium.model.mistakes import sentences

AnyPart = TypeVar("AnyPart", bound=BaseModel)

MOST = 10  # mistakes that are told at once


def validate_as(kind: type[AnyPart], data: Any, origin: str) -> AnyPart:
    """A part of this kind from plain tables; ModelError says every mistake in the words of the model file.

    origin  what the tables are called: a file, or "buffer 'EGTA'"
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise ModelError(_told(sentences(error, kind), origin)) from None


def _told(problems: list[str], origin: str) -> str:
    if len(problems) == 1:
        return f"{origin}: {problems[0]}"
    lines = [f"{origin} has {len(problems)} mistakes:", *problems[:MOST]]
    if len(problems) > MOST:
        lines.append(f"and {len(problems) - MOST} more")
    return "\n  ".join(lines)
