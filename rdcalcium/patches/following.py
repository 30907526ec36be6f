"""States that change so quickly that no step waits for them: they follow calcium through each stage by themselves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rdcalcium.model import KineticScheme
from rdcalcium.model.levels import HIGH
from rdcalcium.patches.base import Patch

FAST = 1e5  # ms⁻¹ where calcium is HIGH: a step of 0.1 ms would need over 100 stages for what is faster, alone
GAMMA = 1 - 1 / np.sqrt(2)  # of both stages, and of implicit steps: L-stable and of second order


def outruns(scheme: KineticScheme, voltages: Iterable[float], magnesium: float) -> bool:
    """Whether it has a mode that is too fast for explicit steps, at any of some voltages; mV and µM."""
    generators = (scheme.generator(voltage, HIGH, magnesium) for voltage in voltages)
    return any(np.abs(np.linalg.eigvals(generator)).max() > FAST for generator in generators)


def followed(
    patch: Patch,
    calcium: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    beyond: tuple[np.ndarray, np.ndarray] | tuple[None, None],
    span: float,
) -> np.ndarray:
    """What rows that follow have come to, (following, sites), after `span` ms in which all else changed evenly.

    They change by dp/dt = A(t) p + b(t), which is solved by the two implicit stages of Alexander's method,

        P = p + γ h (A P + b) at γ h,    p' = p + (1/γ - 1) (P - p) + γ h (A p' + b) at h,

    of which the second one is the result: where A is very fast, p' is what A and b come to at the end (Alexander 1977,
    SIAM J Numer Anal 14:1006).

    calcium  (sites,) µM, at the beginning and at the end
    rows     (rows, sites) likewise; of those that follow the end is not read
    beyond   what `Patch.rates` knows of the other side, likewise
    """
    which = patch.mechanism.following
    begin = rows[0][which]
    first = _implicit(patch, which, _between(GAMMA, calcium, rows, beyond), GAMMA * span, begin)
    last = _between(1.0, calcium, rows, beyond)
    return _implicit(patch, which, last, GAMMA * span, begin + (1 / GAMMA - 1) * (first - begin))


Surroundings = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # calcium, rows, and beyond


def _between(
    share: float,
    calcium: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    beyond: tuple[np.ndarray, np.ndarray] | tuple[None, None],
) -> Surroundings:
    """At a share of the way from the beginning to the end."""

    def at(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return pair[0] + share * (pair[1] - pair[0])

    there = None if beyond[0] is None or beyond[1] is None else at((beyond[0], beyond[1]))
    return at(calcium), at(rows), there


def _implicit(patch: Patch, which: np.ndarray, around: Surroundings, tau: float, known: np.ndarray) -> np.ndarray:
    """p = known + τ (A p + b), (following, sites), with the A and b that these surroundings bring."""
    calcium, rows, beyond = around
    rows = rows.copy()

    def rates(p: np.ndarray) -> np.ndarray:
        rows[which] = p[:, None]
        found: np.ndarray = patch.rates(calcium, rows, beyond)[which]
        return found

    units = np.eye(len(which))
    b = rates(np.zeros(len(which)))
    a = np.stack([rates(unit) - b for unit in units], axis=1)  # (following, of which, sites)
    system = units - tau * np.moveaxis(a, 2, 0)
    return np.linalg.solve(system, (known + tau * b).T[..., None])[..., 0].T
