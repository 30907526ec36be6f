"""What takes calcium out of the cytosol through a surface: pumps and exchangers as laws of flux."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, field_serializer, model_validator

from rdcalcium.errors import suggest
from rdcalcium.model.base import LibraryPart
from rdcalcium.model.dimensions import SURFACE_DENSITY, SURFACE_FLUX, DimensionError, dimension
from rdcalcium.model.expression import Expression
from rdcalcium.model.quantity import LIMITS, Parameter, Quantity
from rdcalcium.units import IONS_PER_AMOUNT, UNITS

CALCIUM = "Ca"  # the free calcium under the membrane, in a law
DENSITY = "density"  # the pumps on an area, in a law: an amount, µM µm
_TRIED = np.array([0.0, 0.05, 1.0, 100.0])  # µM, at which a law must be a number


def _readable(law: str) -> str:
    Expression(law)
    return law


class Pump(LibraryPart):
    """A mechanism that takes calcium out of the cytosol through a surface, such as the PMCA.

    Its flux depends on the free calcium in the control volumes at the surface.
    """

    shelf = "pumps"
    own = ("surface",)

    surface: str = "membrane"
    """Name of the surface: of a box "membrane" (z = 0), "x_min", "x_max", "y_min", "y_max", "z_max" or "vesicles"; of a
    mesh one that it names. On a grid the vesicles are staircases, of a larger area than the spheres."""
    law: Annotated[str, AfterValidator(_readable)]
    """Flux out of the cytosol, such as "V_max*Ca**2/(K**2 + Ca**2)", where Ca is the free calcium at the surface and
    other names are parameters; a negative flux comes in."""
    density: Annotated[float, Quantity("surface density", gt=0)] | None = None
    """Pumps on an area, for laws such as "density*k_cat*Ca/(K + Ca)"; none: the law needs none."""
    leak: Literal["balances", "none"] = "balances"
    """Whether a constant leak brings in what the law takes out at rest."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """A number for each name in the law, with a unit or without; those without are in µm, µM and ms. Each is used."""

    @property
    def flux(self) -> Expression:
        """The law."""
        return Expression(self.law)

    @property
    def numbers(self) -> dict[str, float]:
        """What the names in the law stand for, Ca apart; the density as an amount, µM µm."""
        density = {} if self.density is None else {DENSITY: self.density / IONS_PER_AMOUNT}
        return {**{name: float(value) for name, value in self.parameters.items()}, **density}

    @field_serializer("parameters")
    def _with_units(self, parameters: dict[str, Parameter]) -> dict[str, str | float]:
        return {name: value.write() for name, value in parameters.items()}

    @model_validator(mode="after")
    def _is_a_flux(self) -> Self:
        self._require_names()
        known = {name: value.dimension for name, value in self.parameters.items() if value.dimension}
        known |= {DENSITY: SURFACE_DENSITY} if self.density else {}
        try:
            found = dimension(self.flux, known)
        except DimensionError as error:
            raise ValueError(f"the law {self.law!r} of {self.name!r} cannot be: {error}") from None
        if found not in (None, SURFACE_FLUX):
            raise ValueError(
                f"the law {self.law!r} of {self.name!r} is in {found}, expected a flux in {UNITS['surface flux']}"
            )
        with np.errstate(all="ignore"):
            flux = np.asarray(self.flux.evaluate({**self.numbers, CALCIUM: _TRIED}))
        if not np.all(np.abs(flux) <= LIMITS["surface flux"].most):
            raise ValueError(
                f"the law {self.law!r} of {self.name!r} is no number at {_TRIED.tolist()} uM of calcium: "
                f"{flux.tolist()}"
            )
        return self

    def _require_names(self) -> None:
        """Every name is known, and every number is used."""
        for name in (CALCIUM, DENSITY, "leak"):
            if name in self.parameters:
                raise ValueError(f"{name!r} has a meaning of its own in a law; give the parameter another name")
        self.flux.require({*self.numbers, CALCIUM})
        for name in self.numbers:
            if name not in self.flux.names:
                used = suggest(name, self.flux.names - {CALCIUM}, "used")
                raise ValueError(f"the law of {self.name!r} does not use {name!r}; {used}")
