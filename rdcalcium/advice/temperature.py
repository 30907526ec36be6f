"""What does not follow the temperature of a model by itself."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model import Model
from rdcalcium.units import show


def temperature(model: Model) -> Iterator[str]:
    """Pumps and transports of stores, where the model says a temperature, which only gates and GHK currents follow."""
    transports = [transport for store in model.stores for transport in store.transports]
    if model.temperature is None or not (model.pumps or transports):
        return
    names = ", ".join(repr(one.name) for one in (*model.pumps, *transports))
    yield (
        f"the model is at {show(model.temperature, 'temperature')}, which the numbers of {names} do not follow: they "
        "are as typed, or as in the library"
    )
