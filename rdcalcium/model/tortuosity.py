"""Parts of the cytosol in which everything diffuses more slowly."""

from __future__ import annotations

from typing import Annotated

from rdcalcium.model.base import Part
from rdcalcium.model.quantity import Quantity
from rdcalcium.model.region import Region


class Tortuosity(Part):
    """Obstacles too small to be seen, such as a cytomatrix: all that moves goes longer ways, D_eff = D / factor²."""

    factor: Annotated[float, Quantity("number", ge=1, le=100)]
    """Tortuosity λ: how many times as long the ways are."""
    where: Region | None = None
    """Part of the cytosol; where several overlap their factors multiply; none: everywhere."""
