"""How many are placed: so many, or as many as chance gives."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic_core import CoreSchema, core_schema

from rdcalcium.errors import InputError
from rdcalcium.units import parse

MOST = 100_000  # of a kind in one zone


class Poisson(NamedTuple):
    """A number that is drawn for each zone from a Poisson distribution with this mean."""

    mean: float


@dataclass(frozen=True)
class HowMany:
    """Says that a value is a whole number, or a table with the mean of a Poisson distribution."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Read from a file, and written as it was."""
        serializer = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=serializer)

    def read(self, value: object) -> int | Poisson:
        """The number or the distribution; ValueError for what is neither."""
        if isinstance(value, Poisson):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
            return value
        if isinstance(value, Mapping) and set(value) == {"poisson"}:
            with suppress(InputError):
                mean = parse(value["poisson"], "number")
                if 0 < mean <= MOST:
                    return Poisson(mean)
        raise ValueError(
            f"{value!r} is no number of things; write a whole number of 1 to {MOST:,}, or {{ poisson = 14 }} for one "
            "that is drawn for each zone with that mean"
        )

    def write(self, value: int | Poisson) -> int | dict[str, float]:
        """The exact inverse of read."""
        return {"poisson": value.mean} if isinstance(value, Poisson) else value


Number = Annotated[int | Poisson, HowMany()]
