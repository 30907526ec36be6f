"""Parts of surfaces that a model names, as surfaces of a mesh: active zones, and bodies that share a name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.geometry.body_surface import nearest_bodies
from rdcalcium.geometry.mesh import TetrahedralMesh
from rdcalcium.geometry.zone_disc import OWN_NAME, discs_of_zone
from rdcalcium.model import Model
from rdcalcium.model.obstacles.numbered import numbered
from rdcalcium.placement.membrane import Membrane


def with_parts(mesh: TetrahedralMesh, model: Model) -> TetrahedralMesh:
    """The mesh with a surface for each zone, for all zones of an entry, and for each body that shares its name.

    Those of zones are whole triangles, whose middles are in the zone, so that their rims are as ragged as edges are
    long. InputError for a zone that is called as a surface that the mesh has already.
    """
    zones, bodies = dict(_zones(mesh, model)), dict(_bodies(mesh, model))
    empty = [name for name in zones if not len(zones[name])]
    remarks = [
        f"no triangle has its middle in active zone {name!r}, so that no surface is called so: choose a smaller "
        "size_at_active_zone, or make the zone larger"
        for name in empty
    ]
    found = {name: faces for name, faces in {**bodies, **zones}.items() if len(faces)}
    surfaces = {**mesh.surfaces, **found}
    return replace(mesh, surfaces=surfaces, remarks=(*mesh.remarks, *remarks)) if zones or bodies else mesh


def _zones(mesh: TetrahedralMesh, model: Model) -> Iterator[tuple[str, np.ndarray]]:
    """Name of each active zone, then of each entry -> its triangles (k, 3)."""
    faces, found = mesh.surfaces.get(model.geometry.membrane_surface), dict[str, np.ndarray]()
    if faces is None or not model.zones:
        return
    membrane, triangles = Membrane.of(model) if model.geometry.outline else None, mesh.points[faces]
    for zone in model.zones:
        discs = discs_of_zone(zone, model.geometry, membrane, triangles)
        found[zone.name] = faces[np.any([disc.holds(triangles) for disc in discs], axis=0)]
    for entry in model.active_zones:
        found.setdefault(entry.name, np.unique(np.vstack([found[name] for name in entry.names]), axis=0))
    if twice := sorted(found.keys() & mesh.surfaces.keys()):
        raise InputError(f"active zones and a surface of the mesh are called {twice[0]!r}; {OWN_NAME}")
    yield from found.items()


def _bodies(mesh: TetrahedralMesh, model: Model) -> Iterator[tuple[str, np.ndarray]]:
    """Name of each body that shares its name with others -> its triangles (k, 3)."""
    single = numbered(model.geometry.solids)
    for name in dict.fromkeys(one.name for one in single.values()):
        names = [number for number, one in single.items() if one.name == name]
        if len(names) > 1 and name in mesh.surfaces:
            faces, bodies = mesh.surfaces[name], [single[number].solid for number in names]
            owners = nearest_bodies(bodies, mesh.points[faces], model.geometry.periods)
            yield from ((number, faces[owners == k]) for k, number in enumerate(names))
