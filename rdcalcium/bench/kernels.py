"""The kernels of an explicit step: the bytes that each has to move, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.bench.timing import FEWEST, times
from rdcalcium.system import System

STATES = (1.0, 0.0, 1e-3, 1e-3, 1e-3)  # µM everywhere: y0, f0, z1, z2, and room for an answer
VOLUME = np.dtype(np.float64).itemsize


@dataclass(frozen=True)
class Kernel:
    """One kernel, and what it has to move.

    call        runs it on states
    arrays      as large as the state, that it reads and that it writes
    neighbours  whether it reads the arrays of the layout as well
    volumes     whether it reads the volumes with each field
    """

    call: Callable[[Operations, list[Array]], Any]
    arrays: int
    neighbours: bool = False
    volumes: bool = False

    def bytes_per_update(self, system: System, precision: str) -> float:
        """Bytes that have to be moved for each control volume, if every cache works perfectly.

        The values gathered from neighbours count as the one array that they are.
        """
        real, fields = np.dtype(precision), len(system.fields)
        layout = system.discretization.layout.bytes_per_volume(real) if self.neighbours else 0
        return fields * (self.arrays * real.itemsize + self.volumes * VOLUME) + layout


def _stage(do: Operations, states: list[Array]) -> None:
    y0, f0, z1, z2, _ = states
    do.stage(y0, f0, z1, z2, 1.0, -0.5, 1e-6, -1e-7)


def _rhs(do: Operations, states: list[Array]) -> None:
    do.rhs(states[0], states[4])


def _error_norm(do: Operations, states: list[Array]) -> float:
    y0, f0, z, y1, f1 = states
    return do.error_norm(y0, y1, z, f0, f1, 0.4, 0.8, 1e-2, np.full(len(do.system.fields), 1e-3))


def _advance(do: Operations, states: list[Array]) -> None:
    y, carried, z, end, carried_end = states
    do.advance(y, carried, z, end, carried_end)


def _weighted_sums(do: Operations, states: list[Array]) -> np.ndarray:
    return do.weighted_sums(states[0])


KERNELS = {
    "stage": Kernel(_stage, 5, neighbours=True),  # y0, f0, z1 and the old z2 are read, the new z2 is written
    "rhs": Kernel(_rhs, 2, neighbours=True),
    "error_norm": Kernel(_error_norm, 5),
    "advance": Kernel(_advance, 5),
    "weighted_sums": Kernel(_weighted_sums, 1, volumes=True),
}


def filled_states(do: Operations) -> list[Array]:
    """States for the kernels to work on."""
    states = [do.new() for _ in STATES]
    for state, value in zip(states, STATES, strict=True):
        do.shift(state, np.full(len(do.system.fields), value))
    return states


def updates(do: Operations, name: str, states: list[Array], seconds: float, fewest: int = FEWEST) -> dict[str, Any]:
    """A row: one kernel by its name, control volumes per second and the rate of memory that this is."""
    kernel, system = KERNELS[name], do.system
    found = times(do, lambda: kernel.call(do, states), seconds, fewest)
    size = kernel.bytes_per_update(system, do.precision)
    full = f"{name}_{system.discretization.layout.kernels}" if kernel.neighbours else name
    return rated(do, full, len(system.fields), size, found)


def rated(do: Operations, name: str, fields: int, size: float, found: list[float]) -> dict[str, Any]:
    """A row from the seconds of one update of every control volume, which moves so many bytes for each."""
    n = do.system.discretization.size
    return {
        "kernel": name,
        "backend": do.name,
        "number": do.number,
        "threads": do.threads,
        "precision": do.precision,
        "fields": fields,
        "control volumes": n,
        "bytes per update": size,
        "us": 1e6 * min(found),
        "Mupdates/s": n / min(found) / 1e6,
        "median Mupdates/s": n / median(found) / 1e6,
        "GB/s": size * n / min(found) / 1e9,
    }
