"""Calcium at the sensors and probes of a model on cells of several widths, as far as that is quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rdcalcium.discretization.build import planned_size
from rdcalcium.errors import InputError
from rdcalcium.memory import MemoryShortageError, count_fields
from rdcalcium.model import Model
from rdcalcium.steady_state.brief import Brief, brief
from rdcalcium.steady_state.newton import NoSteadyStateError

FACTORS = (24.0, 16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 2 / 3, 0.5)  # of the widths of cells
TRIED = 6  # widths, of which those are left out that are too wide for what the terminal holds
MOST = 1.2e6  # concentrations on the finest cells: ten seconds on a core
SLOWER = {"grid": 1.0, "tetrahedra": 5.0}  # each of them, with what makes the mesh


@dataclass(frozen=True)
class Level:
    """One of them.

    factor  by which the cells are wider than those of the model
    """

    factor: float
    model: Model
    found: Brief


def levels(model: Model) -> list[Level]:
    """From the widest cells to the finest that are quick; none where all take long."""
    return [*_solved(model)]


def _solved(model: Model) -> Iterator[Level]:
    last: Level | None = None
    for factor in _quick(model):
        wider = model.refined(1 / factor)
        if last and _work(wider, last.found.count * (last.factor / factor) ** 3) > MOST:
            return
        if found := _level(factor, wider):
            yield (last := found)


def _quick(model: Model) -> tuple[float, ...]:
    """Factors of the finest cells that are quick, and of some that are wider."""
    quick = [factor for factor in FACTORS if _work(model.refined(1 / factor), 0) <= MOST]
    return tuple(quick[-TRIED:])


def _level(factor: float, model: Model) -> Level | None:
    """None where nothing can be made of so wide cells, or too much memory is needed for them."""
    try:
        return Level(factor, model, brief(model))
    except NoSteadyStateError:
        raise
    except (InputError, MemoryShortageError):
        return None


def _work(model: Model, guess: float) -> float:
    """Concentrations of a model, of whose control volumes there is a guess."""
    return SLOWER[model.discretization.kind] * count_fields(model) * max(planned_size(model), guess)
