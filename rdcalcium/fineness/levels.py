"""Calcium at the sensors and probes of a model on cells of several widths, as far as that is quick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rdcalcium.errors import InputError, MemoryShortageError, RdcalciumError
from rdcalcium.geometry.planning import planned_size
from rdcalcium.memory import count_fields
from rdcalcium.model import Model
from rdcalcium.steady_state.brief import Brief, NothingEntersError, brief
from rdcalcium.steady_state.newton import NoSteadyStateError
from rdcalcium.units import counted

FACTORS = (24.0, 16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 2 / 3, 0.5)  # of the widths of cells
FEWEST = 3  # that an estimate needs
ENOUGH = 4  # that it takes, the finest that are found
TRIED = 6  # widths, of which those are left out that are too wide for what the terminal holds
MOST = 1.2e6  # concentrations on the finest cells: ten seconds on a core
SECONDS = 10.0 / MOST  # of a core, for each of them
MAKING = {"grid": 0, "tetrahedra": 30}  # fields that would take as long as making the control volumes

Progress = Callable[[float, str], None]  # told the share that is done, 0 to 1, and words on what comes


@dataclass(frozen=True)
class Level:
    """One of them.

    factor  by which the cells are wider than those of the model
    """

    factor: float
    model: Model
    found: Brief


@dataclass(frozen=True)
class Cells:
    """Cells that may be solved on.

    size  control volumes, about
    work  their concentrations, with what making them takes
    """

    factor: float
    model: Model
    size: int
    work: int


def quick(model: Model) -> list[Cells]:
    """The finest cells that are quick, and some that are wider; the finest first."""
    found: list[Cells] = []
    for factor in FACTORS:
        wider = model.refined(1 / factor)
        size = planned_size(wider)
        work = (count_fields(model) + MAKING[model.discretization.kind]) * size
        if work > MOST:
            break
        found.append(Cells(factor, wider, size, work))
    return found[: -TRIED - 1 : -1]


def levels(cells: Sequence[Cells], progress: Progress) -> list[Level]:
    """Calcium on the first of some cells, the finest first; from the widest on.

    The finest are the first to be solved, and ENOUGH of them the last. Cells are passed over that are too wide for
    what is in the terminal, or on which nothing is found. Where they are fewer than FEWEST, that is the error which is
    raised.
    """
    found: list[Level] = []
    why: RdcalciumError = InputError("all but the widest cells take long")
    for factor, wider in _each(cells, progress):
        try:
            found.append(Level(factor, wider, brief(wider)))
        except NothingEntersError:
            raise
        except (InputError, MemoryShortageError, NoSteadyStateError) as error:
            why = error
        if len(found) == ENOUGH:
            break
    if len(found) < FEWEST:
        raise why
    return found[::-1]


def _each(cells: Sequence[Cells], progress: Progress) -> Iterator[tuple[float, Model]]:
    """Factor and model of each, after saying how far this is, and how long the rest takes."""
    begun, done, whole = time.perf_counter(), 0, sum(one.work for one in cells[:ENOUGH])
    for one in cells:
        left = max(whole - done, one.work)
        rest = (time.perf_counter() - begun) * left / done if done else SECONDS * left
        wide = "of the model" if one.factor == 1 else f"{one.factor:.2g} times as wide"
        what = f"cells {wide}, about {counted(one.size, 'control volume')}"
        progress(done / (done + left), f"error of cells: on {what}; {_rough(rest)} {'more' if done else 'on one core'}")
        yield one.factor, one.model
        done += one.work


def _rough(seconds: float) -> str:
    """A time that is an estimate."""
    return f"about {seconds:.1g} s" if seconds < 10 else f"about {10 * round(seconds / 10)} s"
