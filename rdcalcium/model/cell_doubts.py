"""Sizes of cells that can be made and were hardly meant."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.model.cells import Grid
from rdcalcium.model.model import Model
from rdcalcium.units import nanometres

LEAST = 0.0005  # µm; a calcium ion with its water is 0.8 nm across
GRANTED = 1 - 1e-9  # of a size, for rounding


def cells_without_use(model: Model) -> Iterator[str]:
    """Cells that are wider near the channels than anywhere else may be, and those that are smaller than an ion."""
    choice, bulk = model.discretization, model.discretization.size_in_bulk
    fine = choice.size_at_active_zone if isinstance(choice, Grid) else (choice.size_at_active_zone,)
    if bulk is not None and bulk < GRANTED * max(fine):
        used = max(fine) if isinstance(choice, Grid) else bulk
        yield (
            f"size_in_bulk, {nanometres(bulk, 3)}, is smaller than size_at_active_zone, {nanometres(max(fine), 3)}, "
            f"and {nanometres(used, 3)} holds everywhere: is one meant for the other? size_in_bulk is that far from "
            "channels"
        )
    if min(fine) < GRANTED * LEAST:
        yield (
            f"size_at_active_zone is {nanometres(min(fine), 3)}, less than a calcium ion in water is wide, where a "
            "concentration means nothing: is that meant? 2 to 10 nm are usual"
        )
