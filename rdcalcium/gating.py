"""The master equation of a gate: the probability of each of its states while the voltage changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rdcalcium.model import KineticScheme
from rdcalcium.model.names import CALCIUM

AT_ONCE = 4096  # steps whose propagators are held together, some ten megabytes
SAME_STEP = 12  # digits after the point of a step in ms, beyond which two are as long

# Radau IIA of three stages (Hairer & Wanner 1996, Solving Ordinary Differential Equations II, IV.5): order 5 where the
# rates are smooth, L-stable where they are fast beside the step, and its last stage is the end of the step.
_S = np.sqrt(6)
STAGES = np.array([(4 - _S) / 10, (4 + _S) / 10, 1.0])
WEIGHTS = np.array(
    [
        [(88 - 7 * _S) / 360, (296 - 169 * _S) / 1800, (-2 + 3 * _S) / 225],
        [(296 + 169 * _S) / 1800, (88 + 7 * _S) / 360, (-2 - 3 * _S) / 225],
        [(16 - _S) / 36, (16 + _S) / 36, 1 / 9],
    ]
)

Voltage = Callable[[np.ndarray, np.ndarray], np.ndarray]


def occupancies(
    scheme: KineticScheme, voltage: Voltage, start: np.ndarray, times: np.ndarray, calcium: float = 0.0
) -> np.ndarray:
    """Probability of each state at times from the first on, where it is given, (states, times).

    dp/dt = Q(V(t)) p, in one step from each time to the next. Where the voltage is at rest many steps are the same, and
    solved for once.

    voltage  mV at times (n, 3) ms; of the last stage of a step before a jump that is there
    start    (states,)
    times    (times,) ms, ascending; no jump is between them
    calcium  µM, which stays what it is
    """
    steps = np.diff(times)
    at = times[:-1, None] + steps[:, None] * STAGES
    at[:, -1] = times[1:]
    p = np.empty((len(times), len(start)))
    p[0] = start
    for first in range(0, len(steps), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        volts = voltage(at[part], np.broadcast_to(STAGES == 1, at[part].shape))
        kinds, which = np.unique(
            np.column_stack([np.round(steps[part], SAME_STEP), volts]), axis=0, return_inverse=True
        )
        propagators = _propagators(scheme, kinds[:, 0], kinds[:, 1:], calcium)[which.ravel()]
        for i, propagator in enumerate(propagators, start=first):
            p[i + 1] = propagator @ p[i]
    return p.T


def transitions(
    scheme: KineticScheme, voltage: np.ndarray, occupied: np.ndarray, times: np.ndarray, calcium: float = 0.0
) -> float:
    """How often a channel goes from state to state on average: ∫ Σ_s p_s λ_s dt, λ_s the sum of the rates out of s.

    voltage   (times,) mV
    occupied  (states, times) probability of each state p_s
    times     (times,) ms
    calcium   µM, which stays what it is
    """
    of_state = dict(zip(scheme.states, occupied, strict=True))
    rate = np.zeros(len(times))
    for step, (forward, backward) in zip(scheme.transitions, scheme.rates(voltage, calcium), strict=True):
        ligand = calcium if step.ligand == CALCIUM else 1.0
        rate += forward * ligand * of_state[step.source] + backward * of_state[step.target]
    return float(np.trapezoid(rate, times))


def _propagators(scheme: KineticScheme, steps: np.ndarray, voltages: np.ndarray, calcium: float) -> np.ndarray:
    """What takes the probabilities over a step, (steps, states, states).

    The stages Y obey Y_i = 1 + h Σ_j a_ij Q(V_j) Y_j; the last one is it.

    steps     (steps,) ms
    voltages  (steps, 3) mV, at the stages
    calcium   µM
    """
    q, states = scheme.generator(voltages, calcium), len(scheme.states)
    couplings = np.einsum("n,ij,njab->niajb", steps, WEIGHTS, q).reshape(len(steps), 3 * states, 3 * states)
    ones = np.tile(np.eye(states), (3, 1))
    stages = np.linalg.solve(np.eye(3 * states) - couplings, np.broadcast_to(ones, (len(steps), *ones.shape)))
    return stages[:, -states:]
