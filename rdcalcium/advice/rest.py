"""Whether pumps and stores leave calcium at rest while nothing enters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.model import Model
from rdcalcium.patches import Mechanism
from rdcalcium.patches.build import pump_mechanism, store_mechanism
from rdcalcium.patches.pores import voltage_course

BALANCED = 1e-12  # µM µm ms⁻¹, a flux that is rounding


def resting_fluxes(model: Model) -> Iterator[str]:
    """A warning for each mechanism that takes calcium up or lets it go at rest."""
    rest, magnesium = model.calcium.rest, model.free_magnesium
    voltage = voltage_course(model.stimulus, model.run.duration) if model.stimulus else None
    mechanisms = [pump_mechanism(pump, rest, voltage, magnesium) for pump in model.pumps]
    mechanisms += [store_mechanism(store, rest, 1.0, 1, magnesium) for store in model.stores]
    for mechanism in mechanisms:
        flux = _at_rest(mechanism, rest)
        if abs(flux) > BALANCED:
            way = "takes calcium out" if flux > 0 else "lets calcium in"
            yield (
                f"{mechanism.name!r} {way} at rest, {abs(flux):.3g} uM um/ms, and nothing balances it: calcium drifts "
                'from its resting level before anything happens; leak = "balances" holds it there'
            )


def _at_rest(mechanism: Mechanism, rest: float) -> float:
    """Its flux out of the cytosol, µM µm ms⁻¹."""
    start = mechanism.start[:, None]
    return float(mechanism.flux(np.array([rest]), start, start[0])[0])
