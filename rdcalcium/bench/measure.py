"""Measuring: seconds of the triad and of the main kernel, on every backend that can run here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from rdcalcium.backends import BACKENDS, Operations, backend_class
from rdcalcium.backends.base import Sides
from rdcalcium.bench.systems import bytes_per_update, grid_system, systems
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
            triad = Triad(_open(kind, threads, grid_system(2, 3), precision), sides.triad**3)
            triad.measure(seconds)
            for system in systems(sides):
                row = _updates(_open(kind, threads, system, precision), seconds)
                # The triad before and after: other users of the machine come and go.
                row["triad GB/s"] = max(triad.rates[-1], triad.measure(seconds / 2))
                row["share of bandwidth"] = row["GB/s"] / row["triad GB/s"]
                kernels.append(row)
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


def _open(kind: type[Operations], threads: int, system: System, precision: str) -> Operations:
    operations = kind(system, precision)
    operations.threads = threads
    return operations


class Triad:
    """Memory bandwidth: a = b + s c, counted as three arrays; and the copy a = b, counted as two."""

    def __init__(self, do: Operations, count: int):
        self.do = do
        self.gigabytes = count * do.real.itemsize / 1e9
        self.about = {**_about(do), "values": count}
        self.a, self.b, self.c = (do.values(np.full(count, value)) for value in (0, 1, 2))
        self.rates: list[float] = []

    def measure(self, seconds: float) -> float:
        """GB/s now; kept in `rates`."""
        times = _times(self.do, lambda: self.do.triad(self.b, self.c, 3.0, self.a), seconds)
        self.rates.append(3 * self.gigabytes / min(times))
        return self.rates[-1]

    def row(self, seconds: float) -> dict[str, Any]:
        """Best and median of all that was measured, and the copy."""
        copies = _times(self.do, lambda: self.do.scale(1.0, self.b, self.a), seconds)
        rates = {"GB/s": max(self.rates), "median GB/s": median(self.rates)}
        return {**self.about, "device": self.do.device, **rates, "copy GB/s": 2 * self.gigabytes / min(copies)}


def _about(do: Operations) -> dict[str, Any]:
    return {"backend": do.name, "threads": do.threads, "precision": do.precision}


def _updates(do: Operations, seconds: float) -> dict[str, Any]:
    """Stages of the time-stepping scheme: control volumes per second and share of the bandwidth."""
    fields, n = do.system.shape
    y0, f0, z1, z2 = (do.from_host(np.full((fields, n), value)) for value in (1.0, 0.0, 1e-3, 1e-3))
    times = _times(do, lambda: do.stage(y0, f0, z1, z2, 1.0, -0.5, 1e-6, -1e-7), seconds)
    size = bytes_per_update(do.system, do.precision)
    return {
        **_about(do),
        "kernel": f"stage_{do.system.discretization.layout.kernels}",
        "fields": fields,
        "control volumes": n,
        "bytes per update": size,
        "Mupdates/s": n / min(times) / 1e6,
        "median Mupdates/s": n / median(times) / 1e6,
        "GB/s": size * n / min(times) / 1e9,
    }


def _times(do: Operations, action: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds for one action, at least five times and for about this long; a device is waited for."""
    _seconds(do, action, 1)
    batch = max(1, int(seconds / 20 / max(_seconds(do, action, 1), 1e-7)))
    found: list[float] = []
    while len(found) < 5 or sum(found) * batch < seconds:
        found.append(_seconds(do, action, batch) / batch)
    return found


def _seconds(do: Operations, action: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        action()
    do.wait()
    return time.perf_counter() - start
