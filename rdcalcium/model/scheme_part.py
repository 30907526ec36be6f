"""A piece of a model that is a kinetic scheme: its transitions, and the numbers for the names in them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

from pydantic import Field, field_serializer, model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.base import LibraryPart
from rdcalcium.model.deduced import with_units
from rdcalcium.model.names import VOLTAGE
from rdcalcium.model.quantity import Parameter
from rdcalcium.model.scheme import KineticScheme


class SchemePart(LibraryPart):
    """A part with parameters for its scheme."""

    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """A number for each name in the rates, with a unit or without; those without are in µM, ms and mV. Each is used."""

    @property
    @abstractmethod
    def lines(self) -> tuple[str, ...]:
        """The transitions; none for a part that needs none."""

    @property
    def parts(self) -> tuple[str, ...]:
        """First states of parts of the scheme that do not hang together; none: it is one."""
        return ()

    def read_scheme(self) -> KineticScheme:
        """The transitions with the parameters."""
        return KineticScheme.parse(self.lines, self.parameters, self.parts)

    def kinetics(self) -> KineticScheme:
        """What the part is made of, as a kinetic scheme."""
        return self.read_scheme()

    @model_validator(mode="after")
    def _every_parameter_is_used(self) -> Self:
        used = self.read_scheme().names if self.lines else frozenset()
        for name in self.parameters:
            if name not in used:
                raise ValueError(
                    f"no rate of {self.name!r} uses the parameter {name!r}; {suggest(name, used - {VOLTAGE}, 'used')}"
                )
        return self

    @field_serializer("parameters")
    def _with_units(self, parameters: dict[str, Parameter]) -> dict[str, str | float]:
        known = with_units(self.read_scheme()) if parameters else {}
        return {name: known[name].write() for name in parameters}
