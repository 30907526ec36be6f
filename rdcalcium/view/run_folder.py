"""What a picture needs from a run folder: the scene, the tables and the snapshots, without the solver."""

from __future__ import annotations

import csv
import json
from functools import cached_property
from pathlib import Path

import numpy as np

from rdcalcium import units
from rdcalcium.errors import InputError
from rdcalcium.results.scene import Scene
from rdcalcium.results.vtkhdf import Snapshots, read_snapshots

CALCIUM = "Ca (uM)"
TIME = "time (ms)"
SNAPSHOTS = "result.vtkhdf"


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
        try:
            return Scene.from_json(self.about.get("scene"))
        except InputError as error:
            raise InputError(f"{self.path / 'run.json'}: {error}") from None

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
        sensors = {f"{name}: {CALCIUM}" for name in self.scene.names["sensors"]}
        at_sensors = [v for name, v in columns.items() if name in sensors]
        chosen = at_sensors or list(columns.values())
        if not chosen or not len(table[TIME]):
            return self._peak_of_snapshots()
        return float(table[TIME][np.mean(chosen, axis=0).argmax()])

    def _peak_of_snapshots(self) -> float:
        means = [np.nanmean(self.snapshots.read(i)[CALCIUM]) for i in range(len(self.snapshots.times))]
        return float(self.snapshots.times[int(np.argmax(means))])
