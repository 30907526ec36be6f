"""From the pumps and stores of a model to patches on its surfaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rdcalcium.discretization import Discretization, SurfaceArea
from rdcalcium.errors import InputError, suggest
from rdcalcium.model import Model, Pump
from rdcalcium.model.accounts import CLEARANCE
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import VOLTAGE
from rdcalcium.model.obstacles.numbered import surface_names
from rdcalcium.patches.assembly import Assembly
from rdcalcium.patches.base import PUMPED, Course, Mechanism, Patch, Patches, Row, Stiffness
from rdcalcium.patches.binding import binding_sensors
from rdcalcium.patches.pores import pore_patches, voltage_course
from rdcalcium.patches.stiffness import at_extremes, steepest, stiffness
from rdcalcium.patches.stores import lumen_patches, store_mechanism


def build_patches(model: Model, discretization: Discretization) -> Patches:
    """Those of a model; InputError for a surface that the terminal does not have."""
    found = [(patch, _stiffness(patch)) for patch in _patches(model, discretization)]
    found += pore_patches(model, discretization)
    found += lumen_patches(model, discretization)
    return Patches(tuple(patch for patch, _ in found), tuple(reacts for _, reacts in found))


def has_patches(model: Model) -> bool:
    """Whether a model has anything that sits in certain control volumes."""
    at_pores = any(group.follows_calcium == "patch" for group in model.channels)
    binding = any(sensor.binds for sensor in model.sensors)
    return bool(model.pumps or model.stores or model.calcium.clearance or binding or at_pores)


def _patches(model: Model, discretization: Discretization) -> Iterator[Patch]:
    rest, magnesium = model.calcium.rest, model.free_magnesium
    for pump in model.pumps_within:
        at = _touching(f"pump {pump.name!r}", pump.surface, model, discretization)
        voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
        yield _on_surface(pump_mechanism(pump, rest, voltage, magnesium), at, discretization)
    if model.calcium.clearance:
        yield _everywhere(clearance(model.calcium.clearance, rest), discretization)
    for store in model.stores:
        if store.lumen:
            continue
        at = _touching(f"store {store.name!r}", store.surface, model, discretization)
        area = model.copies * float(at.areas.sum())
        yield _on_surface(store_mechanism(store, rest, area, model.copies, magnesium), at, discretization)
    yield from binding_sensors(model, discretization)


def _stiffness(patch: Patch) -> Stiffness:
    """Of a patch that follows courses of time, at their extremes too."""
    return steepest(stiffness(replace(patch, mechanism=now)) for now in at_extremes(patch.mechanism))


def pump_mechanism(pump: Pump, rest: float, voltage: Course | None = None, magnesium: float = 0.0) -> Mechanism:
    """A flux out of the cytosol, µM µm ms⁻¹, less the constant leak that balances it at rest.

    rest       µM
    voltage    over time; what it is at first is that of rest
    magnesium  µM
    """
    given = {} if voltage is None else {VOLTAGE: float(voltage.values[0])}
    extremes = () if voltage is None else (float(voltage.values.min()), float(voltage.values.max()))
    parts = Assembly(rest, given, magnesium, extremes)
    parts.rows.append(Row("x0", Expression("0"), calcium=1.0, account=PUMPED))
    parts.add(pump)
    out = " + ".join(parts.transported)
    if pump.leak == "balances":
        out = f"({out}) - {parts.place(parts.at_rest(out))}"
    parts.rows[0] = Row("x0", Expression(out), calcium=1.0, account=PUMPED)
    if voltage is not None and pump.depends_on_voltage:
        parts.courses[VOLTAGE] = voltage
    return Mechanism(pump.name, parts.with_clock(), parts.parameters, courses=parts.courses)


def clearance(rate: float, rest: float) -> Mechanism:
    """What is above rest (µM) leaves at a rate, ms⁻¹."""
    row = Row("x0", Expression("rate*(Ca - rest)"), calcium=1.0, account=PUMPED)
    return Mechanism(CLEARANCE, (row,), {"rate": rate, "rest": rest})


def _touching(name: str, surface: str, model: Model, discretization: Discretization) -> SurfaceArea:
    """Where a surface touches cytosol."""
    if surface not in discretization.surfaces:
        there = {*discretization.surfaces, *surface_names(model.geometry.solids)}
        known = suggest(surface, there, intro="it has")
        raise InputError(f"{name} is on the surface {surface!r}, which the terminal does not have; {known}")
    return discretization.surfaces[surface]


def _on_surface(mechanism: Mechanism, at: SurfaceArea, discretization: Discretization) -> Patch:
    return Patch(mechanism, at.indices, at.areas, at.areas / discretization.volumes[at.indices])


def _everywhere(mechanism: Mechanism, discretization: Discretization) -> Patch:
    """In every control volume that holds cytosol, by volume."""
    volumes = np.flatnonzero(discretization.part_volumes(0) > 0)
    return Patch(mechanism, volumes, discretization.volumes[volumes], np.ones(len(volumes)), everywhere=True)
