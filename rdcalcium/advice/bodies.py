"""Whether the cells of a grid find the bodies in them: those that are thin, and the lumens of stores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.advice.cells import nm
from rdcalcium.discretization.space import GridSpace, Space
from rdcalcium.geometry.grid import RectilinearGrid
from rdcalcium.geometry.seen import as_cut, cells_at, widest_seen
from rdcalcium.model import Model, Obstacle
from rdcalcium.solids import Solid, thickness, volume_and_area
from rdcalcium.solids.base import place

OFF = 0.05  # of volume or area, that is told
TOLD = 3  # bodies with a sentence of their own


def bodies(model: Model, space: Space) -> Iterator[str]:
    """What cells make of them; of tetrahedra there is nothing to say."""
    if isinstance(space, GridSpace):
        yield from _thin(model, space.grid)
        yield from _lumens(space.grid)


def _thin(model: Model, grid: RectilinearGrid) -> Iterator[str]:
    """Those that are thinner than cells can tell, the thinnest first."""
    edges = [axis.edges for axis in grid.axes]
    lumens = grid.lumens.names if grid.lumens else ()
    found: list[tuple[float, float, Obstacle]] = []
    for obstacle in model.geometry.solids:
        low, high = cells_at(edges, obstacle.solid)
        width = float((high - low).max(initial=0.0))
        if obstacle.name not in lumens and width > widest_seen(obstacle.solid):
            found.append((thickness(obstacle.solid) / width, width, obstacle))
    found.sort(key=lambda one: one[0])
    for _, width, obstacle in found[:TOLD]:
        if told := _off(grid, obstacle.solid, *as_cut(edges, obstacle.solid)):
            yield (
                f"warning: {obstacle.called} is {nm(thickness(obstacle.solid))} thick, and cells of {nm(width)} find "
                f"{told}: cells of {nm(widest_seen(obstacle.solid))} find all of it, and so do tetrahedra"
            )
    if len(found) > TOLD:
        yield f"warning: {len(found) - TOLD} more obstacles are so thin that cells may not find all of them"


def _lumens(grid: RectilinearGrid) -> Iterator[str]:
    """Those whose stairs are far from what they stand for."""
    if grid.lumens is None:
        return
    edges, volumes = [axis.edges for axis in grid.axes], grid.volumes
    for number, (name, body) in enumerate(zip(grid.lumens.names, grid.lumens.bodies, strict=True), start=1):
        volume = float(volumes[grid.parts == number].sum())
        area = float(grid.lumens.faces(number, edges, grid.fluid, grid.periodic).areas.sum())
        if told := _off(grid, body, volume, area):
            yield (
                f"warning: the lumen {name!r} consists of whole cells, which have {told}; smaller ones come "
                "nearer, and tetrahedra follow its membrane"
            )


def _off(grid: RectilinearGrid, body: Solid, volume: float, area: float) -> str:
    """Volume (µm³) and area (µm²) of a body as cells have them against its own, in words; empty if they are alike."""
    ends = np.array([[axis.edges[end] for axis in grid.axes] for end in (0, -1)])
    margin = 1e-3 * thickness(body)  # a plane face does not lie in one of the box in which lines begin
    low = np.maximum(ends[0], np.array(body.bounds[0]) - margin)
    high = np.minimum(ends[1], np.array(body.bounds[1]) + margin)
    own = volume_and_area(body, place(low), place(high))
    if not all(own) or all(abs(seen / whole - 1) < OFF for seen, whole in zip((volume, area), own, strict=True)):
        return ""
    of_volume, of_area = (f"{100 * seen / whole:.0f} %" for seen, whole in zip((volume, area), own, strict=True))
    return f"{of_volume} of its volume and {of_area} of its surface"
