"""What is in a terminal while rules are followed: what the model lists, and what rules have placed so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rdcalcium.model import Model
from rdcalcium.model.placeable import Ruled
from rdcalcium.placement.crowd import Crowd
from rdcalcium.placement.membrane import Membrane
from rdcalcium.solids import Solid


class Group(NamedTuple):
    """Some that a rule has placed.

    radius  of each, µm; 0 of what has no size
    points  (n, 3) µm; centres of vesicles
    feet    (n, 3) µm, above which they were placed, even where the membrane is nearer on another side
    """

    radius: float
    points: np.ndarray
    feet: np.ndarray


@dataclass(frozen=True, eq=False)
class There:
    """What is in a terminal; it grows by `add`.

    groups    key of a list of the model, and name -> those of each zone that have been placed
    vesicles  those that have been placed
    """

    model: Model
    membrane: Membrane
    vesicles: Crowd
    groups: dict[tuple[str, str], list[Group]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model) -> There:
        """What the model lists; nothing has been placed."""
        return cls(model, Membrane.of(model), Crowd(model.geometry))

    def add(self, one: Ruled, points: np.ndarray, feet: np.ndarray) -> None:
        """More of a group, (n, 3) each."""
        self.groups.setdefault((one.kind, one.name), []).append(Group(one.radius, points, feet))
        if one.radius:
            self.vesicles.add(points, one.radius)

    def points(self, kind: str, name: str) -> list[tuple[float, float, float]]:
        """Where those of a group have been placed."""
        return [tuple(point) for group in self.groups.get((kind, name), ()) for point in group.points.tolist()]

    def feet(self, name: str) -> np.ndarray:
        """Of all those of a name, placed ones after those that the model lists, (m, 3) µm."""
        listed = self.membrane.feet(np.array([*self._listed(name)]).reshape(-1, 3))
        placed = [group.feet for (_, other), groups in self.groups.items() for group in groups if other == name]
        return np.concatenate([listed, *placed])

    def _listed(self, name: str) -> Iterator[np.ndarray]:
        """Where those of a name are that the model lists: of bodies their centres."""
        for body in self.model.geometry.solids:
            if body.name == name:
                yield np.mean(body.solid.bounds, axis=0)
        for group in self.model.channels:
            yield from map(np.array, group.points if group.name == name else ())
        for sensor in self.model.sensors:
            yield from map(np.array, sensor.positions if sensor.name == name else ())

    @property
    def bodies(self) -> tuple[Solid, ...]:
        """Those that the model lists."""
        return tuple(obstacle.solid for obstacle in self.model.geometry.solids)
