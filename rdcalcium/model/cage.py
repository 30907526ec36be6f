"""The photochemistry of a cage: steps of its scheme that light drives."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

from rdcalcium.model.names import LIGHT
from rdcalcium.model.scheme import KineticScheme


def mention_light(lines: Iterable[str]) -> bool:
    """Whether any line of a scheme names it."""
    return any(re.search(rf"\b{LIGHT}\b", line) for line in lines)


def driven_by_light(scheme: KineticScheme) -> dict[tuple[str, str], float]:
    """Steps that light drives, from a state to a state: their rates for a light of 1."""
    bright = replace(scheme, parameters={**scheme.parameters, LIGHT: 1.0})
    pairs = zip(scheme.transitions, bright.rates(), strict=True)
    return {(step.source, step.target): float(rate) for step, (rate, _) in pairs if LIGHT in step.forward.names}


def require_one_photon(name: str, scheme: KineticScheme) -> None:
    """Steps of a buffer that light drives go one way, bind nothing, and are in proportion to it."""
    for step in scheme.transitions:
        if not any(LIGHT in rate.names for rate in step.rates):
            continue
        if step.backward is not None or step.ligand:
            raise ValueError(f"buffer {name!r}: the step {step} depends on light: it goes one way, A -> B")
        dark, one, two = (
            float(step.forward.evaluate({**scheme.parameters, LIGHT: light})) for light in (0.0, 1.0, 2.0)
        )
        if dark or not math.isclose(two, 2 * one) or one <= 0:
            raise ValueError(f"buffer {name!r}: the rate of the step {step} is a factor times light")
