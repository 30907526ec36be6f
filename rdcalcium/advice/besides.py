"""The calcium at rest that is neither free nor bound to buffers: what molecules in membranes hold, and stores."""

from __future__ import annotations

from collections.abc import Iterator

from rdcalcium.advice.cells import CellSizes
from rdcalcium.model import Model
from rdcalcium.patches import build_patches, has_patches
from rdcalcium.patches.base import BOUND, STORED
from rdcalcium.units import figures, level

WORDS = {BOUND: "bound to", STORED: "stored in"}


def besides(model: Model, cells: CellSizes, rest: float) -> Iterator[str]:
    """What pumps, transports of stores and binding sensors hold, and well-mixed stores, µM µm³; else nothing.

    It is told of the calcium that the model says, with a word where a run begins at another `rest`, µM.
    """
    if not has_patches(model):
        return
    made = cells.make()
    patches = build_patches(model, made)
    held: dict[str, float] = {}
    for patch, rows in patches.split(patches.start):
        for row, values in zip(patch.mechanism.rows, rows, strict=True):
            if row.account in WORDS:
                where = f"{WORDS[row.account]} {patch.mechanism.name}"
                held[where] = held.get(where, 0.0) + model.copies * row.calcium * float(values @ patch.extents)
    if held:
        where = "at rest" if rest == model.calcium.rest else f"at {level(model.calcium.rest)} as typed"
        yield f"besides, {where}: {', '.join(f'{figures(amount, 5)} uM um^3 {what}' for what, amount in held.items())}"
