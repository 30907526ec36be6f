"""What an implicit step has to know of patches: it inverts diffusion and reaction, but not what happens on surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rdcalcium.patches.base import Patch, Patches, Stiffness
from rdcalcium.patches.stiffness import jacobian

# What is left out, as a share of the solution, up to which steps are tried: sweeps make up for most of it, and the
# error of a step tells where they do not. A terminal of 1 µm with the strongest exchanger of the library is at 2.
LEFT_OUT = 3.0


class Room(NamedTuple):
    """A part of the terminal: diffusivity of calcium in it, µm² ms⁻¹, and its volume, µm³."""

    diffusivity: float
    volume: float


def suits(patches: Patches, rooms: Sequence[Room], calcium: float, begin: float, end: float) -> bool:
    """Whether patches leave a system of I - τ J to sweeps that know no more of them than their mean slopes.

    What follows a course of time that changes then is left to explicit steps, which see it. Calcium near a sink that
    takes s A of it falls below the mean by s A / D ℓ, where s is the slope of the flux and ℓ the size: of the control
    volume of a site, or of the part of the terminal for all sites together.

    rooms    the cytosol, and each lumen
    calcium  highest, µM
    begin    of a step, and its end, ms
    """
    depleted = np.zeros(len(rooms))
    for patch, stiffness in zip(patches.patches, patches.stiffnesses, strict=True):
        if not all(course.rests(begin, end) for course in patch.mechanism.courses.values()):
            return False
        if not patch.everywhere:
            depleted[patch.parts[0]] += _depletion(patch, stiffness, rooms[patch.parts[0]], calcium)
    return bool(depleted.max(initial=0.0) <= LEFT_OUT)


def _depletion(patch: Patch, stiffness: Stiffness, room: Room, calcium: float) -> float:
    """Share of the mean by which calcium falls below it near the sites of a patch."""
    alone = float(np.cbrt(patch.extents**2 * patch.weights).max(initial=0.0))
    together = float(patch.extents.sum()) / np.cbrt(room.volume)
    slope = float(stiffness.slopes[stiffness.place(calcium)])
    return slope * max(alone, together) / room.diffusivity if room.diffusivity else np.inf


def mean_slopes(patches: Patches, calcium: Sequence[float], sums: np.ndarray) -> list[np.ndarray]:
    """Derivatives of each patch where every row is what it is on average: see `stiffness.jacobian`.

    What a membrane takes on one side follows that side alone, as far as is known here; sweeps see the other one.

    calcium  mean in the cytosol and in each lumen, µM
    sums     of each row, from Operations.site_sums
    """
    held = np.split(sums, np.cumsum([len(patch.mechanism.rows) for patch in patches.patches])[:-1])
    return [_slopes(patch, calcium, own) for patch, own in zip(patches.patches, held, strict=True)]


def _slopes(patch: Patch, calcium: Sequence[float], sums: np.ndarray) -> np.ndarray:
    area, (here, beyond) = float(patch.extents.sum()), patch.parts
    rows, total = sums[:, None] / area, area
    if patch.beyond is not None:  # its first row changes nothing: in its place stands calcium beyond
        rows[0], total = calcium[beyond], 1.0
    found: np.ndarray = jacobian(patch.mechanism, np.array([calcium[here]]), rows, total)[0]
    if patch.beyond is not None:
        found[:, 1] = 0.0
    if patch.mechanism.courses:  # which rest while the clock goes on
        found[:, -1] = 0.0
    return found


def clearance(patches: Patches, slopes: Sequence[np.ndarray], part: int, volume: float) -> float:
    """Rate at which all patches of a part would take free calcium out of it, if it is well mixed, ms⁻¹.

    volume  of the part, µm³
    """
    each = [(slope, patch) for patch, slope in zip(patches.patches, slopes, strict=True) if patch.parts[0] == part]
    return sum(max(-float(slope[0, 0]), 0.0) * float(patch.extents.sum()) for slope, patch in each) / volume


def settling(slopes: Sequence[np.ndarray], tau: float) -> list[np.ndarray]:
    """What I - τ J of the rows of a site has as its inverse, for each patch, (rows, rows)."""
    return [np.linalg.inv(np.eye(len(slope) - 1) - tau * slope[1:, 1:]) for slope in slopes]
