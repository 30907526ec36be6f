"""Where active zones are, and how large, where a model leaves it to chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rdcalcium.errors import ModelError
from rdcalcium.model import Model
from rdcalcium.model.placement.zones import ActiveZones, Zone
from rdcalcium.placement.crowd import Crowd
from rdcalcium.placement.images import from_own_image
from rdcalcium.placement.membrane import Membrane
from rdcalcium.randomness import generator
from rdcalcium.solids import tangents
from rdcalcium.units import counted, nanometres

BATCH, PATIENCE = 64, 100  # centres that are tried at once, and how often, before there is no room for one more
RIM = 16  # points of the rim of a zone that are on the membrane, where the zone is


def with_zones(model: Model) -> Model:
    """The model in which the centre and radius of each active zone are known; ModelError where there is no room."""
    known, entries = Crowd(model.geometry), []
    for entry in sorted(model.active_zones, key=lambda entry: not entry.positions):  # listed ones make room for no one
        made = entry if entry.is_placed else _drawn(model, entry, known)
        entries.append(made)
        for zone in made.found_in(model.geometry) if entry.positions else ():
            known.add(np.array([zone.centre]), zone.radius)
    order = [entry.name for entry in model.active_zones]
    return model.changed(active_zones=tuple(sorted(entries, key=lambda entry: order.index(entry.name))))


def _drawn(model: Model, entry: ActiveZones, known: Crowd) -> ActiveZones:
    """An entry with what chance gives; centres that it draws are known from then on."""
    rng = generator(model.run.seed if entry.seed is None else entry.seed, 0, "placement", "active zones", entry.name)
    radii = _radii(entry, rng)
    positions: list[tuple[float, ...]] = [*entry.positions]
    for radius in radii if entry.count else ():
        centre = _centre(Membrane.of(model), entry, radius, known, rng)
        known.add(centre[None], radius)
        positions.append(tuple(centre.tolist()))
    sizes = {"radius": None, "area": None, "radii": tuple(radii)} if entry.cv else {}
    return entry.changed(count=None, cv=None, spacing=None, on=None, positions=tuple(positions), **sizes)


def _radii(entry: ActiveZones, rng: np.random.Generator) -> list[float]:
    """Of each zone, µm; drawn from a log-normal distribution with the mean that is said, of radius or of area."""
    if not entry.cv:
        return [*entry.sizes]
    spread = math.sqrt(math.log1p(entry.cv**2))
    mean = entry.area or entry.radius or 0.0
    drawn = rng.lognormal(math.log(mean) - spread**2 / 2, spread, entry.total)
    sizes: list[float] = (np.sqrt(drawn / math.pi) if entry.area else drawn).tolist()
    return sizes


def _centre(
    membrane: Membrane, entry: ActiveZones, radius: float, known: Crowd, rng: np.random.Generator
) -> np.ndarray:
    """Of one more zone, that is on the membrane as a whole and far enough from those that are there, (3,)."""
    bounds = membrane.shape.bounds
    widest = float(np.ptp(bounds, axis=0).max()) if bounds else np.inf
    if radius > widest:
        raise ModelError(
            f"active zones {entry.name!r}: a radius of {nanometres(radius, 3)} is more than the terminal has, which is "
            f"{nanometres(widest, 3)} long: are the units of both right, and the length_unit of its file?"
        )
    own = 2 * radius if entry.spacing is None else entry.spacing
    apart = radius + known.radii if entry.spacing is None else entry.spacing
    for _ in range(PATIENCE):
        points = membrane.sample(rng, BATCH)
        points = points[known.is_far(points, apart)]
        points = points[from_own_image(membrane.shape, points) >= own]
        points = points[has_room(membrane, points, radius, entry.on)]
        if len(points):
            centre: np.ndarray = points[0]
            return centre
    where = f"on {entry.on!r}" if entry.on else "on the membrane"
    raise ModelError(
        f"active zones {entry.name!r}: {counted(known.number, 'zone')} with centres "
        f"{nanometres(own, 3)} apart find room {where}, and one more with a radius of "
        f"{nanometres(radius, 3)} does not; ask for fewer, closer together or smaller ones, or another seed"
    )


def has_room(membrane: Membrane, centres: np.ndarray, radius: float, part: str | None = None) -> np.ndarray:
    """Around which centres (n, 3) a disc of this radius is on the computed membrane as a whole, (n,): its rim is.

    part  of the terminal on which it has to be; none: any
    """
    feet = rims(membrane, centres, radius)
    there = membrane.contains(feet) & membrane.is_computed(feet) & membrane.is_on(part, feet)
    return np.asarray(there.reshape(RIM, -1).all(axis=0) & membrane.is_on(part, centres))


def rims(membrane: Membrane, centres: np.ndarray, radius: float) -> np.ndarray:
    """Points on the rims of discs around centres (n, 3), the first of each, then the second, …, (RIM · n, 3)."""
    angles, normals = 2 * np.pi * np.arange(RIM) / RIM, membrane.inward(centres)
    first, second = tangents(normals)
    around = np.cos(angles)[:, None, None] * first + np.sin(angles)[:, None, None] * second
    rim = (centres + radius * around).reshape(-1, 3)
    return membrane.along(rim, np.tile(normals, (RIM, 1)))


def touching(model: Model, zones: Sequence[Zone], part: str) -> int:
    """How many zones are on a part of the terminal, or reach onto it."""
    membrane, count = Membrane.of(model), 0
    for zone in zones:
        centre = np.array([zone.centre])
        points = np.concatenate([centre, rims(membrane, centre, zone.radius)])
        count += bool(membrane.is_on(part, points).any())
    return count
