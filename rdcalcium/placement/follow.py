"""A model with the places that its rules give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from rdcalcium.errors import ModelError
from rdcalcium.model import Model, Sphere
from rdcalcium.model.placeable import Ruled, in_order, zones_called
from rdcalcium.placement.chart import Chart
from rdcalcium.placement.ground import Disc, Ground, Rectangle
from rdcalcium.placement.images import everywhere
from rdcalcium.placement.mirrors import on_the_computed_side
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules import follow
from rdcalcium.placement.there import There
from rdcalcium.placement.zones import with_zones
from rdcalcium.randomness import generator

NO_TRIAL = 0  # the places are the same in all of them


def placed(model: Model) -> Model:
    """The model in which rules of placement have been followed: all positions are listed, vesicles are obstacles.

    A model without such rules is returned as it is. The same seed gives the same places of a group in a zone, whatever
    else is in the model, but for what its rule is about and what is in its way: bodies, and vesicles that come before
    it in the model. Raises ModelError where there is no room, in one sentence.
    """
    if model.is_placed:
        return model
    model = with_zones(model)
    there = There.of(model)
    for one in in_order(model):
        _fill(there, one)
        if not there.points(one.kind, one.name):
            raise ModelError(f"{one.called}: chance gave none of them; take another seed, or a larger count")
    return _with_places(there)


def _fill(there: There, one: Ruled) -> None:
    """Follow the rule of one group, zone by zone."""
    feet = {name: there.feet(name) for name in one.rule.needs}
    trees = {name: cKDTree(everywhere(there.model.geometry, found)) for name, found in feet.items()}
    seed = there.model.run.seed if one.rule.seed is None else one.rule.seed
    for name, ground, chart in _grounds(there, one):
        placing = Placing(
            called=f"{one.called} in {name}" if name else one.called,
            ground=ground,
            chart=chart,
            radius=one.radius,
            feet=feet,
            trees=trees,
            bodies=there.bodies,
            vesicles=there.vesicles,
            rng=generator(seed, NO_TRIAL, "placement", one.kind, one.name, name),
        )
        found = follow(one.rule, placing)
        points = on_the_computed_side(
            there.model.geometry.mirrors, placing.called, placing.points(found), placing.feet_of(found)
        )
        there.add(one, *points)


def _grounds(there: There, one: Ruled) -> Iterator[tuple[str, Ground, Chart]]:
    """Name, ground and chart of each zone of a rule; without a name the whole membrane, which is a plane."""
    model, membrane = there.model, there.membrane
    if one.rule.zones is None:
        (x, y, _), (u, v, _) = model.geometry.bounds or membrane.solid.bounds
        yield "", Rectangle((x, y), (u, v)), Chart(membrane, np.array([0.0, 0.0, membrane.height or 0.0]), np.eye(3))
        return
    called = {*zones_called(model, one.rule.zones)}
    for zone in model.zones:
        if zone.name in called:
            yield zone.name, Disc(zone.radius), Chart.of(zone, membrane)


def _with_places(there: There) -> Model:
    """The model with points in place of rules, checked as a whole."""
    model = there.model
    changes: dict[str, object] = {"vesicles": ()}
    for kind, parts in (("channels", model.channels), ("sensors", model.sensors)):
        changes[kind] = tuple(
            part.changed(positions=there.points(kind, part.name)) if part.placement else part for part in parts
        )
    vesicles = [
        Sphere(name=name, centre=centre, radius=group.radius)
        for (kind, name), groups in there.groups.items()
        for group in groups
        for centre in group.points.tolist()
        if kind == "vesicles"
    ]
    if vesicles:
        changes["geometry"] = model.geometry.changed(obstacles=(*model.geometry.solids, *vesicles))
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
