"""How large the membranes are that pumps and stores lie in."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.advice.cells import CellSizes
from rdcalcium.model import Model
from rdcalcium.units import figures


def areas(model: Model, cells: CellSizes) -> Iterator[str]:
    """Of each surface in the whole terminal, µm²; nothing where there are neither pumps nor stores."""
    if not (model.pumps or model.stores):
        return
    made = cells.make()
    found = {name: made.surfaces[name] for name in sorted(_surfaces(model))}
    inside = {store.lumen.region: made.membranes[store.lumen.region] for store in model.stores if store.lumen}
    whole = {name: model.copies * float(at.areas.sum()) for name, at in (found | inside).items()}
    yield f"area under pumps and stores: {', '.join(f'{figures(whole[name], 4)} um^2 of {name}' for name in whole)}"


def _surfaces(model: Model) -> set[str]:
    """Those of the cytosol; a lumen has its own."""
    return {pump.surface for pump in model.pumps} | {store.surface for store in model.stores if not store.lumen}
