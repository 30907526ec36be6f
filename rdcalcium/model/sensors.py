"""What watches calcium: release sensors, and probes."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from rdcalcium.model.base import Name, Part
from rdcalcium.model.quantity import Point
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.scheme_part import SchemePart


class Sensor(SchemePart):
    """Release sensors of one kind, each a kinetic scheme driven by the calcium at its position."""

    shelf = "sensors"
    own = ("positions",)

    positions: tuple[Point, ...] = Field(min_length=1)
    """Of each sensor: x, y, z. They take no calcium away."""
    scheme: tuple[str, ...]
    """Binding steps such as "X0 + Ca <-> X1 : 5*k_on, k_off" and, one way, fusion: "X5 -> fused : gamma". It starts in
    equilibrium with resting calcium, with nothing fused."""
    released: tuple[str, ...] = ("fused",)
    """States in which the vesicle has been released."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The scheme."""
        return self.scheme

    @model_validator(mode="after")
    def _states(self) -> Self:
        scheme = self.kinetics()
        missing = [s for s in self.released if s not in scheme.states]
        if missing:
            raise ValueError(
                f"sensor {self.name!r}: released state {missing[0]!r} is not in the scheme: {', '.join(scheme.states)}"
            )
        if scheme.depends_on_voltage:
            raise ValueError(f"sensor {self.name!r}: the rates of a sensor cannot depend on the voltage V")
        return self

    def kinetics(self) -> KineticScheme:
        """The sensor as a kinetic scheme."""
        return self.read_scheme()

    def labels(self) -> list[str]:
        """A name for each position."""
        if len(self.positions) == 1:
            return [self.name]
        return [f"{self.name} {i + 1}" for i in range(len(self.positions))]


class Probe(Part):
    """A point at which free calcium and every buffer are written down, as often as [record] says."""

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each."""
    position: Point
    """x, y, z."""
