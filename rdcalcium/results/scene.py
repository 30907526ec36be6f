"""What stands in the terminal: the entry "scene" of run.json, which a picture shows besides calcium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdcalcium.errors import InputError

NAMED = ("channels", "sensors", "probes")  # points with names


@dataclass(frozen=True, eq=False)
class Scene:
    """Box, vesicles and named points; all lengths in µm.

    lower, upper  (3,)    corners of the box; of the whole box, when it was unfolded
    symmetry      planes of mirror symmetry, by the axis they are normal to
    vesicles      (v, 4)  centre and radius of every sphere
    channels      (c, 3)
    sensors       (s, 3)
    probes        (p, 3)
    names         "vesicles", "channels", "sensors", "probes" -> name of each row; empty when it was unfolded
    """

    lower: np.ndarray
    upper: np.ndarray
    symmetry: tuple[str, ...]
    vesicles: np.ndarray
    channels: np.ndarray
    sensors: np.ndarray
    probes: np.ndarray
    names: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """The entry "scene" of run.json; from_json reads it back."""
        rows = zip(self.names["vesicles"], self.vesicles.tolist(), strict=True)
        return {
            "box": {"min": self.lower.tolist(), "max": self.upper.tolist()},
            "symmetry": list(self.symmetry),
            "spheres": [{"name": name, "centre": row[:3], "radius": row[3]} for name, row in rows],
            **{kind: self._points_to_json(kind) for kind in NAMED},
        }

    def _points_to_json(self, kind: str) -> list[dict[str, Any]]:
        rows = zip(self.names[kind], getattr(self, kind).tolist(), strict=True)
        return [{"name": name, "position": row} for name, row in rows]

    @classmethod
    def from_json(cls, entry: Any) -> Scene:
        """Read what to_json wrote; raises InputError where that is damaged."""
        try:
            spheres = {"vesicles": [(s["name"], [*s["centre"], s["radius"]]) for s in entry["spheres"]]}
            points = {kind: [(thing["name"], thing["position"]) for thing in entry[kind]] for kind in NAMED}
            box = entry["box"]
            return cls.of(box["min"], box["max"], entry["symmetry"], spheres | points)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"its entry 'scene', which says what to draw, is missing or damaged: {error}") from None

    @classmethod
    def of(cls, lower: Any, upper: Any, symmetry: Any, things: Mapping[str, list[tuple[str, Any]]]) -> Scene:
        """A scene from its corners, its symmetry, and lists of name and place for each key of `names`.

        The place of a vesicle is its centre and radius.
        """
        rows = {kind: np.array([row for _, row in named], dtype=float) for kind, named in things.items()}
        return cls(
            lower=np.asarray(lower, dtype=float).reshape(3),
            upper=np.asarray(upper, dtype=float).reshape(3),
            symmetry=tuple(symmetry),
            vesicles=rows["vesicles"].reshape(-1, 4),
            channels=rows["channels"].reshape(-1, 3),
            sensors=rows["sensors"].reshape(-1, 3),
            probes=rows["probes"].reshape(-1, 3),
            names={kind: tuple(name for name, _ in named) for kind, named in things.items()},
        )

    @property
    def membrane(self) -> float:
        """Height z of the active zone's membrane: that of the lowest channel, else the floor of the box."""
        return float(self.channels[:, 2].min()) if len(self.channels) else float(self.lower[2])

    @property
    def mirrors(self) -> dict[int, float]:
        """Axis -> position of each mirror: the upper face of the box if it is at zero, else the lower one."""
        axes = ["xyz".index(name) for name in self.symmetry]
        return {a: float(self.upper[a] if np.isclose(self.upper[a], 0) else self.lower[a]) for a in axes}

    def unfolded(self) -> Scene:
        """The same scene with every mirror image drawn; an image has no name."""
        lower, upper = self.lower.copy(), self.upper.copy()
        for axis, mirror in self.mirrors.items():
            lower[axis], upper[axis] = (
                min(lower[axis], 2 * mirror - upper[axis]),
                max(upper[axis], 2 * mirror - lower[axis]),
            )
        return Scene(
            lower=lower,
            upper=upper,
            symmetry=(),
            vesicles=self._reflected(self.vesicles),
            channels=self._reflected(self.channels),
            sensors=self._reflected(self.sensors),
            probes=self._reflected(self.probes),
            names={},
        )

    def _reflected(self, rows: np.ndarray) -> np.ndarray:
        for axis, mirror in self.mirrors.items():
            image = rows.copy()
            image[:, axis] = 2 * mirror - image[:, axis]
            rows = np.concatenate([rows, image])
        return np.unique(rows.round(9), axis=0)
