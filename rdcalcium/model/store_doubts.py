"""Pumps out of the cell that lie in the membrane of a store."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model.model import Model
from rdcalcium.model.obstacles import OBSTACLES


def pumps_on_stores(model: Model) -> Iterator[str]:
    """What they take out of the cytosol leaves the cell there, and does not enter the store."""
    inner = {OBSTACLES, *(obstacle.name for obstacle in model.geometry.solids)}
    stores = {s.lumen.region: s.name for s in model.stores if s.lumen}
    stores |= {s.surface: s.name for s in model.stores if not s.lumen and s.surface in inner}
    for pump in model.pumps:
        if pump.surface in stores:
            yield (
                f"pump {pump.name!r} lies in the membrane of store {stores[pump.surface]!r} and takes calcium out of "
                "the cell: is that meant? What fills a store is one of its transports"
            )
