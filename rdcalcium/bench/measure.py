"""Measuring: the triad and the main kernel, on every backend that can run here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any

from rdcalcium.backends import BACKENDS, Operations, backend_class, require_cores
from rdcalcium.backends.base import Sides
from rdcalcium.bench.kernels import Arrays, updates
from rdcalcium.bench.systems import grid_system, systems
from rdcalcium.bench.triad import Triad
from rdcalcium.machine import machine
from rdcalcium.system import System

QUICK = Sides(grid=(12, 24), mesh=(12, 24), triad=24)
PRECISIONS = ("float64", "float32")


def measure(quick: bool = False, threads: int | None = None) -> dict[str, Any]:
    """All figures of this machine; `quick` only shows that the benchmark works.

    threads  the most that share a loop; none: as OMP_NUM_THREADS says, else one for each core

    "bandwidth" holds one row for each device, number of threads and precision, "kernels" one for each case.
    """
    about = machine_now()  # before its load is our own
    if threads:
        about |= {"threads": require_cores(threads)}
    seconds = 0.02 if quick else 0.4
    bandwidth: list[dict[str, Any]] = []
    kernels: list[dict[str, Any]] = []
    for precision in PRECISIONS:
        for place in usable(threads):
            sides = QUICK if quick else place.kind.sides
            triad = new_triad(place, precision, sides)
            triad.measure(seconds)
            for system in systems(sides):
                do = place.open(system, precision)
                row = updates(do, "stage", Arrays(do), seconds)
                # The triad before and after: other users of the machine come and go.
                kernels.append(with_share(row, max(triad.rates[-1], triad.measure(seconds / 2))))
            bandwidth.append(triad.row(seconds / 2))
    return {"machine": about, "quick": quick, "bandwidth": bandwidth, "kernels": kernels}


def machine_now() -> dict[str, Any]:
    """The machine with all that its backends use, the date, and its load."""
    software = {name: number for kind in map(backend_class, BACKENDS) for name, number in kind.software().items()}
    date, load = datetime.now(UTC).isoformat(timespec="seconds"), round(os.getloadavg()[0], 2)
    return {"date": date, "load": load, **machine(software)}


@dataclass(frozen=True)
class Place:
    """Where something is measured: a backend, one of its devices, and some of its threads."""

    kind: type[Operations]
    number: int
    threads: int

    def open(self, system: System, precision: str) -> Operations:
        """Operations on a system there."""
        operations = self.kind(system, precision, self.number)
        operations.threads = self.threads
        return operations


def usable(most: int | None = None) -> Iterator[Place]:
    """Backends that can run here, each of their devices, and the numbers of threads to try, up to `most`."""
    for kind in map(backend_class, BACKENDS):
        if kind.missing() is None:
            places = product(range(max(len(kind.devices()), 1)), kind.thread_counts(most))
            yield from (Place(kind, number, threads) for number, threads in places)


def worth_measuring(kind: type[Operations], values: int) -> tuple[int, ...]:
    """Numbers of threads that make a difference for a state of so many values."""
    counts = kind.thread_counts()
    return counts if values > kind.serial_below else counts[:1]


def new_triad(place: Place, precision: str, sides: Sides) -> Triad:
    """The triad of a backend; the system says nothing, but there is no backend without one."""
    return Triad(place.open(grid_system(2, 3), precision), sides.triad**3)


def with_share(row: dict[str, Any], bandwidth: float) -> dict[str, Any]:
    """A row with its share of the bandwidth, GB/s, that was measured around it."""
    return {**row, "triad GB/s": bandwidth, "% of triad": 100 * row["GB/s"] / bandwidth}
