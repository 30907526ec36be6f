"""Sensors that take what they bind from the cytosol: a kinetic scheme in the control volumes of their vesicles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.mirrors import computed_share
from rdcalcium.model import Model, Sensor, accounts
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import MAGNESIUM
from rdcalcium.patches.assembly import Assembly
from rdcalcium.patches.base import BOUND, Mechanism, Patch, Row
from rdcalcium.patches.flows import changes, shares
from rdcalcium.units import IONS_PER_AMOUNT
from rdcalcium.vesicles.chain import Chain

# The error allowed in the share of each state is the tolerance times this: coarse, because only what the molecules bind
# matters here, and release is computed elsewhere.
SCALE = 0.1


def binding_sensors(model: Model, discretization: Discretization) -> Iterator[Patch]:
    """A patch for each kind that binds; sensors in one control volume see the same calcium, and are one site."""
    for sensor in model.sensors:
        if sensor.binds:
            found = discretization.nearest_volumes(np.array(sensor.positions))
            volumes, place = np.unique(found, return_inverse=True)
            parts = computed_share(np.array(sensor.positions), [*model.geometry.mirrors.items()])
            amounts = np.bincount(place, parts) * sensor.molecules / IONS_PER_AMOUNT
            mechanism = sensor_mechanism(sensor, model.calcium.rest, model.free_magnesium)
            yield Patch(mechanism, volumes, amounts, amounts / discretization.volumes[volumes])


def sensor_mechanism(sensor: Sensor, rest: float, magnesium: float) -> Mechanism:
    """The scheme of a sensor, with a row for the share of each state but the first; the extent of a site is an amount.

    The amount is that of molecules, µM µm³, so that a row holds as much calcium as its state has ions.

    rest, magnesium  µM
    """
    scheme, parts = sensor.kinetics(), Assembly(rest)
    given = {**scheme.parameters, MAGNESIUM: magnesium}
    names = {name: parts.place(value) for name, value in given.items()}
    held, chain = sensor.bound_calcium(), Chain(sensor, magnesium)
    start = chain.start(rest)
    rates, share = changes(scheme, names), shares(scheme)
    for i, state in enumerate(scheme.states[1:]):
        calcium = float(held[state] - held[scheme.states[0]])
        parts.rows.append(Row(share[state], Expression(rates[state]), float(start[i + 1]), calcium, SCALE, BOUND))
    return Mechanism(
        accounts.of_sensor(sensor), tuple(parts.rows), parts.parameters, rests=lambda calcium: chain.start(calcium)[1:]
    )
