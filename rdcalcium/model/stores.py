"""Stores of calcium inside the terminal: endoplasmic reticulum and mitochondria, with a well-mixed lumen."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rdcalcium.model.base import Name, Part
from rdcalcium.model.quantity import Concentration, Quantity
from rdcalcium.model.transports import CALCIUM, Transport

STORE = "Ca_store"  # the free calcium in the lumen, in a law


class StoreTransport(Transport):
    """A mechanism in the membrane of a store, such as SERCA, a uniporter or a release channel.

    What it takes from the cytosol goes into the store: uptake is positive, release negative. Its law may name
    Ca_store, the free calcium in the lumen.
    """

    shelf = "transports"
    own = ()
    given: ClassVar[tuple[str, ...]] = (CALCIUM, STORE)


class Store(Part):
    """A store of calcium behind a surface. Its lumen is well mixed."""

    name: Name
    """A text without colon, comma, quote, slash, line break or control character, different for each."""
    surface: str = "vesicles"
    """Name of the surface that is its membrane, such as that of the obstacles of a box."""
    volume: Annotated[float, Quantity("volume", gt=0)]
    """Of the lumen behind all of that surface."""
    rest: Concentration
    """Free calcium in it before the stimulus."""
    binding_ratio: Annotated[float, Quantity("number", ge=0)] = 0.0
    """Calcium bound in it for each free one."""
    transports: tuple[StoreTransport, ...] = Field(min_length=1)
    """What is in its membrane."""
    leak: Literal["balances", "none"] = "balances"
    """Whether a leak, in proportion to the difference of free calcium across the membrane, brings back what the
    transports take up at rest."""
