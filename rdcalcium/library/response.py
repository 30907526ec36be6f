"""What a sensor does after a step of calcium, by which sensors are compared."""

from __future__ import annotations

from scipy.integrate import solve_ivp

from rdcalcium.model import Sensor

LONGEST = 100.0  # ms after the step
_ACCURACY = {"rtol": 1e-6, "atol": 1e-14}


def peak_rate(sensor: Sensor, calcium: float, rest: float = 0.05) -> float:
    """Highest rate of release per vesicle after a step from rest, d probability / dt in ms⁻¹.

    calcium, rest  µM
    """
    scheme = sensor.kinetics()
    q = scheme.generator(calcium=calcium)
    solution = solve_ivp(
        lambda t, p: q @ p,
        (0, LONGEST),
        scheme.equilibrium(calcium=rest),
        method="LSODA",
        jac=lambda t, p: q,
        **_ACCURACY,
    )
    released = [state in sensor.released for state in scheme.states]
    return float((q @ solution.y)[released].sum(axis=0).max())
