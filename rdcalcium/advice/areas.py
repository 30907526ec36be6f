"""How large the membranes are that pumps and stores lie in, and what bodies that are stores enclose."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rdcalcium.advice.bodies import OFF
from rdcalcium.advice.cells import CellSizes
from rdcalcium.discretization import Discretization
from rdcalcium.model import Model
from rdcalcium.model.obstacles.base import OBSTACLES
from rdcalcium.model.obstacles.numbered import numbered
from rdcalcium.solids import Solid, volume_and_area
from rdcalcium.solids.base import place
from rdcalcium.units import figures

MANY = 100  # bodies, whose volumes are not measured


def areas(model: Model, cells: CellSizes) -> Iterator[str]:
    """Of each surface in the whole terminal, µm²; nothing where there are neither pumps nor stores."""
    if not (model.pumps or model.stores):
        return
    made = cells.make()
    found = {name: made.surfaces[name] for name in sorted(_surfaces(model))}
    inside = {store.lumen.region: made.membranes[store.lumen.region] for store in model.stores if store.lumen}
    whole = {name: model.copies * float(at.areas.sum()) for name, at in (found | inside).items()}
    yield from _enclosed(model)
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


def _enclosed(model: Model) -> Iterator[str]:
    """Volume of the bodies whose surface is the membrane of a well-mixed store, beside the one that the store says."""
    single = numbered(model.geometry.solids)
    for store in model.stores:
        if store.volume is None:
            continue
        bodies = [one.solid for called, one in single.items() if store.surface in (OBSTACLES, one.name, called)]
        if 0 < len(bodies) <= MANY:
            volume = sum(_volume(model, body) for body in bodies)
            yield (
                f"store {store.name!r} has a volume of {figures(store.volume, 4)} um^3; "
                f"what {store.surface!r} encloses is about {figures(volume, 2)} um^3"
            )


def _volume(model: Model, body: Solid) -> float:
    """Of a body in the whole terminal, to some per cent, µm³."""
    low, high = np.array(body.bounds)
    margin = 1e-3 * (high - low)  # a plane face does not lie in one of the box in which lines begin
    low, high = low - margin, high + margin
    for axis, plane in model.geometry.mirrors.items():
        low[axis] = max(low[axis], plane)
    return model.copies * volume_and_area(body, place(low), place(high))[0]
