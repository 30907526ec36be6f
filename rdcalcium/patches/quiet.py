"""What an implicit step has to know of patches: it inverts diffusion and reaction, but not what happens on surfaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rdcalcium.patches.base import Patch, Patches
from rdcalcium.patches.stiffness import jacobian

# What is left out, as a share of the solution, up to which steps are tried: sweeps make up for most of it, and the
# error of a step tells where they do not. A terminal of 1 µm with the strongest exchanger of the library is at 2.
LEFT_OUT = 3.0


def suits(patches: Patches, diffusivity: float, volume: float, calcium: float) -> bool:
    """Whether patches leave a system of I - τ J to sweeps that know no more of them than their mean slopes.

    What follows a course of time is left to explicit steps, which see it, and so are lumens of stores, in which the
    reactions are others. Calcium near a sink that takes s A of it
    falls below the mean by s A / D ℓ, where s is the slope of the flux and ℓ the size: of the control volume of a site,
    or of the terminal for all sites together.

    diffusivity  of calcium, µm² ms⁻¹
    volume       of the cytosol, µm³
    calcium      highest, µM
    """
    depleted = 0.0
    for patch, reaction in zip(patches.patches, patches.reactions, strict=True):
        if patch.mechanism.courses or patch.beyond is not None:
            return False
        if not patch.everywhere:
            alone = float(np.cbrt(patch.areas**2 * patch.weights).max(initial=0.0))
            together = float(patch.areas.sum()) / np.cbrt(volume)
            slope = reaction.slopes[reaction.place(calcium)]
            depleted += slope * max(alone, together) / diffusivity if diffusivity else np.inf
    return bool(depleted <= LEFT_OUT)


def mean_slopes(patches: Patches, calcium: float, sums: np.ndarray) -> list[np.ndarray]:
    """Derivatives of each patch where every row is what it is on average: see `stiffness.jacobian`.

    calcium  mean, µM
    sums     of each row, from Operations.site_sums
    """
    held = np.split(sums, np.cumsum([len(patch.mechanism.rows) for patch in patches.patches])[:-1])
    return [_slopes(patch, calcium, own) for patch, own in zip(patches.patches, held, strict=True)]


def _slopes(patch: Patch, calcium: float, sums: np.ndarray) -> np.ndarray:
    area = float(patch.areas.sum())
    found: np.ndarray = jacobian(patch.mechanism, np.array([calcium]), sums[:, None] / area, area)[0]
    return found


def clearance(patches: Patches, slopes: Sequence[np.ndarray], volume: float) -> float:
    """Rate at which all patches would take free calcium out of a well-mixed terminal, ms⁻¹; volume of it in µm³."""
    each = zip(patches.patches, slopes, strict=True)
    return sum(max(-float(slope[0, 0]), 0.0) * float(patch.areas.sum()) for patch, slope in each) / volume


def settling(slopes: Sequence[np.ndarray], tau: float) -> list[np.ndarray]:
    """What I - τ J of the rows of a site has as its inverse, for each patch, (rows, rows)."""
    return [np.linalg.inv(np.eye(len(slope) - 1) - tau * slope[1:, 1:]) for slope in slopes]
