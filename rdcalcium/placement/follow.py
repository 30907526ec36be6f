"""A model with the places that its rules give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model import Model, Sphere
from rdcalcium.model.placeable import Ruled, in_order
from rdcalcium.placement.chart import Chart
from rdcalcium.placement.ground import Disc, Ground, Rectangle
from rdcalcium.placement.membrane import Membrane
from rdcalcium.placement.mirrors import on_the_computed_side
from rdcalcium.placement.site import Site
from rdcalcium.placement.zones import with_zones
from rdcalcium.randomness import generator

NO_TRIAL = 0  # the places are the same in all of them


def placed(model: Model) -> Model:
    """The model in which rules of placement have been followed: all positions are listed, vesicles are obstacles.

    A model without such rules is returned as it is. The same seed gives the same places of a group in a zone, whatever
    else is in the model, unless its rule is about it. Raises ModelError where there is no room, in one sentence.
    """
    if model.is_placed:
        return model
    model = with_zones(model)
    found: dict[tuple[str, str], np.ndarray] = {}
    vesicles: list[Sphere] = []
    for one in in_order(model):
        points = np.concatenate([*_in_each_zone(model, one, found, vesicles), np.empty((0, 3))])
        if not len(points):
            raise ModelError(f"{one.called}: chance gave none of them; take another seed, or a larger number")
        found[one.kind, one.name] = points
        if one.kind == "vesicles":
            radius = _radius(model, one)
            vesicles += [Sphere(name=one.name, centre=tuple(point), radius=radius) for point in points.tolist()]
    return _with_places(model, found, vesicles)


def _in_each_zone(
    model: Model, one: Ruled, found: Mapping[tuple[str, str], np.ndarray], vesicles: list[Sphere]
) -> Iterator[np.ndarray]:
    """Points of one group, (n, 3), zone by zone."""
    membrane = Membrane.of(model)
    others = {name: membrane.feet(_all_of(model, name, found, vesicles)) for name in one.rule.needs}
    radius = _radius(model, one)
    bodies = tuple(obstacle.solid for obstacle in model.geometry.solids)
    spheres = np.array([(*vesicle.centre, vesicle.radius) for vesicle in vesicles]).reshape(-1, 4)
    seed = model.run.seed if one.rule.seed is None else one.rule.seed
    make = import_module(f"rdcalcium.placement.rules.{type(one.rule).__module__.rpartition('.')[2]}").places
    for name, ground, chart in _grounds(model, one, membrane):
        rng = generator(seed, NO_TRIAL, "placement", one.kind, one.name, name)
        called = f"{one.called} in {name}" if name else one.called
        site = Site(called, ground, chart, radius, others, bodies, spheres, rng)
        points = on_the_computed_side(model.geometry.mirrors, called, site.points(make(one.rule, site)))
        yield points
        new = np.column_stack([points, np.full(len(points), radius)]) if radius else np.empty((0, 4))
        spheres = np.concatenate([spheres, new])


def _radius(model: Model, one: Ruled) -> float:
    """Of what is placed: vesicles alone have a size."""
    return next((part.radius for part in model.vesicles if one.kind == "vesicles" and part.name == one.name), 0.0)


def _grounds(model: Model, one: Ruled, membrane: Membrane) -> Iterator[tuple[str, Ground, Chart]]:
    """Name, ground and chart of each zone of a rule; without a name the whole membrane, which is a plane."""
    if one.rule.zones is None:
        (x, y, _), (u, v, _) = model.geometry.bounds or membrane.solid.bounds
        yield "", Rectangle((x, y), (u, v)), Chart(membrane, np.array([0.0, 0.0, membrane.height or 0.0]), np.eye(3))
        return
    names = {name for entry in model.active_zones if entry.name == one.rule.zones for name in entry.names}
    for zone in model.zones:
        if zone.name in (names or {one.rule.zones}):
            yield zone.name, Disc(zone.radius), Chart.of(zone, membrane)


def _all_of(model: Model, name: str, found: Mapping[tuple[str, str], np.ndarray], vesicles: list[Sphere]) -> np.ndarray:
    """Where all those of a name are, listed or placed: of bodies their centres, (m, 3)."""
    bodies = [other.solid.bounds for other in (*model.geometry.solids, *vesicles) if other.name == name]
    points = [tuple(np.mean(corners, axis=0).tolist()) for corners in bodies]
    points += [point for group in model.channels if group.name == name for point in group.points]
    points += [point for sensor in model.sensors if sensor.name == name for point in sensor.positions]
    points += [tuple(p) for kind in ("channels", "sensors") for p in found.get((kind, name), np.empty((0, 3))).tolist()]
    return np.array(points).reshape(-1, 3)


def _with_places(model: Model, found: Mapping[tuple[str, str], np.ndarray], vesicles: list[Sphere]) -> Model:
    """The model with points in place of rules, checked as a whole."""
    changes: dict[str, object] = {"vesicles": ()}
    for kind, parts in (("channels", model.channels), ("sensors", model.sensors)):
        changes[kind] = tuple(
            part.changed(positions=[tuple(p) for p in found[kind, part.name].tolist()])
            if (kind, part.name) in found
            else part
            for part in parts
        )
    if vesicles:
        old = model.geometry.solids
        changes["geometry"] = model.geometry.changed(obstacles=(*old, *vesicles))
    return model.changed(**changes)


def with_rules_of(model: Model, given: Model) -> Model:
    """A model whose rules have been followed, with those rules in place of what they gave.

    given  the model that has the rules
    """
    changes: dict[str, object] = {"active_zones": given.active_zones, "vesicles": given.vesicles}
    for kind in ("channels", "sensors"):
        pairs = zip(getattr(model, kind), getattr(given, kind), strict=True)
        changes[kind] = tuple(
            new.model_copy(update={"positions": old.positions, "placement": old.placement}) for new, old in pairs
        )
    if given.vesicles:
        changes["geometry"] = model.geometry.model_copy(update={"obstacles": given.geometry.solids})
    return model.model_copy(update=changes)


def require_places(model: Model) -> None:
    """ModelError for a model whose rules have not been followed."""
    if not model.is_placed:
        raise ModelError("this model has rules of placement, and no places yet: rdcalcium.placed(model) follows them")
