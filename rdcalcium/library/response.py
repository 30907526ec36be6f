"""What a sensor does after a step of calcium, by which sensors are compared."""

from __future__ import annotations

import numpy as np

from rdcalcium.model import KineticScheme, Sensor
from rdcalcium.model.stationary import resting

LONGEST = 100.0  # ms after the step
_ACCURACY = {"rtol": 1e-6, "atol": 1e-14}


def peak_rate(sensor: Sensor, calcium: float, rest: float = 0.05) -> float:
    """Highest rate of release of each site after a step of calcium from rest, ms⁻¹.

    It begins where a run does: with the occupancies of a site that has been left alone, spontaneous release included.

    calcium, rest  µM
    """
    from scipy.integrate import solve_ivp  # takes long to import

    scheme = sensor.kinetics()
    reserve = None if sensor.reserve is None else scheme.states.index(sensor.reserve)
    q, start = scheme.generator(calcium=calcium), resting(scheme.generator(calcium=rest).T, reserve)
    if reserve is not None:
        q[reserve], start = 0.0, start / start[reserve]
    solution = solve_ivp(lambda t, p: q @ p, (0, LONGEST), start, method="LSODA", jac=lambda t, p: q, **_ACCURACY)
    return float((_fusion(sensor, scheme, calcium) @ solution.y).max())


def _fusion(sensor: Sensor, scheme: KineticScheme, calcium: float) -> np.ndarray:
    """Rate at which a vesicle in each state fuses, (states,) ms⁻¹."""
    rates = dict.fromkeys(scheme.states, 0.0)
    for step, (forward, _) in zip(scheme.transitions, scheme.rates(calcium=calcium), strict=True):
        if sensor.fuses(step):
            rates[step.source] += float(forward)
    return np.array([*rates.values()])
