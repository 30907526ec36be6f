"""Which rules of placement a model has, whether they name what is there, and in which order they can be followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rdcalcium.errors import suggest
from rdcalcium.model.obstacles import OBSTACLES
from rdcalcium.model.obstacles.numbered import numbered
from rdcalcium.model.placed_part import PlacedPart
from rdcalcium.model.placement import Rule
from rdcalcium.model.placement.zones import Zone
from rdcalcium.model.vesicles import Vesicles
from rdcalcium.solids import Corners
from rdcalcium.units import SAME_PLACE, nanometres

OFF = 1e-6  # µm, by which its centre may be off the membrane

if TYPE_CHECKING:
    from rdcalcium.model.model import Model


class Ruled(NamedTuple):
    """A part of a model that is placed by a rule.

    kind  "vesicles", "channels" or "sensors", the key of its list in the model
    """

    kind: str
    part: Vesicles | PlacedPart
    rule: Rule

    @property
    def name(self) -> str:
        """That of the part."""
        return self.part.name

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"{self.kind} {self.name!r}"

    @property
    def radius(self) -> float:
        """Of each of them, µm: vesicles alone have a size."""
        return self.part.radius if isinstance(self.part, Vesicles) else 0.0


def ruled(model: Model) -> list[Ruled]:
    """All of them, in the order of the model."""
    lists: dict[str, Sequence[Vesicles | PlacedPart]] = {
        "vesicles": model.vesicles,
        "channels": model.channels,
        "sensors": model.sensors,
    }
    return [Ruled(kind, part, part.placement) for kind, parts in lists.items() for part in parts if part.placement]


def zones_called(model: Model, name: str) -> tuple[str, ...]:
    """Names of the active zones of an entry, or the one zone that is called so."""
    names = tuple(zone for entry in model.active_zones if entry.name == name for zone in entry.names)
    return names or (name,)


def in_order(model: Model) -> list[Ruled]:
    """The same, each after those that its rule needs; ValueError where they wait for each other."""
    waiting, found = ruled(model), list[Ruled]()
    while waiting:
        missing = {one.name for one in waiting}
        ready = [one for one in waiting if not missing & {*one.rule.needs}]
        if not ready:
            raise ValueError(
                f"{' and '.join(one.called for one in waiting)} are placed after each other in a circle: list the "
                "positions of one of them, or give it a rule that needs no other"
            )
        found += ready
        waiting = [one for one in waiting if one not in ready]
    return found


def require_placeable(model: Model) -> None:
    """ValueError for a rule that names what is not there, or that cannot be followed in this terminal."""
    rules = ruled(model)
    if rules or not all(entry.is_placed for entry in model.active_zones):
        _require_known_membrane(model, rules)
    zones = [name for entry in model.active_zones for name in {entry.name: 0, **dict.fromkeys(entry.names)}]
    twice = sorted(name for name, times in Counter(zones).items() if times > 1)
    if twice:
        raise ValueError(f"two active zones are called {twice[0]!r}; give their entries other names")
    _require_own_names(model, zones)
    _require_parts(model)
    _require_on_membrane(model)
    for one in rules:
        _require_names(model, one, zones)
    in_order(model)


def _require_own_names(model: Model, zones: list[str]) -> None:
    """No zone is called as a wall or an obstacle, as all of them are surfaces."""
    geometry = model.geometry
    walls = {*geometry.walls, *geometry.ends, *geometry.mirror_surfaces, geometry.membrane_surface}
    bodies = {OBSTACLES, *(o.name for o in geometry.solids), *numbered(geometry.solids)}
    bodies |= {v.name for v in model.vesicles}
    for kind, names in (("a surface of the terminal", walls), ("obstacles", bodies)):
        for name in zones:
            if name in names:
                raise ValueError(f"active zones and {kind} are called {name!r}; give the zones another name")


def _require_parts(model: Model) -> None:
    """Parts of the terminal on which zones are placed are there."""
    parts, kind = model.geometry.parts, model.geometry.kind
    for entry in model.active_zones:
        if entry.on is not None and not parts:
            raise ValueError(
                f"active zones {entry.name!r}: a {kind} has no parts with names; leave out on = {entry.on!r}"
            )
        if entry.on is not None and entry.on not in parts:
            raise ValueError(
                f"active zones {entry.name!r}: the {kind} has no part called {entry.on!r}; {suggest(entry.on, parts)}"
            )


def _require_on_membrane(model: Model) -> None:
    """Zones are on the membrane, and do not reach beyond the walls around a plane one; beyond a mirror they may."""
    geometry, zones = model.geometry, model.zones
    if geometry.outline is None or geometry.bounds is None or not zones:
        return
    depths = geometry.outline.depth(np.array([zone.centre for zone in zones]))
    for zone, depth in zip(zones, depths.tolist(), strict=True):
        if abs(depth) > OFF:
            side = "inside" if depth > 0 else "outside"
            raise ValueError(
                f"active zone {zone.name!r} at {nanometres(zone.centre)} is not on the membrane, but "
                f"{nanometres(abs(depth), 3)} {side} the terminal; move its centre there"
            )
    if geometry.membrane_height is not None:
        _require_within_walls(zones, geometry.bounds, geometry.mirrors)


def _require_within_walls(zones: Sequence[Zone], bounds: Corners, mirrors: Collection[int]) -> None:
    """Zones on a plane do not reach beyond it."""
    low, high = bounds
    for zone in zones:
        for axis in range(2):
            below = zone.centre[axis] - zone.radius < low[axis] - SAME_PLACE and axis not in mirrors
            if below or zone.centre[axis] + zone.radius > high[axis] + SAME_PLACE:
                raise ValueError(
                    f"active zone {zone.name!r} at {nanometres(zone.centre)} with radius {nanometres(zone.radius, 4)} "
                    "reaches beyond the membrane; move it, or make it smaller"
                )


def _require_names(model: Model, one: Ruled, zones: list[str]) -> None:
    """The zones of a rule, and those that it is about, are there and of one kind."""
    rule = one.rule
    if rule.zones is not None and rule.zones not in zones:
        raise ValueError(f"{one.called}: no active zones are called {rule.zones!r}; {suggest(rule.zones, zones)}")
    named = [*_named(model)]
    for name in rule.needs:
        kinds = sorted({kind for kind, other in named if other == name})
        if not kinds:
            raise ValueError(f"{one.called}: nothing is called {name!r}; {suggest(name, {n for _, n in named})}")
        if len(kinds) > 1:
            raise ValueError(
                f"{one.called}: {' and '.join(kinds)} are called {name!r}, and a rule needs to know which are meant; "
                "give one of them another name"
            )
    if one.kind == "channels" and rule.height:
        raise ValueError(f"{one.called} are on the membrane: leave height out of their placement")


def _named(model: Model) -> Iterator[tuple[str, str]]:
    """What has places: its kind, in the words of a user, and its name."""
    yield from (("vesicles", part.name) for part in model.vesicles)
    yield from (("vesicles", part.name) for part in model.geometry.solids)
    yield from (("channels", part.name) for part in model.channels)
    yield from (("sensors", part.name) for part in model.sensors)


def _require_known_membrane(model: Model, rules: list[Ruled]) -> None:
    """Whoever places something knows the membrane before there are control volumes."""
    geometry = model.geometry
    if geometry.outline is None:
        raise ValueError(
            "rules of placement need a membrane that is known before there are cells, as that of a box is: list the "
            "positions of channels, sensors and active zones"
        )
    for one in rules:
        if one.rule.zones is None and geometry.membrane_height is None:
            raise ValueError(
                f"{one.called}: the membrane is no plane: name the active zones in which they are placed, "
                'such as zones = "az"'
            )
