"""What stands where: how many in each active zone, how densely, and how far sensors are from channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.discretization import Discretization
from rdcalcium.model import Model
from rdcalcium.model.placeable import ruled, zones_called
from rdcalcium.model.placement.zones import ActiveZones
from rdcalcium.placement import coupling_distances, rows_of
from rdcalcium.placement.chart import Chart
from rdcalcium.placement.membrane import Membrane
from rdcalcium.placement.zones import touching
from rdcalcium.units import counted, figures, nanometres, nanometres_to


def placement(model: Model, made: Discretization | None = None) -> Iterator[str]:
    """Of a model with active zones; and the coupling distance of every group of several sensors.

    made  the control volumes of a mesh, which tell the areas of its zones
    """
    if model.zones:
        areas = _areas(model, made)
        yield from _zones(model, areas)
        yield from _densities(model, sum(areas.values()))
    for name, apart in coupling_distances(model).items():
        if len(apart) > 1:
            span = f"{nanometres_to(apart.min(), apart.max(), 3)}, median {nanometres(float(np.median(apart)), 3)}"
            yield f"coupling distance of sensors {name!r}, to the nearest channel: {span}"


def _areas(model: Model, made: Discretization | None) -> dict[str, float]:
    """Of the computed membrane in each zone, µm²."""
    if model.geometry.outline:
        membrane = Membrane.of(model)
        return {zone.name: Chart.of(zone, membrane).area(zone.radius) for zone in model.zones}
    surfaces = made.surfaces if made else {}
    return {zone.name: float(surfaces[zone.name].areas.sum()) for zone in model.zones if zone.name in surfaces}


def _zones(model: Model, areas: Mapping[str, float]) -> Iterator[str]:
    """Number, sizes and spacing of each kind."""
    part = " of the computed part" if model.geometry.mirrors else ""
    for entry in model.active_zones:
        radii, centres = np.array(entry.sizes), np.array([zone.centre for zone in entry.found_in(model.geometry)])
        apart = cKDTree(centres).query(centres, k=2)[0][:, 1].min()  # the first is the zone itself
        spaced = f", centres at least {nanometres(float(apart), 3)} apart" if len(centres) > 1 else ""
        sizes = f"a radius of {nanometres_to(radii.min(), radii.max(), 3)}"
        area = f"{figures(sum(areas.get(name, 0.0) for name in entry.names))} um^2{part} in all"
        yield f"active zones {entry.name!r}: {counted(entry.total, 'zone')} with {sizes}, {area}{spaced}"
        yield from _parts(model, entry)


def _parts(model: Model, entry: ActiveZones) -> Iterator[str]:
    """How many of them are on each of the parts that go from the main one, such as the axons of a bouton."""
    main, *others = model.geometry.parts or [""]
    for part in others:
        if count := touching(model, entry.found_in(model.geometry), part):
            yield f"of these, {counted(count, 'zone')} on {part!r}, or partly: on = {main!r} keeps them off"


def _densities(model: Model, area: float) -> Iterator[str]:
    """How many of each group are in the zones."""
    rows = [row for row in rows_of(model) if row.zone and row.kind != "active zone"]
    for kind, name in dict.fromkeys((row.kind, row.name) for row in rows):
        found = Counter(row.zone for row in rows if (row.kind, row.name) == (kind, name))
        numbers = [found[zone.name] for zone in model.zones]
        span = f"{min(numbers)} to {max(numbers)}" if min(numbers) < max(numbers) else f"{numbers[0]}"
        total = sum(numbers)
        yield f"{kind}s {name!r}: {total} in active zones, {span} in each, {figures(total / area)} per um^2 of them"


def left_out(given: Model, model: Model) -> Iterator[str]:
    """Rules that are meant to give something to each of some others, and do so to a part of these only.

    given  the model with its rules
    model  the same with the places that they gave
    """
    about = [one for one in ruled(given) if one.rule.for_each and one.rule.zones is not None]
    rows = rows_of(model) if about else []
    for one in about:
        zones, (name,) = zones_called(model, one.rule.zones or ""), one.rule.needs
        found = [row.zone in zones for row in rows if row.name == name and row.kind != "active zone"]
        if not all(found):
            yield (
                f"{one.called}: {sum(found)} of {len(found)} {name!r} get their own, and {found.count(False)} do not, "
                f"as they are above none of the active zones {one.rule.zones!r}: place them there, make the zones "
                "larger, or give them another name"
            )
