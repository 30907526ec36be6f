"""Where the numbers come from: machine, mesh, and what stands in the terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.discretization import Discretization
from rdcalcium.discretization.way import widths_on_the_way
from rdcalcium.machine import machine
from rdcalcium.model import Model
from rdcalcium.results.about import Machine, Volumes
from rdcalcium.results.scene import Scene
from rdcalcium.solids import Ball, Block, Solid
from rdcalcium.solids.base import place
from rdcalcium.solids.periodic import nearest_image

DRAWN = 3e-3  # of the size of a picture, by which surfaces of files may be off in it: run.json holds few triangles
PLANE = 1e-3  # of the size of a mesh, by which the heights of a plane membrane may differ


def computed_by(operations: Operations, reason: str) -> Machine:
    """What a run ran on, and with."""
    found = machine(operations.software())
    found["threads"] = operations.threads or found["threads"]
    return Machine(backend=operations.name, reason=reason, device=operations.device, **found)


def about_discretization(d: Discretization, model: Model) -> Volumes:
    """Sizes and quality of the control volumes of a model."""
    figures: dict[str, Any] = d.quality.figures()
    widths, remarks = widths_on_the_way(model, d.locator), model.geometry.remarks
    return Volumes(
        kind=d.kind,
        count=int(np.count_nonzero(d.volumes)),
        volume=d.total_volume,
        surfaces={name: float(s.areas.sum()) for name, s in d.surfaces.items()},
        lumens={name: float(d.part_volumes(k).sum()) for k, name in enumerate(d.membranes, start=1)} or None,
        widths=None if widths is None else dict(zip(model.watched, widths.tolist(), strict=True)),
        remarks=[*remarks, *d.quality.remarks] or None,
        **figures,
    )


def scene(model: Model, discretization: Discretization) -> Scene:
    """What a picture of the run shows besides calcium; without known bounds the corners are those of the mesh."""
    lower, upper = _corners(model, discretization)
    shape = model.geometry.simplified(DRAWN * float((upper - lower).max()))
    solids: list[tuple[str, Any]] = [(o.name, o.solid) for _, o in shape.reaching(place(lower), place(upper))]
    bodies = [(name, body) for name, body in solids if not _is_sphere(body)]
    things: dict[str, list[tuple[str, Any]]] = {
        "vesicles": [(name, (*body.centre, body.semi_axes[0])) for name, body in solids if _is_sphere(body)],
        "channels": [(group.name, p) for group in model.channels for p in group.points],
        "sensors": list(model.sensor_points.items()),
        "probes": list(model.probe_points.items()),
    }
    middle = (lower + upper) / 2
    for kind in ("channels", "sensors", "probes"):
        things[kind] = [(name, nearest_image(np.array(p), middle, model.geometry.periods)) for name, p in things[kind]]
    planes, height = model.geometry.mirrors, _membrane_height(model, discretization)
    outline = None if isinstance(shape.outline, Block) else shape.outline
    return Scene.of(lower, upper, planes, height, things, bodies, [*discretization.periods], outline)


def _corners(model: Model, discretization: Discretization) -> tuple[np.ndarray, np.ndarray]:
    """Of the picture, (3,) µm each; a tile begins where its control volumes do."""
    centres = discretization.centres
    lower, upper = map(np.array, model.geometry.bounds or (centres.min(axis=0), centres.max(axis=0)))
    for axis, period in discretization.periods.items():
        lower[axis] = discretization.picture.points[:, axis].min()
        upper[axis] = lower[axis] + period
    return lower, upper


def _is_sphere(solid: Solid) -> bool:
    return isinstance(solid, Ball) and solid.is_sphere


def _membrane_height(model: Model, discretization: Discretization) -> float | None:
    """That of the shape; of a mesh that of its named surface, else of the channels, if they lie at one height; µm."""
    height = model.geometry.membrane_height
    if height is not None or model.geometry.outline:  # it knows, and a round one has none
        return height
    surface = discretization.surfaces.get(model.geometry.membrane_surface)
    if model.geometry.brings_cells and surface:
        heights = discretization.centres[surface.indices, 2]  # the nodes of the mesh
    else:
        heights = np.array([p[2] for p in model.points_on_membrane().values()])
    plane = len(heights) and np.ptp(heights) < PLANE * np.ptp(discretization.centres)
    return float(heights.mean()) if plane else None
