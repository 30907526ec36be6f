"""What a device has to know to take explicit steps by itself: rules, tables, and what it has come to.

The kernels read the same words: `declarations` writes them as C.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from rdcalcium.currents import Courses
from rdcalcium.discretization import PointWeights

# What the device keeps, all double: the run, then the step that is being tried.
#
# t, h, last_h, last_error  end of the last step, length of the next; length and error of the last one, ms
# highest         µM of calcium of the cytosol at the watched points and under the pores
# many            stages above which the host is asked whether an implicit step would do
# asked           1 where the host has said that the next step is explicit however many stages it takes
# until           ms; the first step that ends there or later is the last one before the host is asked
# steps, rejected, evaluations  counts
# logged, status, phase  steps in the log; one of `Status`, one of `Phase`
# step, end, wanted, radius  length and end, length before it was cut (ms); spectral radius (ms⁻¹)
# rung, stages, done  place of the number of stages in the ladder; the number, and how many are behind
# amount          µM µm³ that its sources bring
# fresh           1 where the last attempt was accepted and its points are not in the log yet
MARCH = (
    *("t", "h", "last_h", "last_error", "highest", "many", "asked", "until", "steps", "rejected", "evaluations"),
    *("logged", "status", "phase", "step", "end", "wanted", "radius", "rung", "stages", "done", "amount", "fresh"),
)

# What never changes during a run, all double.
#
# rtol, longest, shortest  tolerance; longest and shortest step, ms
# radius_floor, diffusion, times, more  the spectral radius is floor + diffusion with capture + binding at the calcium
#                 times × highest + more µM, as far as it may rise while the step is taken
# implausible, same_time, unseen  µM, ms, share of a charge
# many            as above, after an event
# power, safety, shrink, grow, least_error, cut, sliver  of the control of the step
# slopes, increment  of the estimate of the error
# capacity        of the log, steps
RULES = (
    *("rtol", "longest", "shortest", "radius_floor", "diffusion", "times", "more", "implausible", "same_time"),
    *("unseen", "many", "power", "safety", "shrink", "grow", "least_error", "cut", "sliver", "slopes", "increment"),
    "capacity",
)

# Columns of the log before the values and the rates of change of every field at every point.
LOG = ("t", "h", "evaluations", "amount")

# States that a step works on; z_j goes to `odd` or `even` by its number, and the other one takes the end of the step.
STATES = ("y", "carried", "f0", "odd", "even", "carried_end", "f1")

# What the kernels of patches are told of their sites, in this order: kernels/sites.cuh.
SITES = {
    "volume": "index_t",
    "site": "index_t",
    "kind": "index_t",
    "place": "offset_t",
    "weight": "double",
    "beyond": "index_t",
    "spread": "offset_t",
    "count": "index_t",
    "number": "index_t",
    "q": "double",
}

# What they are told of the stores.
STORES = {
    "total": "double",
    "added": "double",
    "area": "double",
    "opens": "offset_t",
    "held": "offset_t",
    "partial_total": "double",
}

# Arrays of a march by their names in its kernels, and the C types of their values, for the launcher of all of these:
# kernels/march_cpu.cuh. `many_errors` and `few_errors` are what two kernels call `partial`.
TABLES = {
    "m": "March",  # what the device keeps
    "r": "Rules",
    "stop": "double",  # (stops,) ms
    "stages": "double",  # (rungs,) of each member of the method
    "reach": "double",  # (rungs,)
    "first_row": "offset_t",  # (rungs,) of `rows`
    "rows": "double",  # `COEFFICIENTS`
    "binding": "double",  # (buffers, 2)
    "first": "offset_t",  # (groups + 1,), knots, pieces and charge: the currents (`Courses`)
    "knots": "double",
    "pieces": "double",
    "charge": "double",
    "amounts": "double",  # (groups,)
    "current": "double",  # (stages + 1, groups) pA, of the step under way
    "cell": "index_t",  # (cells,) with sources
    "share": "double",  # (cells, groups)
    "at": "offset_t",  # addresses of `STATES`
    "p": "real_t",  # parameters of the rate code
    "atol": "real_t",  # (fields + rows,)
    "worst": "real_t",  # (stride,) error of each control volume
    "many_errors": "real_t",  # (threads,) the largest of these
    "few_errors": "real_t",  # (few,) the largest of those
    "corner": "index_t",  # (points, corners) and their portions: what to look at
    "portion": "double",
    "cytosolic": "double",  # (points,) 1, or 0 in the lumen of a store
    "log": "double",  # (capacity, width)
    **SITES,
    **STORES,
}

# How many there are of what. Control volumes are `stride`, in an extent of x, y, z; a core takes a block of them, and
# `parallel` threads share them; `patched` of them have sites, which `patched_parallel` share; `store_threads` add up
# what lies in the store of each of the `patches`, 0 where none has one.
SIZES = (
    *("stops", "rungs", "buffers", "points", "width", "groups", "cells", "values", "threads", "few", "corners"),
    *("fields", "stride", "x", "y", "z", "block", "parallel"),
    *("patched", "patched_parallel", "patches", "store_threads"),
)

# Columns of the table of coefficients: one row for each stage 0…s of each member of the method.
COEFFICIENTS = ("mu", "nu", "mu_t", "gamma_t", "c", "weight")


class Status(IntEnum):
    """Why a device stops and asks the host; `GOING` while it does not."""

    GOING = 0
    DUE = 1
    MANY = 2
    FULL = 3
    TOO_SHORT = 4
    IMPLAUSIBLE = 5


class Phase(IntEnum):
    """Of a step: to be planned, to be halved because its stages miss a current, under way."""

    NEW = 0
    HALVE = 1
    GO = 2


class When(IntEnum):
    """At which end of a step a kernel works, or in between."""

    BEGINS = 0
    ARRIVES = 1
    STAGES = 2


@dataclass(frozen=True)
class Ladder:
    """Members of a method, by their number of stages.

    stages  (rungs,)        ascending
    reach   (rungs,)        h × spectral radius for which they are stable
    first   (rungs,)        first row of each
    rows    (rows, 6)       `COEFFICIENTS` of stage 0 on
    """

    stages: np.ndarray
    reach: np.ndarray
    first: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Program:
    """All that stays the same while a device marches, but for what a marcher can `renew`.

    rules    values of `RULES`
    atol     (fields + rows,)  µM, then in the units of the rows of patches
    stops    (stops,)      ms, on which a step must end, ascending; the last is the end of the run
    binding  (buffers, 2)  stiffness of each buffer: for each µM of calcium, and without it, ms⁻¹
    cells    (k,)          control volumes with sources
    shares   (k, groups)   µM ms⁻¹ there for each pA of a channel of the group
    amounts  (groups,)     µM µm³ ms⁻¹ for each pA of a channel of the group
    points   what to look at after every step, every field and its rate of change without sources
    cytosolic  (points,)   which of them are in the cytosol, whose calcium sets how fast it reacts
    """

    rules: Mapping[str, float]
    ladder: Ladder
    courses: Courses
    atol: np.ndarray
    stops: np.ndarray
    binding: np.ndarray
    cells: np.ndarray
    shares: np.ndarray
    amounts: np.ndarray
    points: PointWeights
    cytosolic: np.ndarray


@dataclass(frozen=True)
class Stretch:
    """What came of a stretch of steps that a device took by itself.

    march   values of `MARCH` at the end
    states  those of `STATES` in their new order
    log     (steps, 4)        `LOG` of each accepted step
    values  (fields, points)  µM, at the end of each
    rates   (fields, points)  µM ms⁻¹, likewise, without sources
    """

    march: dict[str, float]
    states: tuple[Any, ...]
    log: np.ndarray
    values: Sequence[np.ndarray]
    rates: Sequence[np.ndarray]

    @property
    def status(self) -> Status:
        """Why it ended; `GOING` if only because the host wants to look."""
        return Status(int(self.march["status"]))


class Marcher(ABC):
    """A device that takes explicit steps by itself."""

    @abstractmethod
    def renew(self, stops: np.ndarray, shares: np.ndarray, amounts: np.ndarray) -> None:
        """From now on these take the place of those of the program, which have the same shapes."""

    @abstractmethod
    def go(self, march: Mapping[str, float], states: Sequence[Any], rounds: int) -> Stretch:
        """Try at most so many steps, or fewer if there is something to ask the host.

        march   values of `MARCH`; those that are not given are 0
        states  arrays of the backend, in the order of `STATES`; `f0` is the right-hand side at y, without sources
        """


def declarations() -> str:
    """The same as C: structs of doubles, and enumerations."""
    structs = [_struct("March", MARCH), _struct("Rules", RULES)]
    enums = [
        _enum("RDC", [status.name for status in Status]),
        _enum("RDC", [phase.name for phase in Phase]),
        _enum("RDC", [when.name for when in When]),
        _enum("RDC_AT", STATES),
        _enum("RDC_LOG", [*LOG, "head"]),  # the last: how many there are
        _enum("RDC", [*COEFFICIENTS, "row"]),
    ]
    return "".join([*structs, *enums])


def tables(launchers: Sequence[str]) -> str:
    """TABLES, launchers and SIZES as a C struct; its types are those of the prelude."""
    pointers = "".join(f" {kind}* {name};" for name, kind in (TABLES | dict.fromkeys(launchers, "void")).items())
    return f"struct Tables {{{pointers} index_t {', '.join(SIZES)}; }};\n"


def _struct(name: str, members: tuple[str, ...]) -> str:
    return f"struct {name} {{ double {', '.join(members)}; }};\n"


def _enum(prefix: str, names: Sequence[str]) -> str:
    return f"enum {{ {', '.join(f'{prefix}_{name.upper()}' for name in names)} }};\n"
