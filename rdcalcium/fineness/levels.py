"""Calcium at the sensors and probes of a model on cells of several widths, as far as that is quick."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from rdcalcium.discretization.build import planned_size
from rdcalcium.errors import InputError, RdcalciumError
from rdcalcium.memory import MemoryShortageError, count_fields
from rdcalcium.model import Model
from rdcalcium.steady_state.brief import Brief, NothingEntersError, brief
from rdcalcium.steady_state.newton import NoSteadyStateError

FACTORS = (24.0, 16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 2 / 3, 0.5)  # of the widths of cells
FEWEST = 3  # that an estimate needs
TRIED = 6  # widths, of which those are left out that are too wide for what the terminal holds
MOST = 1.2e6  # concentrations on the finest cells: ten seconds on a core
MAKING = {"grid": 0, "tetrahedra": 15}  # fields that would take as long as making the control volumes


@dataclass(frozen=True)
class Level:
    """One of them.

    factor  by which the cells are wider than those of the model
    """

    factor: float
    model: Model
    found: Brief


def levels(model: Model) -> list[Level]:
    """From the widest cells to the finest that are quick.

    Cells are passed over that are too wide for what is in the terminal, or on which nothing is found. Where they are
    fewer than FEWEST, that is the error which is raised.
    """
    found: list[Level] = []
    why: RdcalciumError = InputError("all but the widest cells take long")
    for factor in _quick(model):
        wider = model.refined(1 / factor)
        try:
            found.append(Level(factor, wider, brief(wider)))
        except NothingEntersError:
            raise
        except (InputError, MemoryShortageError, NoSteadyStateError) as error:
            why = error
    if len(found) < FEWEST:
        raise why
    return found


def _quick(model: Model) -> tuple[float, ...]:
    """Factors of the finest cells that are quick, and of some that are wider."""
    quick = takewhile(lambda factor: _work(model.refined(1 / factor)) <= MOST, FACTORS)
    return tuple(quick)[-TRIED:]


def _work(model: Model) -> int:
    """Concentrations of a model, with what making its control volumes takes."""
    return (count_fields(model) + MAKING[model.discretization.kind]) * planned_size(model)
