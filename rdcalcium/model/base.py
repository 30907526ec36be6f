"""What all parts of a model share: frozen, unknown keys refused, quantities with units."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from rdcalcium import units


class Part(BaseModel):
    """A frozen piece of a model; two pieces are equal when all their values are."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def quantity(kind: str, **limits: Any) -> Any:
    """A float field in the unit of its kind, read from numbers or texts with units, written with its unit."""
    return Annotated[
        float,
        BeforeValidator(lambda value: units.parse(value, kind)),
        PlainSerializer(lambda value: units.show(value, kind), return_type=str),
        Field(**limits),
    ]


Length = quantity("length")
PositiveLength = quantity("length", gt=0)
Time = quantity("time")
PositiveTime = quantity("time", gt=0)
Concentration = quantity("concentration", ge=0)
Diffusivity = quantity("diffusivity", ge=0)
Current = quantity("current")
Voltage = quantity("voltage")
Conductance = quantity("conductance", ge=0)
Rate = quantity("rate", ge=0)
BindingRate = quantity("binding rate", ge=0)
PositiveNumber = quantity("dimensionless", gt=0)

Point = tuple[Length, Length, Length]  # type: ignore[valid-type]


def _parameter(value: object) -> float:
    return units.parse_any(value)


Parameter = Annotated[float, BeforeValidator(_parameter)]
