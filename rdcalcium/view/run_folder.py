"""What a picture needs from a run folder: the scene, the tables and the snapshots, without the solver."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.results.vtkhdf import Snapshots, read_snapshots

CALCIUM = "Ca (uM)"
TIME = "time (ms)"
SNAPSHOTS = "result.vtkhdf"


@dataclass(frozen=True)
class Scene:
    """What stands in the terminal; all lengths in µm.

    lower, upper  (3,)    corners of the box; of the whole box, when it was unfolded
    symmetry      planes of mirror symmetry, by the axis they are normal to
    vesicles      (v, 4)  centre and radius of every sphere
    channels      (c, 3)
    sensors       (s, 3)
    """

    lower: np.ndarray
    upper: np.ndarray
    symmetry: tuple[str, ...]
    vesicles: np.ndarray
    channels: np.ndarray
    sensors: np.ndarray

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
        """The same scene with every mirror image drawn."""
        lower, upper = self.lower.copy(), self.upper.copy()
        for axis, mirror in self.mirrors.items():
            lower[axis], upper[axis] = (
                min(lower[axis], 2 * mirror - upper[axis]),
                max(upper[axis], 2 * mirror - lower[axis]),
            )
        things = (self._reflected(rows) for rows in (self.vesicles, self.channels, self.sensors))
        return Scene(lower, upper, (), *things)

    def _reflected(self, rows: np.ndarray) -> np.ndarray:
        for axis, mirror in self.mirrors.items():
            image = rows.copy()
            image[:, axis] = 2 * mirror - image[:, axis]
            rows = np.concatenate([rows, image])
        return np.unique(rows.round(9), axis=0)


class RunFolder:
    """One run on disk. Reading is lazy: a missing table matters only to the picture that shows it."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_dir():
            raise FileNotFoundError(f"there is no run folder {self.path}")

    @cached_property
    def about(self) -> dict:
        """Contents of run.json."""
        path = self.path / "run.json"
        if not path.is_file():
            raise FileNotFoundError(f"{self.path} is not a run folder: it has no run.json")
        return json.loads(path.read_text(encoding="utf-8"))

    @cached_property
    def scene(self) -> Scene:
        """What stands in the terminal, as the run wrote it down."""
        if "scene" not in self.about:
            raise InputError(f"{self.path / 'run.json'} has no entry 'scene', which says what to draw")
        scene = self.about["scene"]
        spheres = [[*sphere["centre"], sphere["radius"]] for sphere in scene.get("spheres", [])]
        points = {k: [thing["position"] for thing in scene.get(k, [])] for k in ("channels", "sensors")}
        return Scene(
            lower=np.asarray(scene["box"]["min"], dtype=float),
            upper=np.asarray(scene["box"]["max"], dtype=float),
            symmetry=tuple(scene.get("symmetry", ())),
            vesicles=np.asarray(spheres, dtype=float).reshape(-1, 4),
            channels=np.asarray(points["channels"], dtype=float).reshape(-1, 3),
            sensors=np.asarray(points["sensors"], dtype=float).reshape(-1, 3),
        )

    @cached_property
    def snapshots(self) -> Snapshots:
        """The completed snapshots; at least one, with calcium in it."""
        path = self.path / SNAPSHOTS
        if not path.is_file():
            raise FileNotFoundError(f"{self.path} has no {SNAPSHOTS}; set [record] snapshots in the model")
        snapshots = read_snapshots(path)
        if not len(snapshots.times):
            raise InputError(f"{path} holds no completed snapshot; the run ended before its first one")
        if CALCIUM not in snapshots.labels:
            raise InputError(f"{path} holds {', '.join(snapshots.labels)}, but no {CALCIUM!r}")
        return snapshots

    def table(self, name: str) -> dict[str, np.ndarray]:
        """Columns of a CSV file by their heading; empty where the run wrote no such file.

        A last line that a killed run left unfinished is dropped.
        """
        path = self.path / name
        if not path.is_file():
            return {}
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file)) or [[]]
        if rows and len(rows[-1]) != len(head):
            rows = rows[:-1]
        numbers = np.array(rows, dtype=float).reshape(len(rows), len(head))
        return dict(zip(head, numbers.T, strict=True))

    def nearest(self, time: float | str | None) -> int:
        """Index of the snapshot nearest to a time, in ms or written like "1.2 ms"; None means the peak."""
        times = self.snapshots.times
        wanted = self.peak_time() if time is None else units.parse(time, "time")
        return int(np.abs(times - wanted).argmin())

    def peak_time(self) -> float:
        """When calcium at the sensors (at the probes, if none is a sensor's) has its largest mean, ms."""
        table = self.table("probes.csv")
        columns = {name: values for name, values in table.items() if name.endswith(": " + CALCIUM)}
        sensors = {f"{thing['name']}: {CALCIUM}" for thing in self.about.get("scene", {}).get("sensors", [])}
        at_sensors = [v for name, v in columns.items() if name in sensors]
        chosen = at_sensors or list(columns.values())
        if not chosen or not len(table[TIME]):
            return self._peak_of_snapshots()
        return float(table[TIME][np.mean(chosen, axis=0).argmax()])

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])
