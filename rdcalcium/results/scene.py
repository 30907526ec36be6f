"""What stands in the terminal: the entry "scene" of run.json, which a picture shows besides calcium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdcalcium.errors import InputError

AXES = "xyz"
NAMED = ("channels", "sensors", "probes")  # points with names


@dataclass(frozen=True, eq=False)
class Scene:
    """Box, vesicles and named points; all lengths in µm.

    lower, upper  (3,)    corners of the box; of the whole box, when it was unfolded
    mirrors       axis that each mirror plane is normal to -> where it is; none when it was unfolded
    membrane      height z of the membrane, None where it is no plane
    vesicles      (v, 4)  centre and radius of every sphere
    channels      (c, 3)
    sensors       (s, 3)
    probes        (p, 3)
    names         "vesicles", "channels", "sensors", "probes" -> name of each row; empty when it was unfolded
    """

    lower: np.ndarray
    upper: np.ndarray
    mirrors: Mapping[int, float]
    membrane: float | None
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
            "mirrors": {AXES[axis]: place for axis, place in self.mirrors.items()},
            "membrane": self.membrane,
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
            mirrors = {AXES.index(letter): float(place) for letter, place in entry["mirrors"].items()}
            return cls.of(box["min"], box["max"], mirrors, entry["membrane"], spheres | points)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"its entry 'scene', which says what to draw, is missing or damaged: {error}") from None

    @classmethod
    def of(
        cls,
        lower: Any,
        upper: Any,
        mirrors: Mapping[int, float],
        membrane: float | None,
        things: Mapping[str, list[tuple[str, Any]]],
    ) -> Scene:
        """A scene from its corners, mirrors and membrane, and lists of name and place for each key of `names`.

        The place of a vesicle is its centre and radius.
        """
        rows = {kind: np.array([row for _, row in named], dtype=float) for kind, named in things.items()}
        return cls(
            lower=np.asarray(lower, dtype=float).reshape(3),
            upper=np.asarray(upper, dtype=float).reshape(3),
            mirrors=dict(mirrors),
            membrane=None if membrane is None else float(membrane),
            vesicles=rows["vesicles"].reshape(-1, 4),
            channels=rows["channels"].reshape(-1, 3),
            sensors=rows["sensors"].reshape(-1, 3),
            probes=rows["probes"].reshape(-1, 3),
            names={kind: tuple(name for name, _ in named) for kind, named in things.items()},
        )

    @property
    def floor(self) -> float:
        """Height z from which on pictures show the cytosol: the membrane, or the bottom of the box."""
        return float(self.lower[2]) if self.membrane is None else self.membrane

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
            mirrors={},
            membrane=self.membrane,
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
