"""The memory that a run needs, and whether this machine has it: asked before anything large is made."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from rdcalcium.backends import backend_class
from rdcalcium.chemistry import build_chemistry
from rdcalcium.errors import RdcalciumError
from rdcalcium.model import Model

# Memory of a run besides that of its backend, measured on 0.1 to 2 million cells with 2 and 6 fields and rounded up.
BYTES_PER_VOLUME = {"grid": 250, "tetrahedra": 3000}  # layout and picture; a mesh has its tetrahedra as well


# What implicit steps add when the first quiet stretch comes, measured likewise: levels of the multigrid, and states.
QUIET_BYTES, QUIET_STATES = 600, 7

# What a steady state takes besides layout and picture, measured likewise, with all the vectors that GMRES may keep.
STEADY_BYTES, STEADY_FIELD = 1500, 600


class MemoryShortageError(RdcalciumError):
    """A run that would not fit into the memory of this machine."""


def count_fields(model: Model) -> int:
    """Concentrations computed in every control volume: calcium, and the bound states of each buffer."""
    return len(build_chemistry(model).fields)


def memory_needed(model: Model, size: int, backend: str) -> int:
    """Bytes that a run on so many control volumes takes from this machine."""
    arithmetic = backend_class(backend)
    states = (arithmetic.host_states + QUIET_STATES) * count_fields(model) * np.dtype(model.run.precision).itemsize
    return size * (BYTES_PER_VOLUME[model.discretization.kind] + arithmetic.host_bytes + QUIET_BYTES + states)


def memory_for_steady_state(model: Model, size: int) -> int:
    """Bytes that a steady state on so many control volumes takes from this machine."""
    solver = STEADY_BYTES + STEADY_FIELD * count_fields(model)
    return size * (BYTES_PER_VOLUME[model.discretization.kind] + solver)


def memory_available() -> int:
    """Bytes that this process may still take: what is free, or what the limit of its container leaves."""
    free = psutil.virtual_memory().available
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # control groups, version 2 and 1
        with suppress(OSError, ValueError):  # "max" where there is none
            free = min(free, int(Path("/sys/fs/cgroup", limit).read_text()) - psutil.Process().memory_info().rss)
    return free


def wider_cells(needed: int, available: int) -> float:
    """How many times as wide the cells have to be for a run of three dimensions to fit."""
    return (needed / max(available, 1)) ** (1 / 3)


def check_memory(model: Model, size: int, backend: str) -> None:
    """Refuse a run that would need more memory than there is."""
    _refuse(model, size, memory_needed(model, size, backend))


def check_memory_for_steady_state(model: Model, size: int) -> None:
    """Refuse a steady state that would need more."""
    _refuse(model, size, memory_for_steady_state(model, size))


def _refuse(model: Model, size: int, needed: int) -> None:
    """What needs more bytes than there are."""
    available = memory_available()
    if needed > available:
        raise MemoryShortageError(
            f"the run needs {needed / 2**30:.4g} GiB for {size:.6g} control volumes × "
            f"{count_fields(model)} fields and this machine has {available / 2**30:.4g} GiB available; "
            f"cells about {wider_cells(needed, available):.2g} times as wide would fit"
        )
