"""Obstacles that were hardly meant to be where they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.model.model import Model
from rdcalcium.model.obstacles import Obstacle
from rdcalcium.model.obstacles.standing import Standing
from rdcalcium.solids import Solid, share_space
from rdcalcium.solids.periodic import reflected
from rdcalcium.units import SAME_PLACE, nanometres

SAMPLES = 200  # points at which a body and its mirror image are compared
SAY = 'say overlap = "meant" in [geometry]'
OFF = 0.001  # µm, by which a foot may be off the membrane: coordinates are in nm


def overlaps(model: Model) -> Iterator[str]:
    """Obstacles that share space, unless the geometry says that this is meant."""
    if model.geometry.may_overlap:
        return
    obstacles = model.geometry.solids
    numbers, all_of_them = zip(*enumerate(obstacles), *model.geometry.images, strict=True) if obstacles else ((), ())
    bodies = [obstacle.solid for obstacle in all_of_them]
    found = {(numbers[i], numbers[j]) for i, j in _near_pairs(bodies) if share_space(bodies[i], bodies[j])}
    pairs = [
        f"{i + 1} ({obstacles[i].name}) and {j + 1} ({obstacles[j].name})"
        for i, j in sorted({(min(pair), max(pair)) for pair in found})
    ]
    if pairs:
        more = f", the first of {len(pairs)} pairs" if pairs[1:] else ""
        yield f"obstacles {pairs[0]} overlap{more}: is that meant? If so, {SAY}"


def _near_pairs(bodies: list[Solid]) -> list[tuple[int, int]]:
    """Numbers of those whose boxes touch, the lower one first."""
    low, high = np.array([body.bounds for body in bodies]).reshape(-1, 2, 3).swapaxes(0, 1)
    touching = (low[:, None] <= high).all(axis=-1) & (low <= high[:, None]).all(axis=-1)
    return [(i, j) for i, j in np.argwhere(np.triu(touching, 1)).tolist()]


def over_mirrors(model: Model) -> Iterator[str]:
    """Obstacles that share space with their own mirror images, unless the geometry says that this is meant."""
    if model.geometry.may_overlap:
        return
    for i, obstacle in enumerate(model.geometry.solids):
        for axis, plane in model.geometry.mirrors.items():
            if _reaches_over(obstacle.solid, axis, plane):
                letter = "xyz"[axis]
                yield (
                    f"{_which(i, obstacle)} reaches over the mirror plane {letter} = {plane:g} and overlaps with its "
                    f"mirror image: is that meant? If not, place it on the plane or clear of it, or leave {letter} out "
                    f"of symmetry; if so, {SAY}"
                )


def _reaches_over(body: Solid, axis: int, plane: float) -> bool:
    """Whether a body is on both sides of a plane, and not alike on both."""
    low, high = body.bounds
    if not low[axis] < plane - SAME_PLACE < high[axis]:
        return False
    points = np.random.default_rng(1).uniform(low, high, (SAMPLES, 3))
    images = reflected(points, {axis: plane})
    return bool(np.abs(body.depth(points) - body.depth(images)).max() > SAME_PLACE)


def outside(model: Model) -> Iterator[str]:
    """Obstacles that share no space with the terminal."""
    outline = model.geometry.outline
    if outline is None:
        return
    for i, obstacle in enumerate(model.geometry.solids):
        middle = np.mean(obstacle.solid.bounds, axis=0, keepdims=True)
        there = min(obstacle.solid.depth(middle)[0], outline.depth(middle)[0]) > SAME_PLACE
        if not there and not share_space(obstacle.solid, outline):
            yield f"{_which(i, obstacle)} is wholly outside the terminal, and in the way of nothing: is that meant?"


def off_the_membrane(model: Model) -> Iterator[str]:
    """Ribbons and T-bars whose foot is not on the membrane."""
    outline = model.geometry.outline
    for i, obstacle in enumerate(model.geometry.solids):
        if outline is None or not isinstance(obstacle, Standing):
            continue
        depth = float(outline.depth(np.array([obstacle.foot]))[0])
        if abs(depth) > OFF:
            side = "above the membrane" if depth > 0 else "outside the terminal"
            yield f"{_which(i, obstacle)} has its foot {nanometres(abs(depth), 3)} {side}: is that meant?"


def _which(i: int, obstacle: Obstacle) -> str:
    """What a sentence calls it."""
    return f"obstacle {i + 1}, {obstacle.name!r} {obstacle.place},"
