"""What an implicit step has to know of patches: it inverts diffusion and reaction, but not what happens on surfaces."""

from __future__ import annotations

import numpy as np

from rdcalcium.patches.base import Patch, Patches
from rdcalcium.patches.stiffness import jacobian

# What is left out, as a share of the solution, up to which steps are tried: sweeps make up for most of it, and the
# error of a step tells where they do not. A terminal of 1 µm with the strongest exchanger of the library is at 2.
LEFT_OUT = 3.0


def suits(patches: Patches, diffusivity: float, volume: float, calcium: float, tau: float) -> bool:
    """Whether patches leave a system of I - τ J to sweeps that know no more of them than their mean clearance.

    Rows of sites are left as they are, so what they do by themselves must be slow. And calcium near a sink that takes
    s A of it falls below the mean by s A / D ℓ, where s is the slope of the flux and ℓ the size: of the control volume
    of a site, or of the terminal for all sites together.

    diffusivity  of calcium, µm² ms⁻¹
    volume       of the cytosol, µm³
    calcium      highest, µM
    tau          ms
    """
    depleted = 0.0
    for patch, reaction in zip(patches.patches, patches.reactions, strict=True):
        at = reaction.place(calcium)
        if tau * reaction.rows[at] > LEFT_OUT:
            return False
        if not patch.everywhere:
            alone = float(np.cbrt(patch.areas**2 * patch.weights).max(initial=0.0))
            together = float(patch.areas.sum()) / np.cbrt(volume)
            depleted += reaction.slopes[at] * max(alone, together) / diffusivity if diffusivity else np.inf
    return bool(depleted <= LEFT_OUT)


def clearance(patches: Patches, calcium: float, sums: np.ndarray, volume: float) -> float:
    """Rate at which all patches would take free calcium out of a well-mixed terminal, ms⁻¹.

    calcium  mean, µM
    sums     of each row, from Operations.site_sums
    volume   of the cytosol, µm³
    """
    held = np.split(sums, np.cumsum([len(patch.mechanism.rows) for patch in patches.patches])[:-1])
    return sum(_clearance(patch, calcium, own) for patch, own in zip(patches.patches, held, strict=True)) / volume


def _clearance(patch: Patch, calcium: float, held: np.ndarray) -> float:
    """Slope of the flux through all of a patch by calcium, where every row is what it is on average, µm³ ms⁻¹."""
    area = float(patch.areas.sum())
    slopes = jacobian(patch.mechanism, np.array([calcium]), held[:, None] / area, area)
    return max(-area * float(slopes[0, 0, 0]), 0.0)
