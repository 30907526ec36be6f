"""From the words of a model to control volumes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rdcalcium.discretization.base import Discretization, Locator, PointWeights
from rdcalcium.discretization.grid import discretize_grid
from rdcalcium.discretization.obstacles import with_obstacles
from rdcalcium.discretization.parts import mobility
from rdcalcium.discretization.space import Space
from rdcalcium.discretization.tetrahedra import discretize_tetrahedra
from rdcalcium.discretization.tortuosity import slowed
from rdcalcium.discretization.zones import with_zones
from rdcalcium.errors import InputError
from rdcalcium.geometry.builders import Cells, build
from rdcalcium.geometry.divided import divided
from rdcalcium.geometry.from_file import unit_hint
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.model import Model, Tetrahedra
from rdcalcium.model.model import probe_label
from rdcalcium.placement import require_places


def discretize(model: Model) -> Discretization:
    """Control volumes for a model; ModelError for one whose rules of placement have not been followed."""
    require_places(model)
    return discretized(model, build(model))


def discretized(model: Model, cells: Cells) -> Discretization:
    """Control volumes of the cells that a model has; InputError for a point of the model that lies in none."""
    lumens = [lumen.region for lumen in model.lumens.values()]
    if isinstance(cells, TetrahedralMesh):
        monotone = isinstance(model.discretization, Tetrahedra) and model.discretization.monotone
        made = discretize_tetrahedra(divided(cells, lumens) if lumens else cells, monotone)
    else:
        made = discretize_grid(cells, model.geometry.walls)  # those of a mesh are in it
    points = model.points_of_interest()
    try:
        found = made.locator.weights(np.array([*points.values()]).reshape(-1, 3))
    except InputError as error:
        raise InputError(f"{_lost(made, points)}{error}{unit_hint(model, made.centres)}") from None
    _require_in_cytosol(model, made, found)
    asked = {pump.surface for pump in model.pumps} | {store.surface for store in model.stores}
    made = with_obstacles(made, [s for s in model.geometry.solids if s.name not in lumens], asked)
    made = with_zones(made, model)
    uneven = model.tortuosity or any(lumen.diffusivity for lumen in model.lumens.values())
    return slowed(made, mobility(model, made.space, made.size)) if uneven else made


def _lost(made: Discretization, points: Mapping[str, tuple[float, float, float]]) -> str:
    """What the first of some points that lies nowhere is called, as a sentence about it begins."""
    for name, point in points.items():
        try:
            made.locator.weights(np.array([point]))
        except InputError:
            return f"{name}: "
    return ""


def probes_in_lumens(model: Model, locator: Locator, space: Space) -> dict[str, str]:
    """Name of each probe in the lumen of a store -> that store."""
    points = np.array([*model.probe_points.values()]).reshape(-1, 3)
    if not len(points) or not model.lumens:
        return {}
    stores = _lumens_at(model, space, locator.weights(points))
    return {name: store for name, store in zip(model.probe_points, stores, strict=True) if store}


def _lumens_at(model: Model, space: Space, found: PointWeights) -> list[str]:
    """Store in whose lumen each point is; an empty text in the cytosol."""
    nearest = found.indices[np.arange(len(found.indices)), found.weights.argmax(axis=1)]
    stores = [""] * len(nearest)
    for number, store in enumerate(model.lumens, start=1):
        inside = space.part(number)[nearest] > 0
        stores = [store if there else other for there, other in zip(inside, stores, strict=True)]
    return stores


def _require_in_cytosol(model: Model, made: Discretization, found: PointWeights) -> None:
    """Channels and sensors are; `found` is where the points of interest are."""
    probes = {probe_label(name) for name in model.probe_points}
    for name, store in zip(model.points_of_interest(), _lumens_at(model, made.space, found), strict=True):
        if store and name not in probes:
            raise InputError(f"{name} lies in the lumen of store {store!r}, where only probes may be")
