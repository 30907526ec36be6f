"""Bodies that share a name one by one, as vesicle.1 and vesicle.2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rdcalcium.model.obstacles.base import Obstacle


def numbered(obstacles: Sequence[Obstacle]) -> dict[str, Obstacle]:
    """Name of each body by itself, NAME.k for the k-th of its name from 1 on -> that body."""
    counted, found = Counter[str](), dict[str, Obstacle]()
    for obstacle in obstacles:
        counted[obstacle.name] += 1
        found[f"{obstacle.name}.{counted[obstacle.name]}"] = obstacle
    return found


def surface_names(obstacles: Sequence[Obstacle]) -> list[str]:
    """What their surfaces are called, for a message: of those that share a name, this name, the first and the last."""
    found = list[str]()
    for name, count in Counter(obstacle.name for obstacle in obstacles).items():
        found += [name, f"{name}.1", f"{name}.{count}"] if count > 1 else [name]
    return found
