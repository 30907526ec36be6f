"""The kernels of a step: the bytes that each has to move, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.backends.program import MARCH, RULES, Phase
from rdcalcium.bench.timing import FEWEST, place, times
from rdcalcium.discretization import PointWeights
from rdcalcium.system import System

# µM everywhere, by what the kernels take a state for.
STATES = {"y": 1.0, "f": 0.0, "z": 1e-3, "before": 1e-3, "carried": 0.0, "end": 1.0, "rest": 0.0}
VOLUME = np.dtype(np.float64).itemsize
POINTS, CORNERS = 1000, 8  # looked at by `gather`, and what each lies between


class Arrays:
    """What the kernels work on, each made when it is first asked for."""

    def __init__(self, do: Operations):
        self.do = do
        self._states: dict[str, Array] = {}

    def __getitem__(self, role: str) -> Array:
        """One of STATES."""
        if role not in self._states:
            self._states[role] = self.do.new()
            self.do.shift(self._states[role], np.full(self.do.system.shape[0], STATES[role]))
        return self._states[role]

    @cached_property
    def points(self) -> Any:
        """Places among the control volumes, the same every time."""
        corners = np.random.default_rng(1).integers(0, self.do.system.shape[1], (POINTS, CORNERS))
        return self.do.points(PointWeights(corners, np.full(corners.shape, 1 / CORNERS)))

    @cached_property
    def march(self) -> Any:
        """What a device knows that is about to take the second and last stage of a step; see `KernelMarcher`."""
        now = {"phase": Phase.GO, "done": 1, "stages": 2, "step": 1e-6}
        rules = {"slopes": 0.4, "increment": 0.8, "rtol": 1e-2}
        return _upload(self.do, MARCH, now), _upload(self.do, RULES, rules)

    @cached_property
    def addresses(self) -> Any:
        """Of the states, in the order of `rdcalcium.backends.program.STATES`."""
        do: Any = self.do
        roles = ("y", "carried", "f", "z", "before", "rest", "end")
        return do.upload(np.array([do.address(self[role]) for role in roles], dtype=np.int64))

    @cached_property
    def table(self) -> tuple[Any, Any]:
        """Coefficients of stages 0 to 2, see `rdcalcium.backends.program.COEFFICIENTS`."""
        do: Any = self.do
        return do.upload(np.zeros(1, dtype=np.int64)), do.upload(np.tile([1.0, -0.5, 1.0, -0.1, 0.0, 0.0], (3, 1)))

    @cached_property
    def errors(self) -> tuple[Any, Any, Any]:
        """Absolute tolerances; the error of each control volume, and room for the largest of some."""
        do: Any = self.do
        fields, n = do.system.shape
        return do.values(np.full(fields, 1e-3)), do.zeros(n), do.zeros(do.reduction_threads)


def _upload(do: Any, names: tuple[str, ...], values: dict[str, float]) -> Any:
    return do.upload(np.array([values.get(name, 0.0) for name in names], dtype=float))


@dataclass(frozen=True)
class Kernel:
    """One kernel, and what it has to move.

    call        runs it
    arrays      as large as the state, that it reads and that it writes
    neighbours  whether it reads the arrays of the layout as well
    volumes     whether it reads the volumes with each field
    errors      numbers for each control volume besides
    launched    whether it is no operation of every backend, but a kernel alone
    ahead       whether only a device calls it that is launched ahead, and looks up how far a step is
    """

    call: Callable[[Any, Arrays], Any]
    arrays: int
    neighbours: bool = False
    volumes: bool = False
    errors: int = 0
    launched: bool = False
    ahead: bool = False

    def bytes_per_update(self, system: System, precision: str) -> float:
        """Bytes that have to be moved for each control volume, if every cache works perfectly.

        The values gathered from neighbours count as the one array that they are.
        """
        real, fields = np.dtype(precision), len(system.fields)
        layout = system.discretization.layout.bytes_per_volume(real) if self.neighbours else 0
        return fields * (self.arrays * real.itemsize + self.volumes * VOLUME) + self.errors * real.itemsize + layout


def _stage(do: Operations, a: Arrays) -> None:
    do.stage(a["y"], a["f"], a["z"], a["before"], 1.0, -0.5, 1e-6, -1e-7)


def _scale(do: Operations, a: Arrays) -> None:
    do.scale(1.0, a["y"], a["end"])


def _arrive(do: Any, a: Arrays) -> None:
    atol, worst, _ = a.errors
    before, after = (a["y"], a["carried"], a["z"], a["f"]), (a["end"], a["rest"], a["before"])
    do.on_cells("arrive", *before, *do.neighbours, do.p, atol, *after, worst, 0.4e-6, 0.8, 1e-2)


def _march_stage(do: Any, a: Arrays) -> None:
    do.on_cells("march_stage", a.march[0], a.addresses, *a.table, *do.neighbours, do.p, 1)


def _march_arrive(do: Any, a: Arrays) -> None:
    atol, worst, _ = a.errors
    do.on_cells("march_arrive", *a.march, a.addresses, *do.neighbours, do.p, atol, worst, 1)


def _begin(do: Any, a: Arrays) -> None:
    count = do.system.shape[0] * do.system.shape[1]
    do.launch("begin", (count,), a.march[0], a.addresses, *a.table, count)


def _largest(do: Any, a: Arrays) -> None:
    _, worst, found = a.errors
    n = do.system.shape[1]
    do.launch("largest", (found.size,), a.march[0], worst, found, 1, n, found.size, block=1, work=n)


def _advance(do: Operations, a: Arrays) -> None:
    do.advance(a["y"], a["carried"], a["z"], a["end"], a["rest"])


def _rhs(do: Operations, a: Arrays) -> None:
    do.rhs(a["y"], a["end"])


def _error_norm(do: Operations, a: Arrays) -> float:
    atol = np.full(len(do.system.fields), 1e-3)
    return do.error_norm(a["y"], a["end"], a["z"], a["f"], a["rest"], 0.4, 0.8, 1e-2, atol)


def _weighted_sum(do: Operations, a: Arrays) -> np.ndarray:
    return do.weighted_sums(a["y"])


def _gather(do: Operations, a: Arrays) -> np.ndarray:
    return do.gather(a["y"], a.points)


KERNELS = {
    # Of explicit steps; a device that is launched ahead has the marching ones in place of stage and arrive.
    "stage": Kernel(_stage, 5, neighbours=True),  # y0, f0, z1 and the old z2 are read, the new z2 is written
    "scale": Kernel(_scale, 2),
    "arrive": Kernel(_arrive, 7, neighbours=True, errors=1, launched=True),
    "begin": Kernel(_begin, 3, launched=True, ahead=True),
    "march_stage": Kernel(_march_stage, 5, neighbours=True, launched=True, ahead=True),
    "march_arrive": Kernel(_march_arrive, 7, neighbours=True, errors=1, launched=True, ahead=True),
    "largest": Kernel(_largest, 0, errors=1, launched=True),
    # At the ends of implicit steps, and of all that the host takes.
    "advance": Kernel(_advance, 5),
    "rhs": Kernel(_rhs, 2, neighbours=True),
    "error_norm": Kernel(_error_norm, 5),
    "weighted_sum": Kernel(_weighted_sum, 1, volumes=True),
}


def runs(do: Operations, name: str) -> bool:
    """Whether a step on a backend calls this one of KERNELS."""
    kernel = KERNELS[name]
    return not kernel.launched or do.has_kernel(full_name(do, "march_stage" if kernel.ahead else name))


def full_name(do: Operations, name: str) -> str:
    """That of its file."""
    return f"{name}_{do.system.discretization.layout.kernels}" if KERNELS[name].neighbours else name


def updates(do: Operations, name: str, arrays: Arrays, seconds: float, fewest: int = FEWEST) -> dict[str, Any]:
    """A row: one kernel by its name, control volumes per second and the rate of memory that this is."""
    kernel, system = KERNELS[name], do.system
    found = times(do, lambda: kernel.call(do, arrays), seconds, fewest)
    size = kernel.bytes_per_update(system, do.precision)
    return rated(do, full_name(do, name), len(system.fields), size, found)


def looks(do: Operations, arrays: Arrays, seconds: float, fewest: int = FEWEST) -> dict[str, Any]:
    """A row of `gather`: points in place of control volumes, with an index and a weight for each corner."""
    fields = len(do.system.fields)
    size = CORNERS * (fields * do.real.itemsize + VOLUME + 4) + fields * VOLUME
    return rated(do, "gather", fields, size, times(do, lambda: _gather(do, arrays), seconds, fewest), POINTS)


def rated(
    do: Operations, name: str, fields: int, size: float, found: list[float], count: int | None = None
) -> dict[str, Any]:
    """A row from the seconds of one update of every control volume, or of `count`, each of so many bytes."""
    n = count or do.system.discretization.size
    return {
        "kernel": name,
        **place(do),
        "fields": fields,
        "control volumes": n,
        "bytes per update": size,
        "us": 1e6 * min(found),
        "Mupdates/s": n / min(found) / 1e6,
        "median Mupdates/s": n / median(found) / 1e6,
        "GB/s": size * n / min(found) / 1e9,
    }
