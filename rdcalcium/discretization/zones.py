"""Surfaces of active zones: what of the membrane is in the disc of each, and in all of an entry together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rdcalcium.discretization.base import Discretization, SurfaceArea
from rdcalcium.discretization.space import MeshSpace
from rdcalcium.discretization.surface_parts import area_in
from rdcalcium.discretization.zone_discs import overlapping
from rdcalcium.errors import InputError
from rdcalcium.geometry.zone_disc import OWN_NAME, discs_of_zone
from rdcalcium.model import Model
from rdcalcium.placement.membrane import Membrane
from rdcalcium.units import nanometres


def with_zones(made: Discretization, model: Model) -> Discretization:
    """The control volumes with a surface for each active zone, and one for all zones of an entry.

    They are parts of the membrane, which stays as it is; what zones of an entry share is in that of all of them once.
    InputError for a zone that is called as another surface, and for one in which nothing of the membrane is.
    """
    zones, name = {zone.name: zone for zone in model.zones}, model.geometry.membrane_surface
    if not zones or name not in made.surfaces:
        return made
    groups = {entry.name: entry.names for entry in model.active_zones}
    for twice in sorted({*zones, *groups} & {*made.surfaces, *made.membranes}):
        raise InputError(f"active zones and another surface are called {twice!r}; {OWN_NAME}")
    membrane, triangles = Membrane.of(model) if model.geometry.outline else None, _triangles(made, name)
    part_in = area_in(made, name)
    discs = {called: discs_of_zone(zone, model.geometry, membrane, triangles) for called, zone in zones.items()}
    found = {called: part_in(overlapping(images)) for called, images in discs.items()}
    for called in (called for called, area in found.items() if not len(area.indices)):
        raise InputError(
            f"active zone {called!r} at {nanometres(zones[called].centre)} has no area: nothing of the computed "
            f"{name!r} is within its radius of {nanometres(zones[called].radius, 4)}; move it, or leave it out"
        )
    for group, names in groups.items():
        pieces = overlapping([disc for one in names for disc in discs[one]])
        alone = all(len(piece.discs) == 1 for piece in pieces)
        found.setdefault(group, SurfaceArea.together([found[n] for n in names]) if alone else part_in(pieces))
    return replace(made, surfaces={**made.surfaces, **found})


def _triangles(made: Discretization, name: str) -> np.ndarray | None:
    """Those of a surface of a mesh, (k, 3, 3) µm; None on a grid."""
    return made.space.points[made.space.surfaces[name]] if isinstance(made.space, MeshSpace) else None
