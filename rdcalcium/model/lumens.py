"""Lumens of stores with control volumes of their own: what a model must say for them to be computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rdcalcium.errors import suggest
from rdcalcium.model.region import LumenRegion, MeshRegion, Region
from rdcalcium.model.stores import Lumen

if TYPE_CHECKING:
    from rdcalcium.model.model import Model


def lumens_of(model: Model) -> dict[str, Lumen]:
    """Name of each store that has one -> its lumen; control volumes number them in this order, from 1 on."""
    return {store.name: store.lumen for store in model.stores if store.lumen}


def require_lumens(model: Model) -> None:
    """ValueError for a lumen that is no part of the terminal, or for what cannot be in it."""
    lumens = lumens_of(model)
    for what, where in _regions(model):
        _require_region(what, where, lumens)
    if not lumens:
        return
    _require_parts(model, lumens)
    if not model.calcium.diffusivity:
        raise ValueError(
            "calcium.diffusivity is 0, and calcium in the lumen of a store diffuses: give the store a volume"
        )


def _regions(model: Model) -> Iterable[tuple[str, Region]]:
    """Parts of the terminal that something is in, and what that is."""
    yield from ((f"buffer {buffer.name!r}", buffer.where) for buffer in model.buffers if buffer.where)
    yield from (("tortuosity", slow.where) for slow in model.tortuosity if slow.where)


def _require_region(what: str, where: Region, lumens: Mapping[str, Lumen]) -> None:
    """A region is no lumen, or that of a store that has one."""
    if isinstance(where, LumenRegion):
        if where.of not in lumens:
            known = suggest(where.of, lumens, "stores with a lumen of control volumes")
            raise ValueError(f"{what} is in the lumen of {where.of!r}; {known}")
        if what == "tortuosity":
            raise ValueError(f"how fast calcium diffuses in the lumen of {where.of!r} is the diffusivity of that lumen")
    elif isinstance(where, MeshRegion):
        for store, lumen in lumens.items():
            if where.name == lumen.region:
                raise ValueError(
                    f"{what} is in the region {where.name!r}, which is the lumen of store {store!r}: say "
                    f'where = {{ kind = "lumen", of = "{store}" }}'
                )


def _require_parts(model: Model, lumens: Mapping[str, Lumen]) -> None:
    """Each lumen fills a part of the terminal, and none that of another one."""
    regions, known = [lumen.region for lumen in lumens.values()], model.geometry.hollow
    for store, lumen in lumens.items():
        if regions.count(lumen.region) > 1:
            raise ValueError(f"two stores have the lumen {lumen.region!r}; give each its own")
        if known is not None and lumen.region not in known:
            raise ValueError(f"store {store!r} fills {lumen.region!r}; {suggest(lumen.region, known, 'obstacles')}")
