"""How large the membranes are that pumps and stores lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rdcalcium.advice.bodies import OFF
from rdcalcium.advice.cells import CellSizes
from rdcalcium.discretization import Discretization
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


def followed(model: Model, make: Callable[[], Discretization]) -> Iterator[str]:
    """Which pieces of a membrane from a file are larger or smaller in the cells, where pumps and stores go by area.

    Triangles whose middles are in obstacles are no membrane.
    """
    own = model.geometry.areas_of_file()
    for name in sorted(_surfaces(model) & own.keys()):
        made = model.copies * float(make().surfaces[name].areas.sum())
        if abs(made / own[name] - 1) > OFF:
            yield (
                f"warning: the cells have {figures(made, 4)} um^2 of {name}, {100 * made / own[name]:.0f} % of the "
                f"{figures(own[name], 4)} um^2 of its triangles, and what pumps and stores carry goes with it: smaller "
                "cells come nearer, and so does smoothing of a surface that is rough only by noise"
            )
