"""What takes calcium out of the cytosol through a surface: pumps and exchangers."""

from __future__ import annotations

from typing import ClassVar, Literal

from rdcalcium.model.names import CALCIUM, VOLTAGE
from rdcalcium.model.transports import Transport


class Pump(Transport):
    """A mechanism that takes calcium out of the cytosol through a surface, such as the PMCA.

    Its flux depends on the free calcium in the control volumes at the surface, and on the voltage V, in mV, where its
    law names that.
    """

    shelf = "pumps"
    own = ("surface",)
    given: ClassVar[tuple[str, ...]] = (CALCIUM, VOLTAGE)

    surface: str = "membrane"
    """Name of the surface: of a box "membrane" (z = 0), "x_min", "x_max", "y_min", "y_max", "z_max", "vesicles", all
    obstacles, or the name of some of them; of a mesh one that it names. On a grid the vesicles are staircases, of a
    larger area than the spheres."""
    leak: Literal["balances", "none"] = "balances"
    """Whether a constant leak brings in what goes out at rest."""
