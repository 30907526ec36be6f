"""Whether calcium stays where it is while nothing happens, and where a run would begin if it does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.discretization import Discretization
from rdcalcium.discretization.build import discretize
from rdcalcium.model import Model
from rdcalcium.patches import Mechanism
from rdcalcium.patches.build import pump_mechanism
from rdcalcium.patches.pores import voltage_course
from rdcalcium.patches.stores import membrane_mechanisms, store_mechanism
from rdcalcium.resting import Compartment, NoRestError, resting_currents, resting_sources, typed_drift
from rdcalcium.system import build_system
from rdcalcium.units import level

BALANCED = 1e-12  # µM µm ms⁻¹, a flux that is rounding
NM = 1e3  # nM in one µM


def resting_fluxes(model: Model) -> Iterator[str]:
    """A warning for each mechanism that takes calcium up or lets it go at rest."""
    for name, flux in _fluxes(model).items():
        if abs(flux) > BALANCED:
            way = "takes calcium out" if flux > 0 else "lets calcium in"
            yield (
                f"{name!r} {way} at rest, {abs(flux):.3g} uM um/ms, and no leak balances it: calcium rests "
                'elsewhere than the model says, if anywhere; leak = "balances" holds it there'
            )


def _fluxes(model: Model) -> dict[str, float]:
    """What each pump and each store takes out of the cytosol at rest, µM µm ms⁻¹."""
    rest, magnesium = model.calcium.rest, model.free_magnesium
    voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
    mechanisms = [pump_mechanism(pump, rest, voltage, magnesium) for pump in model.pumps]
    mechanisms += [store_mechanism(store, rest, 1.0, 1, magnesium) for store in model.stores if not store.lumen]
    fluxes = {mechanism.name: _at_rest(mechanism, rest, float(mechanism.start[0])) for mechanism in mechanisms}
    for store in model.stores:
        if store.lumen:
            seen_from_cytosol = membrane_mechanisms(store, rest, magnesium)[0]
            fluxes[store.name] = _at_rest(seen_from_cytosol, rest, store.rest)
    return fluxes


def _at_rest(mechanism: Mechanism, rest: float, stored: float) -> float:
    """Its flux out of the cytosol, µM µm ms⁻¹; `stored` is what it sees of a store."""
    return float(mechanism.flux(np.array([rest]), mechanism.start[:, None], np.array([stored]))[0])


def beginning(model: Model, made: Discretization | None) -> Iterator[str]:
    """How fast calcium drifts before the stimulus, and the level that a run would begin with; nothing where it rests.

    made  its control volumes, if there are any yet
    """
    drifts = any(abs(flux) > BALANCED for flux in _fluxes(model).values())
    senses = any(group.senses_calcium for group in model.channels)
    if not (drifts or senses or resting_currents(model).any()):
        return
    compartment = Compartment(model, build_system(model, made or discretize(model)))
    drift = typed_drift(compartment, *resting_sources(model, compartment.system.discretization))
    if not drift.matters(model.calcium.rest):
        return
    yield (
        f"rest: before the stimulus calcium would drift from {level(model.calcium.rest)} by "
        f"{NM * drift.mean:.2g} nM/ms on average; {_therefore(compartment)}"
    )


def _therefore(compartment: Compartment) -> str:
    """Where a run begins then."""
    if compartment.model.run.rest == "as typed":
        return "a run begins there nevertheless, as the model says"
    try:
        found = compartment.rest()
    except NoRestError as error:
        return f"a run begins there nevertheless: {error}"
    levels = [level(found.calcium), *(f"{level(lumen)} in {name}" for name, lumen in found.lumens.items())]
    return f"a run begins in balance, at about {' and '.join(levels)}"
