"""Whether the clefts between the membrane and what is above it are resolved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.advice.cells import ROUNDING, along, nm
from rdcalcium.advice.together import Said, Watched, together, watched
from rdcalcium.discretization import Locator
from rdcalcium.model import Grid, Model
from rdcalcium.placement.membrane import Membrane
from rdcalcium.solids import slopes, ways_to
from rdcalcium.units import counted

SAME = 1e-6  # µm, as near to the membrane as which a point is on it
BELOW = 1e-5  # µm; so far below a point what is over it is looked for: what it touches there is the end of its gap
BESIDE = 1e-3  # of the way to the membrane, before whose end its normal is taken: on an edge it has none
NARROW = 0.1  # of a cell, what a gap has to be at least: calcium in one of an eighth was found right to 0.5 %
STRAIGHT = 0.99  # least cosine between that way and the normal


def gaps(model: Model, locator: Locator) -> Iterator[str]:
    """Whether the gap between the membrane and an obstacle above a sensor or probe is resolved, along the normal.

    One that touches an obstacle from below, as a sensor at the underside of its vesicle, lies in the gap under it. One
    in an obstacle, as a probe in the lumen of a store, or on top of it, is not under it.
    """
    those, obstacles = watched(model), model.geometry.standing
    if not those or not obstacles or model.geometry.outline is None:
        return
    membrane, points = Membrane.of(model), np.array([one.point for one in those])
    feet = membrane.feet(points)
    normals = _normals(membrane, points, feet)
    straight = np.flatnonzero(np.isfinite(normals).all(axis=1))
    heights = np.linalg.norm(points - feet, axis=1)
    lowered = np.minimum(heights, BELOW)
    starts = (points - lowered[:, None] * normals)[straight]
    ways = np.full((len(obstacles), len(points)), np.inf)
    for way, obstacle in zip(ways, obstacles, strict=True):
        way[straight] = ways_to(obstacle.solid, starts, normals[straight])
    ways[ways == 0] = np.inf
    widths = np.where(along(normals), locator.widths(feet), 0.0).max(axis=1)
    nearest, sizes = ways.argmin(axis=0), heights - lowered + ways.min(axis=0)
    on_grid = isinstance(model.discretization, Grid)
    said = (
        _said(those[k], sizes[k], obstacles[nearest[k]].name, widths[k], normals[k] if on_grid else None)
        for k in np.flatnonzero(np.isfinite(sizes))
    )
    yield from together(said, ends=("lowest", "highest"))


def _normals(membrane: Membrane, points: np.ndarray, feet: np.ndarray) -> np.ndarray:
    """Unit normals of the membrane under points (n, 3), into the cytosol, (n, 3); nan where it is not straight below.

    feet  (n, 3) the nearest points of the membrane
    """
    ways = points - feet
    far = np.linalg.norm(ways, axis=1, keepdims=True)
    normals = slopes(membrane.solid, feet + BESIDE * ways)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[((ways * normals).sum(axis=1) < STRAIGHT * far[:, 0]) & (far[:, 0] > SAME)] = np.nan
    normals[~membrane.contains(feet)] = np.nan
    return np.where((far > SAME) & np.isfinite(normals), ways / np.maximum(far, SAME), normals)


def _said(one: Watched, gap: float, obstacle: str, width: float, normal: np.ndarray | None) -> Said:
    """What to say of one in a gap (µm) under an obstacle, where cells are so wide (µm); a normal on a grid alone."""
    cells = f"{counted(gap / width, 'cell')} of {nm(width)}"
    axes = (
        [] if normal is None else [letter for letter, goes in zip("xyz", along(normal[None])[0], strict=True) if goes]
    )
    finer = f" along {' and '.join(axes)}" if axes else ""
    remedy = f"too little of one for its calcium to be known: choose a smaller size_at_active_zone{finer}"
    text = f"{one.name} lies in the gap of {nm(gap)} under {obstacle!r}, {cells}"
    return Said(one.kind, text, "" if gap >= NARROW * width * ROUNDING else remedy, gap / width)
