"""How far points are from active zones, of which a layer may be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.discretization.space import MeshSpace, Space
from rdcalcium.geometry.zone_disc import ZoneDisc, facing
from rdcalcium.model import Model
from rdcalcium.model.placeable import zones_called
from rdcalcium.model.placement.zones import Zone
from rdcalcium.placement.chart import Chart, raised
from rdcalcium.placement.membrane import Membrane
from rdcalcium.surfaces.locating import Locator
from rdcalcium.surfaces.triangles import loose

ACROSS = 100  # points across the disc of a zone, from which distances are taken
FINER = 4  # points within a distance that is asked for, at least
MOST = 1000  # points across a disc

FromZones = Callable[[np.ndarray, float], np.ndarray]  # distances of points (p, 3), (p,) µm; beyond `upto` above that


def from_zones(model: Model, space: Space, name: str, upto: float) -> FromZones | None:
    """The distances from the active zone of a name, or from all zones of an entry; None where there is none.

    A zone is made of points all over its disc, put on the membrane; that of a mesh file of what of its triangles is in
    the disc.
    """
    zones = [zone for zone in model.zones if zone.name in zones_called(model, name)]
    if not zones:
        return None
    if model.geometry.outline is None:
        return _from_faces(model, space, zones)
    membrane = Membrane.of(model)
    tree = cKDTree(np.concatenate([_points(zone, membrane, upto / FINER) for zone in zones]))
    return lambda points, most: np.minimum(tree.query(points, distance_upper_bound=2 * most)[0], 2 * most)


def _points(zone: Zone, membrane: Membrane, spacing: float) -> np.ndarray:
    """Points on the membrane in the disc of a zone, its rim among them, (k, 3) µm."""
    parts = int(np.clip(np.ceil(2 * zone.radius / spacing), ACROSS, MOST))
    steps = np.linspace(-zone.radius, zone.radius, parts + 1)
    flat = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    angles = np.linspace(0, 2 * np.pi, 3 * parts)
    rim = zone.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flat = np.concatenate([flat[np.hypot(*flat.T) < zone.radius], rim])
    points = Chart.of(zone, membrane).space(raised(flat, 0.0))
    return points[membrane.contains(points)]


def _from_faces(model: Model, space: Space, zones: list[Zone]) -> FromZones:
    """The same where the membrane is known by its triangles alone."""
    if not isinstance(space, MeshSpace):
        raise LookupError("these control volumes have no place")
    triangles = space.points[space.surfaces[model.geometry.membrane_surface]]
    inside = [ZoneDisc(zone, facing(triangles, zone), None).pieces(triangles) for zone in zones]
    return Locator(loose(np.concatenate(inside))).distances
