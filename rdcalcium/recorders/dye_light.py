"""The light of a dye, which is linear in its states, and what calcium a calibrated dye tells by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.chemistry import Chemistry
from rdcalcium.model import Buffer


@dataclass(frozen=True, eq=False)
class DyeLight:
    """Of one dye in some lights: light = constant + Σ gain_f y_f, µM of the free dye that would be as bright.

    fields     (f,)  of the state, those of the dye
    gains      (lights, f)
    constants  (lights,) µM: of the free form, where it is the total minus the other states and has no field
    """

    fields: np.ndarray
    gains: np.ndarray
    constants: np.ndarray

    @classmethod
    def of(cls, dye: Buffer, lights: Sequence[Mapping[str, float]], chemistry: Chemistry) -> DyeLight:
        """From the brightness of each state in each light."""
        names = {field.name: i for i, field in enumerate(chemistry.fields)}
        fields: list[int] = []
        gains: list[np.ndarray] = []
        constants = np.zeros(len(lights))
        for pool in dye.pools():
            bright = {state: np.array([light[state] for light in lights]) for state in pool.scheme.states}
            held = [state for state in bright if f"{dye.name}.{state}" in names]
            # Without a field the free form is what the others leave of the total.
            left = sum(bright[state] for state in bright if state not in held) + np.zeros(len(lights))
            constants += pool.total * left
            fields += [names[f"{dye.name}.{state}"] for state in held]
            gains += [bright[state] - left for state in held]
        return cls(np.array(fields), np.stack(gains, axis=1), constants)

    def __call__(self, sums: np.ndarray, looked: np.ndarray) -> np.ndarray:
        """Light at each point, (lights, points).

        sums    (points,) what 1 µM everywhere gives there
        looked  (f, points) what each field gives
        """
        return self.constants[:, None] * sums + self.gains @ looked


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is measured, R, while nothing and while all of a one-site dye is bound; of R = F, or of a ratio.

    lowest, highest  (points,)  R_min and R_max
    K_eff            (points,)  µM
    """

    lowest: np.ndarray
    highest: np.ndarray
    K_eff: np.ndarray

    @classmethod
    def of(cls, dye: Buffer, light: np.ndarray, divisor: np.ndarray) -> Calibration | None:
        """From the light of the dye free and bound, and what it is divided by then, (2, points) each.

        K_eff = K_d × the divisor free over that bound: Grynkiewicz, Poenie & Tsien 1985, J Biol Chem 260:3440. None
        for a dye of more than one site, which has no such law.
        """
        scheme = dye.kinetics()
        if len(scheme.transitions) > 1:
            return None
        ((k_on, k_off),) = scheme.rates()
        with np.errstate(divide="ignore", invalid="ignore"):  # where the view sees no dye
            lowest, highest = light / divisor
            return cls(lowest, highest, float(k_off / k_on) * divisor[0] / divisor[1])

    def calcium(self, measured: np.ndarray) -> np.ndarray:
        """K_eff (R - R_min) / (R_max - R), (points,) µM; not a number beyond R_max, to which no calcium leads."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.K_eff * (measured - self.lowest) / (self.highest - measured)
            return np.where((self.highest - measured) / (self.highest - self.lowest) > 0, found, np.nan)
