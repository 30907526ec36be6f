"""What is said of a closed surface that Gmsh cannot mesh: why, and which other lengths may do."""

from __future__ import annotations

from pathlib import Path

from rdcalcium.errors import InputError
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.model.shapes.described import Described
from rdcalcium.model.triangulated import Triangulated
from rdcalcium.surfaces.edges import mean_edge
from rdcalcium.surfaces.handles import handles
from rdcalcium.surfaces.simplifying import FEWEST
from rdcalcium.units import nanometres

STAIRS_AWAY = 10  # voxels, over which stairs are smoothed away; triangles of marching cubes have sides of one
OTHERS = (1.5, 2 / 3)  # of a smoothing that did not do, which are looked at
COARSER = 2  # times the simplification that did not do


class UnmeshedError(InputError):
    """Gmsh made no mesh; the sentence says what it found, and not yet what to try.

    body  number of the surface at fault: 0 is that of the terminal, and obstacles follow; None if it is not known
    """

    def __init__(self, trouble: str, body: int | None = None):
        super().__init__(trouble)
        self.trouble, self.body = trouble, body

    def __reduce__(self) -> tuple[type[UnmeshedError], tuple[str, int | None]]:
        return UnmeshedError, (self.trouble, self.body)


def cannot_mesh(shape: Described, error: UnmeshedError, within: float) -> InputError:
    """The same error with what to try.

    within  µm, by which surfaces were simplified that say nothing else
    """
    body: Described | Obstacle = shape.obstacles[error.body - 1] if error.body else shape
    if not isinstance(body, Triangulated):
        return InputError(f"Gmsh cannot mesh one of the obstacles, a {body.kind} ({error}): another size of it may do")
    triangles = body.closed.triangles
    more = "".join(f"; it has {told}" for told in handles(triangles))
    ways = [*_smoothings(body), *_simplifications(body, within)]
    if error.body is None and shape.obstacles:
        ways.append("obstacles further from each other and from the membrane")
    ways.append('[discretization] kind = "grid", which takes any closed surface')
    return InputError(
        f"Gmsh cannot mesh {Path(body.files[0]).name}, of {len(triangles.faces):,} triangles ({error}){more}: "
        f"try {', or '.join(ways)}"
    )


def _smoothings(body: Triangulated) -> list[str]:
    """Lengths over which it may be smoothed without going through itself."""
    triangles = body.closed.triangles
    if body.smoothing is None:
        if len(triangles.faces) <= FEWEST:
            return []
        return [f'smoothing = "{nanometres(STAIRS_AWAY * mean_edge(triangles), 1)}", below which bumps go']
    found = [f'"{nanometres(length, 2)}"' for k in OTHERS if _takes(body, length := k * body.smoothing)]
    return [f"smoothing = {' or '.join(found)} instead of {nanometres(body.smoothing)}"] if found else []


def _takes(body: Triangulated, length: float) -> bool:
    """Whether it does not go through itself when it is smoothed over a length, µm."""
    try:
        return bool(body.model_copy(update={"smoothing": length}).closed)
    except InputError:
        return False


def _simplifications(body: Triangulated, within: float) -> list[str]:
    now = body.simplification or within
    if len(body.closed.triangles.faces) <= FEWEST:
        return []
    return [f'simplification = "{nanometres(COARSER * now, 2)}" instead of {nanometres(now, 2)}']
