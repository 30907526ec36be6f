"""What stands in the terminal: the entry "scene" of run.json, which a picture shows besides calcium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.solids import Solid, from_data, mirrored, to_data

AXES = "xyz"
NAMED = ("channels", "sensors", "probes")  # points with names


@dataclass(frozen=True, eq=False)
class Scene:
    """Box, vesicles, other bodies and named points; all lengths in µm.

    lower, upper  (3,)    corners of the box; of the whole box, when it was unfolded
    mirrors       axis that each mirror plane is normal to -> where it is; none when it was unfolded
    membrane      height z of the membrane, None where it is no plane
    vesicles      (v, 4)  centre and radius of every sphere
    bodies        what else stands in the cytosol
    channels      (c, 3)
    sensors       (s, 3)
    probes        (p, 3)
    names         "vesicles", "bodies", "channels", "sensors", "probes" -> name of each row; empty when it was unfolded
    periodic      axes along which the box is one tile of many
    outline       the whole terminal, where it is no box and its form is known
    """

    lower: np.ndarray
    upper: np.ndarray
    mirrors: Mapping[int, float]
    membrane: float | None
    vesicles: np.ndarray
    bodies: tuple[Solid, ...]
    channels: np.ndarray
    sensors: np.ndarray
    probes: np.ndarray
    names: Mapping[str, tuple[str, ...]]
    periodic: tuple[int, ...] = ()
    outline: Solid | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry "scene" of run.json; from_json reads it back."""
        rows = zip(self.names["vesicles"], self.vesicles.tolist(), strict=True)
        return {
            "box": {"min": self.lower.tolist(), "max": self.upper.tolist()},
            "mirrors": {AXES[axis]: place for axis, place in self.mirrors.items()},
            **({"periodic": [AXES[axis] for axis in self.periodic]} if self.periodic else {}),
            **({"outline": to_data(self.outline)} if self.outline else {}),
            "membrane": self.membrane,
            "spheres": [{"name": name, "centre": row[:3], "radius": row[3]} for name, row in rows],
            "bodies": [
                {"name": name, "solid": to_data(body)}
                for name, body in zip(self.names["bodies"], self.bodies, strict=True)
            ],
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
            bodies = [(body["name"], from_data(body["solid"])) for body in entry["bodies"]]
            points = {kind: [(thing["name"], thing["position"]) for thing in entry[kind]] for kind in NAMED}
            box = entry["box"]
            mirrors = {AXES.index(letter): float(place) for letter, place in entry["mirrors"].items()}
            periodic = [AXES.index(letter) for letter in entry.get("periodic", ())]
            outline = from_data(entry["outline"]) if "outline" in entry else None
            return cls.of(
                box["min"], box["max"], mirrors, entry["membrane"], spheres | points, bodies, periodic, outline
            )
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
        bodies: list[tuple[str, Solid]],
        periodic: Iterable[int] = (),
        outline: Solid | None = None,
    ) -> Scene:
        """A scene from its corners, mirrors, membrane, lists of name and place for other keys of `names`, and bodies.

        The place of a vesicle is its centre and radius.
        """
        rows = {kind: np.array([row for _, row in named], dtype=float) for kind, named in things.items()}
        return cls(
            lower=np.asarray(lower, dtype=float).reshape(3),
            upper=np.asarray(upper, dtype=float).reshape(3),
            mirrors=dict(mirrors),
            membrane=None if membrane is None else float(membrane),
            vesicles=rows["vesicles"].reshape(-1, 4),
            bodies=tuple(body for _, body in bodies),
            channels=rows["channels"].reshape(-1, 3),
            sensors=rows["sensors"].reshape(-1, 3),
            probes=rows["probes"].reshape(-1, 3),
            names={kind: tuple(name for name, _ in named) for kind, named in {**things, "bodies": bodies}.items()},
            periodic=tuple(periodic),
            outline=outline,
        )

    @property
    def of_bodies(self) -> list[str]:
        """What the bodies are called, each name once."""
        return sorted({str(body.names(np.zeros((1, 3)))[0]) for body in self.bodies})

    def cut_by(self, lower: np.ndarray, upper: np.ndarray) -> list[str]:
        """Names of the bodies that are in a box (3,) to (3,) µm, and in the terminal also beyond it."""
        boxes = [(np.clip(body.bounds, self.lower, self.upper), body) for body in self.bodies]
        cut = {
            str(body.names(low[None])[0])
            for (low, high), body in boxes
            if (low < upper).all() and (high > lower).all() and ((low < lower) | (high > upper)).any()
        }
        return sorted(cut)

    @property
    def remark(self) -> str:
        """What a picture says of a box that is one of many, or a part of what is drawn; an empty text of any other."""
        part = {0: "", 1: "the computed half and its mirror image", 2: "the computed quarter and its mirror images"}
        tile = f"one tile of many along {' and '.join(AXES[a] for a in self.periodic)}" if self.periodic else ""
        return ", ".join(filter(None, [part[len(self.mirrors)], tile]))

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
            vesicles=self.reflected(self.vesicles),
            bodies=self._with_images(),
            channels=self.reflected(self.channels),
            sensors=self.reflected(self.sensors),
            probes=self.reflected(self.probes),
            names={},
            periodic=self.periodic,
            outline=self.outline,
        )

    def outside(self, points: np.ndarray, upto: float) -> np.ndarray:
        """At most the distance of points (p, 3) from what stands in the cytosol, (p,) µm: negative inside.

        upto  µm; beyond that it says no more than that
        """
        return np.minimum(self.from_vesicles(points, upto), self.from_bodies(points, upto))

    def from_vesicles(self, points: np.ndarray, upto: float) -> np.ndarray:
        """The same of vesicles alone."""
        distance = np.full(len(points), upto)
        for *centre, radius in self.vesicles:
            np.minimum(distance, np.linalg.norm(points - centre, axis=1) - radius, out=distance)
        return distance

    def from_bodies(self, points: np.ndarray, upto: float) -> np.ndarray:
        """The same of the other bodies alone."""
        distance = np.full(len(points), upto)
        for body in self.bodies:
            low, high = np.array(body.bounds) + np.array([[-upto], [upto]])
            near = np.flatnonzero(((points > low) & (points < high)).all(axis=1))
            distance[near] = np.minimum(distance[near], -body.depth(points[near]))
        return distance

    def _with_images(self) -> tuple[Solid, ...]:
        bodies = self.bodies
        for axis, mirror in self.mirrors.items():
            bodies += tuple(mirrored(body, axis, mirror) for body in bodies)
        return bodies

    def reflected(self, rows: np.ndarray) -> np.ndarray:
        """Rows (n, 3 or more) that begin with a place, and their mirror images; each once."""
        for axis, mirror in self.mirrors.items():
            image = rows.copy()
            image[:, axis] = 2 * mirror - image[:, axis]
            rows = np.concatenate([rows, image])
        return np.unique(rows.round(9), axis=0)
