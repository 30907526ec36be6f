"""Numbers with units: read from numbers or texts, kept in the unit of their kind, written with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, LiteralString, NamedTuple, Self

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from rdcalcium import units
from rdcalcium.model.dimensions import OF_KIND, MaybeDimension


class Limits(NamedTuple):
    """Sizes of a kind of quantity, in its unit, between which everything can be computed.

    least  of what must be above 0
    most   of the number without its sign
    """

    least: float
    most: float


# Far beyond any synapse, and far from where a product or a quotient of such numbers overflows.
LIMITS = {
    "length": Limits(1e-6, 1e5),
    "time": Limits(1e-9, 1e9),
    "concentration": Limits(1e-12, 1e9),
    "current": Limits(1e-12, 1e4),
    "voltage": Limits(1e-9, 1e4),
    "conductance": Limits(1e-12, 1e6),
    "permeability": Limits(1e-15, 1e3),
    "temperature": Limits(1e-9, 100.0),
    "diffusivity": Limits(1e-12, 1e3),
    "rate": Limits(1e-15, 1e9),
    "binding rate": Limits(1e-15, 1e9),
    "rate per voltage": Limits(1e-15, 1e9),
    "area": Limits(1e-9, 1e9),
    "volume": Limits(1e-9, 1e9),
    "surface flux": Limits(1e-15, 1e9),
    "surface permeability": Limits(1e-15, 1e9),
    "surface density": Limits(1e-9, 1e9),
    "number": Limits(1e-12, 1e15),
}


def within(number: float, kind: str) -> float:
    """The number, if its size is one that a quantity of this kind can have."""
    most = LIMITS[kind].most
    if abs(number) > most:
        raise PydanticCustomError("too_large", "too large", {"quantity": kind, "most": units.show(most, kind)})
    return number


@dataclass(frozen=True)
class Quantity:
    """Says that a float is a quantity: read from numbers or texts with units, kept in the unit of its kind.

    kind            a key of LIMITS
    gt, ge, lt, le  limits in its unit, within those of its kind
    hint            what to know about them
    """

    kind: str
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    hint: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Read with units, write with units."""
        serializer = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=serializer)

    def read(self, value: object) -> float:
        """The number within its limits."""
        number = units.parse(value, self.kind)
        if self.gt is not None and not number > self.gt:
            raise self._beyond("greater_than", gt=self.gt)
        if self.ge is not None and not number >= self.ge:
            raise self._beyond("greater_than_equal", ge=self.ge)
        if self.lt is not None and not number < self.lt:
            raise self._beyond("less_than", lt=self.lt)
        if self.le is not None and not number <= self.le:
            raise self._beyond("less_than_equal", le=self.le)
        least = LIMITS[self.kind].least
        if self.gt == 0 and number < least:
            known = {"quantity": self.kind, "least": units.show(least, self.kind)}
            raise PydanticCustomError("too_small", "too small", known)
        return within(number, self.kind)

    def _beyond(self, limit: LiteralString, **value: float) -> PydanticCustomError:
        """Beyond a limit, in the words that pydantic has for it."""
        context = {**value, "hint": f"; {self.hint}" if self.hint else ""}
        return PydanticCustomError(limit, "{} is {}".format(*next(iter(value.items()))), context)

    def write(self, value: float) -> str | float:
        """The exact inverse of read; a number without a unit stays one."""
        return units.show(value, self.kind) if units.UNITS[self.kind] else value


@dataclass(frozen=True)
class OneOrEach:
    """Says that a value is one quantity, or a table with one for each name."""

    quantity: Quantity

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Read with units, write with units."""
        serializer = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.no_info_plain_validator_function(self.read, serialization=serializer)

    def read(self, value: object) -> float | dict[str, float]:
        """The numbers within their limits."""
        if isinstance(value, dict):
            return {str(name): self.quantity.read(one) for name, one in value.items()}
        return self.quantity.read(value)

    def write(self, value: float | dict[str, float]) -> str | float | dict[str, str | float]:
        """The exact inverse of read."""
        if isinstance(value, dict):
            return {name: self.quantity.write(one) for name, one in value.items()}
        return self.quantity.write(value)


Length = Annotated[float, Quantity("length")]
PositiveLength = Annotated[float, Quantity("length", gt=0)]
Time = Annotated[float, Quantity("time")]
PositiveTime = Annotated[float, Quantity("time", gt=0)]
Concentration = Annotated[float, Quantity("concentration", ge=0)]
PositiveConcentration = Annotated[float, Quantity("concentration", gt=0)]
Diffusivity = Annotated[float, Quantity("diffusivity", ge=0)]
DiffusivityOrEach = Annotated[float | dict[str, float], OneOrEach(Quantity("diffusivity", ge=0))]
Current = Annotated[float, Quantity("current", ge=0, hint="inward current is positive")]
Voltage = Annotated[float, Quantity("voltage")]
Conductance = Annotated[float, Quantity("conductance", ge=0)]
Permeability = Annotated[float, Quantity("permeability", ge=0)]
Temperature = Annotated[float, Quantity("temperature", ge=0)]
Rate = Annotated[float, Quantity("rate", ge=0)]
BindingRate = Annotated[float, Quantity("binding rate", ge=0)]
Number = Annotated[float, Quantity("number")]
Factor = Annotated[float, Quantity("number", gt=0)]

Point = tuple[Length, Length, Length]


class Parameter(float):
    """The value of a name in a rate, and the kind of quantity that its unit said; a number like any other.

    kind  a key of dimensions.OF_KIND; None for a bare number
    """

    kind: str | None

    def __new__(cls, value: float, kind: str | None = None) -> Self:
        """A number of this kind, in the unit of units.UNITS."""
        self = super().__new__(cls, value)
        self.kind = kind
        return self

    @classmethod
    def read(cls, value: object) -> Parameter:
        """From a number or a text such as "9.5 /ms"."""
        if isinstance(value, Parameter):
            return value
        number, kind = units.parse_any(value, tuple(OF_KIND))
        return cls(within(number, kind or "number"), kind)

    def write(self) -> str | float:
        """The exact inverse of read."""
        return float(self) if self.kind is None else units.show(float(self), self.kind)

    @property
    def dimension(self) -> MaybeDimension:
        """What a rate takes it for."""
        return None if self.kind is None else OF_KIND[self.kind]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Read with units, write with units."""
        serializer = core_schema.plain_serializer_function_ser_schema(cls.write)
        return core_schema.no_info_plain_validator_function(cls.read, serialization=serializer)
