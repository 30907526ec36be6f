"""Whether pumps and stores leave calcium at rest while nothing enters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.model import Model
from rdcalcium.patches import Mechanism
from rdcalcium.patches.build import pump_mechanism
from rdcalcium.patches.pores import voltage_course
from rdcalcium.patches.stores import membrane_mechanisms, store_mechanism

BALANCED = 1e-12  # µM µm ms⁻¹, a flux that is rounding


def resting_fluxes(model: Model) -> Iterator[str]:
    """A warning for each mechanism that takes calcium up or lets it go at rest."""
    rest, magnesium = model.calcium.rest, model.free_magnesium
    voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
    mechanisms = [pump_mechanism(pump, rest, voltage, magnesium) for pump in model.pumps]
    mechanisms += [store_mechanism(store, rest, 1.0, 1, magnesium) for store in model.stores if not store.lumen]
    fluxes = [(mechanism, _at_rest(mechanism, rest, float(mechanism.start[0]))) for mechanism in mechanisms]
    for store in model.stores:
        if store.lumen:
            seen_from_cytosol = membrane_mechanisms(store, rest, magnesium)[0]
            fluxes.append((seen_from_cytosol, _at_rest(seen_from_cytosol, rest, store.rest)))
    for mechanism, flux in fluxes:
        if abs(flux) > BALANCED:
            way = "takes calcium out" if flux > 0 else "lets calcium in"
            yield (
                f"{mechanism.name!r} {way} at rest, {abs(flux):.3g} uM um/ms, and nothing balances it: calcium drifts "
                'from its resting level before anything happens; leak = "balances" holds it there'
            )


def _at_rest(mechanism: Mechanism, rest: float, stored: float) -> float:
    """Its flux out of the cytosol, µM µm ms⁻¹; `stored` is what it sees of a store."""
    return float(mechanism.flux(np.array([rest]), mechanism.start[:, None], np.array([stored]))[0])
