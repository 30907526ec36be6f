"""The memory that a run needs, and whether this machine has it: asked before anything large is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends import backend_class
from rdcalcium.backends.program import STATES
from rdcalcium.backends.rate_code import mode_width
from rdcalcium.chemistry import build_chemistry
from rdcalcium.errors import MemoryShortageError
from rdcalcium.geometry.described_grid import has_cut_cells
from rdcalcium.geometry.planning import MAKING
from rdcalcium.machine import memory_available
from rdcalcium.model import Model


@dataclass(frozen=True)
class Footprint:
    """Bytes for each control volume of one kind, besides its states.

    making    while the control volumes are made
    kept      of their layout, their picture and their tables afterwards
    building  while the first quiet stretch makes the levels of its multigrid
    levels    of these, where the kernels read them
    layout    of what the kernels of a GPU read in every stage, in double precision
    """

    making: int
    kept: int
    building: int
    levels: int
    layout: int


# Fitted to the peaks of processes on 0.1 to 1 million control volumes with 1 to 6 fields, where the numbers could not
# be counted: `scripts/benchmarks/all.py --only memory` measures such peaks beside the plan, and tests/test_memory.py
# holds them within 20 % of each other. `layout` is counted: tests/test_memory.py adds up the arrays.
FOOTPRINTS = {
    "grid": Footprint(MAKING["grid"], 180, 630, 250, 10),
    "tetrahedra": Footprint(MAKING["tetrahedra"], 2400, 900, 270, 235),
}

WEIGHTS = 3  # of the faces of each cell of a grid, where some conduct less than others
CUT = 1  # number more where a membrane crosses cells: how much there is of each
CUT_BYTES = 64  # besides: shares of cells and of faces as they were cut, and as faces conduct, in double precision
REFINED = 1  # state more than those of the stepper, where single precision is refined
SENT = 4  # states under way to the host, from which a snapshot is made: both ends of a step, and both slopes
ERRORS = 1  # number for each control volume, by which a device judges its steps
# That implicit steps add, one state more where stores have lumens, and modes, as many as a device loads at once: 4 on
# every level of the multigrid, whose sizes add up to 1.125 of the finest one on a grid, and to 1.04 on a mesh.
QUIET_STATES, QUIET_MODES = 1, 4.5

# What a steady state takes besides layout and picture, fitted likewise; STEADY_FIELD has room for the 41 vectors of 8
# bytes that GMRES may keep of each field, of which few are used: by the same command it takes half of what is planned.
STEADY_BYTES, STEADY_FIELD = 1500, 600


@dataclass(frozen=True)
class Memory:
    """What a run takes of one memory, and what is left of it, bytes.

    place  "this machine" or "its GPU"
    """

    place: str
    needed: int
    available: int

    @property
    def short(self) -> bool:
        """Whether it does not fit."""
        return self.needed > self.available


def count_fields(model: Model) -> int:
    """Concentrations computed in every control volume: calcium, and the bound states of each buffer."""
    return len(build_chemistry(model).fields)


def memory_needed(model: Model, size: int, backend: str) -> int:
    """Bytes that a run on so many control volumes takes from this machine, implicit steps included."""
    arithmetic, footprint = backend_class(backend), FOOTPRINTS[model.discretization.kind]
    quiet = 0.0 if arithmetic.on_gpu else _quiet(model)
    held = arithmetic.host_bytes + _states(model, arithmetic.host_states) + max(footprint.building, quiet)
    if cut := has_cut_cells(model):
        held += _weights(model) * np.dtype(model.run.precision).itemsize
    return int(size * (CUT_BYTES * cut + max(footprint.making, footprint.kept + held)))


def gpu_memory_needed(model: Model, size: int) -> int:
    """Bytes that a run on so many control volumes takes from a GPU, implicit steps included."""
    layout = _matrix(FOOTPRINTS[model.discretization.kind].layout, model)
    layout += _weights(model) * np.dtype(model.run.precision).itemsize
    volumes = np.dtype(float).itemsize
    if model.lumens:  # each part has its own, and implicit steps know where it is
        volumes += (1 + len(model.lumens)) * (volumes + np.dtype(model.run.precision).itemsize)
    return int(size * (volumes + layout + _states(model, len(STATES) + SENT) + _quiet(model)))


def _weights(model: Model) -> int:
    """Numbers for each cell of a grid that say what its faces conduct, and how much there is of it."""
    uneven = bool(model.tortuosity) or any(lumen.diffusivity for lumen in model.lumens.values())
    cut = has_cut_cells(model)
    return WEIGHTS * (cut or (uneven and model.discretization.kind == "grid")) + CUT * cut


def _states(model: Model, count: float) -> float:
    """Bytes for each control volume of so many states, and of what single precision adds to them."""
    precision = np.dtype(model.run.precision)
    states = count + REFINED * (precision == np.float32)
    cleared = bool(model.calcium.clearance)  # which keeps a number in every control volume
    return (states * (count_fields(model) + cleared) + ERRORS) * precision.itemsize


def _quiet(model: Model) -> float:
    """Bytes for each control volume that implicit steps add."""
    diffusivity = build_chemistry(model).diffusivity
    states = (QUIET_STATES + bool(model.lumens)) * len(diffusivity) * np.dtype(model.run.precision).itemsize
    modes = QUIET_MODES * mode_width(int(np.count_nonzero(diffusivity))) * np.dtype(np.float32).itemsize
    return float(states + modes + FOOTPRINTS[model.discretization.kind].levels)


def _matrix(double: int, model: Model) -> float:
    """Bytes of a sparse matrix in the precision of a run that has so many in double precision; indices take 4."""
    return double * (4 + np.dtype(model.run.precision).itemsize) / 12


def memory_for_steady_state(model: Model, size: int) -> int:
    """Bytes that a steady state on so many control volumes takes from this machine."""
    solver = STEADY_BYTES + STEADY_FIELD * count_fields(model)
    return size * (FOOTPRINTS[model.discretization.kind].making + solver)


def memories(model: Model, size: int, backend: str, device: int | None = None) -> Iterator[Memory]:
    """That of this machine, and of its GPU where the backend computes there.

    device  number of the GPU; none: the first one
    """
    yield Memory("this machine", memory_needed(model, size, backend), memory_available())
    on_device = backend_class(backend).memory_available(device or 0)
    if on_device is not None:
        yield Memory("its GPU", gpu_memory_needed(model, size), on_device)


def wider_cells(needed: int, available: int) -> float:
    """How many times as wide the cells have to be for a run of three dimensions to fit."""
    return (needed / max(available, 1)) ** (1 / 3)


def check_memory(model: Model, size: int, backend: str, device: int | None = None) -> None:
    """Refuse a run that would need more memory than there is."""
    for memory in memories(model, size, backend, device):
        _refuse(model, size, memory)


def check_memory_for_steady_state(model: Model, size: int) -> None:
    """Refuse a steady state that would need more."""
    _refuse(model, size, Memory("this machine", memory_for_steady_state(model, size), memory_available()))


def _refuse(model: Model, size: int, memory: Memory) -> None:
    """What needs more bytes than there are."""
    if memory.short:
        raise MemoryShortageError(
            f"the run needs {memory.needed / 2**30:.4g} GiB for {size:.6g} control volumes × "
            f"{count_fields(model)} fields and {memory.place} has {memory.available / 2**30:.4g} GiB available; "
            f"cells about {wider_cells(memory.needed, memory.available):.2g} times as wide would fit"
        )
