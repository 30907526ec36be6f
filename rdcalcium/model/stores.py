"""Stores of calcium inside the terminal: endoplasmic reticulum and mitochondria, well mixed or with a lumen."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rdcalcium.model.base import Name, Part
from rdcalcium.model.names import CALCIUM, STORE
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.quantity import Concentration, Quantity
from rdcalcium.model.transports import Transport


class StoreTransport(Transport):
    """A mechanism in the membrane of a store, such as SERCA, a uniporter or a release channel.

    What it takes from the cytosol goes into the store: uptake is positive, release negative. Its law may name
    Ca_store, the free calcium in the lumen; that at its side of the membrane, where calcium diffuses in the lumen.
    """

    shelf = "transports"
    own = ()
    given: ClassVar[tuple[str, ...]] = (CALCIUM, STORE)


class Lumen(Part):
    """The inside of a store as control volumes of its own, in which calcium and the buffers of the lumen diffuse.

    Nothing crosses its membrane but what the transports and the leak of the store take across. Buffers of the lumen are
    those with where = { kind = "lumen", of = "ER" }; all others are in the cytosol alone.
    """

    region: str
    """What it fills: a region that the mesh file names, such as a physical volume of Gmsh, or the obstacles that have
    this name, in a box or any other shape that is described. The surface of the same name is its membrane, seen from
    the cytosol."""
    diffusivity: Annotated[float, Quantity("diffusivity", gt=0)] | None = None
    """Of free calcium in it; none: that in the cytosol."""


class Store(Part):
    """A store of calcium behind a surface. Its lumen is well mixed, unless it has control volumes of its own."""

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each."""
    surface: str = OBSTACLES
    """Name of the surface that is its membrane: of a box "membrane" (z = 0), "x_min", "x_max", "y_min", "y_max",
    "z_max", "vesicles", all obstacles, the name of some of them, or of one such as "vesicle.3"; of a mesh one that it
    names; of active zones one such as "az0", or "az", all of an entry, which are parts of the membrane. That of a lumen
    with control volumes is the surface of its region, and not said."""
    volume: Annotated[float, Quantity("volume", gt=0)] | None = None
    """Of a well-mixed lumen behind all of that surface; none: the lumen has control volumes of its own. `check` says
    how much the bodies of that surface enclose."""
    lumen: Lumen | None = None
    """Control volumes in which calcium diffuses inside the store; none: it is well mixed."""
    rest: Concentration
    """Free calcium in it before the stimulus."""
    binding_ratio: Annotated[float, Quantity("number", ge=0)] = 0.0
    """Calcium bound in it for each free one."""
    transports: tuple[StoreTransport, ...] = Field(min_length=1)
    """What is in its membrane."""
    leak: Literal["balances", "none"] = "balances"
    """Whether a leak, in proportion to the difference of free calcium across the membrane, brings back what the
    transports take up at rest."""

    @property
    def ways(self) -> tuple[str, ...]:
        """What crosses its membrane: each transport, and the leak; of several with one name the second has a 2."""
        names = [*(transport.name for transport in self.transports), *(["leak"] * (self.leak == "balances"))]
        earlier = [names[:i].count(name) for i, name in enumerate(names)]
        return tuple(f"{name} {count + 1}" if count else name for name, count in zip(names, earlier, strict=True))

    @model_validator(mode="after")
    def _one_lumen(self) -> Self:
        """Well mixed, or resolved."""
        if (self.volume is None) == (self.lumen is None):
            raise ValueError(
                f"store {self.name!r} needs the volume of a well-mixed lumen, or a lumen of control volumes"
            )
        if self.lumen and self.surface not in (OBSTACLES, self.lumen.region):
            raise ValueError(
                f"store {self.name!r} has the surface {self.surface!r}, and a lumen whose membrane is that of "
                f"{self.lumen.region!r}: leave surface out"
            )
        if self.lumen and self.binding_ratio:
            raise ValueError(
                f"store {self.name!r} has a lumen of control volumes: leave out binding_ratio, and give it buffers "
                f'with where = {{ kind = "lumen", of = "{self.name}" }}'
            )
        return self
