"""What takes calcium out of the cytosol through a surface: pumps and exchangers."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from rdcalcium.model.names import CALCIUM, OUTSIDE, VOLTAGE
from rdcalcium.model.quantity import Parameter
from rdcalcium.model.surroundings import Surroundings
from rdcalcium.model.transports import Transport


class Pump(Transport):
    """A mechanism that takes calcium out of the cytosol through a surface, such as the PMCA.

    Its flux depends on the free calcium in the control volumes at the surface, and where its law names them on the
    voltage V, in mV, and on the calcium outside, Ca_o: that of [extracellular], unless Ca_o is among its parameters.
    The temperature of the model changes none of its numbers.
    """

    shelf = "pumps"
    own = ("surface",)
    given: ClassVar[tuple[str, ...]] = (CALCIUM, VOLTAGE)
    offered: ClassVar[tuple[str, ...]] = (OUTSIDE,)

    surface: str = "membrane"
    """Name of the surface: of a box "membrane" (z = 0), "x_min", "x_max", "y_min", "y_max", "z_max", "vesicles", all
    obstacles, or the name of some of them, or of one such as "vesicle.3", the third of its name; of a mesh one that it
    names; of active zones one such as "az0", or "az", all of an entry. They are parts of the membrane, and what is on
    the membrane is in them too."""
    leak: Literal["balances", "none"] = "balances"
    """Whether a constant leak brings in what goes out at rest."""

    def within(self, surroundings: Surroundings) -> Self:
        """The pump with the calcium outside that it has there; ValueError where it asks for it and nobody says it."""
        if OUTSIDE not in self.asks:
            return self
        if surroundings.outside is None:
            raise ValueError(
                f'pump {self.name!r} names {OUTSIDE}, the calcium outside: say [extracellular] calcium = "2 mM", or '
                f"{OUTSIDE} among its parameters"
            )
        outside = Parameter(surroundings.outside, "concentration")
        return self.model_copy(update={"parameters": {**self.parameters, OUTSIDE: outside}})
