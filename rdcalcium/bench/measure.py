"""Measuring: the triad and the main kernel, on every backend that can run here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rdcalcium.backends import BACKENDS, Operations, backend_class
from rdcalcium.backends.base import Sides
from rdcalcium.bench.kernels import filled_states, updates
from rdcalcium.bench.systems import grid_system, systems
from rdcalcium.bench.triad import Triad
from rdcalcium.machine import machine
from rdcalcium.system import System

QUICK = Sides(grid=(12, 24), mesh=(12, 24), triad=24)
PRECISIONS = ("float64", "float32")


def measure(quick: bool = False) -> dict[str, Any]:
    """All figures of this machine; `quick` only shows that the benchmark works.

    "bandwidth" holds one row for each device, number of threads and precision, "kernels" one for each case.
    """
    about = machine_now()  # before its load is our own
    seconds = 0.02 if quick else 0.4
    bandwidth: list[dict[str, Any]] = []
    kernels: list[dict[str, Any]] = []
    for precision in PRECISIONS:
        for kind, threads in usable():
            sides = QUICK if quick else kind.sides
            triad = new_triad(kind, threads, precision, sides)
            triad.measure(seconds)
            for system in systems(sides):
                do = opened(kind, threads, system, precision)
                row = updates(do, "stage", filled_states(do), seconds)
                # The triad before and after: other users of the machine come and go.
                kernels.append(with_share(row, max(triad.rates[-1], triad.measure(seconds / 2))))
            bandwidth.append(triad.row(seconds / 2))
    return {"machine": about, "quick": quick, "bandwidth": bandwidth, "kernels": kernels}


def machine_now() -> dict[str, Any]:
    """The machine with all that its backends use, the date, and its load."""
    software = {name: number for kind in map(backend_class, BACKENDS) for name, number in kind.software().items()}
    date, load = datetime.now(UTC).isoformat(timespec="seconds"), round(os.getloadavg()[0], 2)
    return {"date": date, "load": load, **machine(software)}


def usable() -> Iterator[tuple[type[Operations], int]]:
    """Backends that can run here, and the numbers of threads to try."""
    for kind in map(backend_class, BACKENDS):
        if kind.missing() is None:
            yield from ((kind, count) for count in kind.thread_counts())


def opened(kind: type[Operations], threads: int, system: System, precision: str) -> Operations:
    """A backend with so many threads."""
    operations = kind(system, precision)
    operations.threads = threads
    return operations


def new_triad(kind: type[Operations], threads: int, precision: str, sides: Sides) -> Triad:
    """The triad of a backend; the system says nothing, but there is no backend without one."""
    return Triad(opened(kind, threads, grid_system(2, 3), precision), sides.triad**3)


def with_share(row: dict[str, Any], bandwidth: float) -> dict[str, Any]:
    """A row with its share of the bandwidth, GB/s, that was measured around it."""
    return {**row, "triad GB/s": bandwidth, "% of triad": 100 * row["GB/s"] / bandwidth}
