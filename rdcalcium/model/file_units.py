"""Units of length of files that hold numbers alone."""

from __future__ import annotations

import math
from typing import Literal, get_args

from rdcalcium.units import parse

LengthUnit = Literal["nm", "um", "mm", "m"]

FITTING = (1 / 3, 300)  # largest coordinate of a file over that of the model's points, unless its unit is wrong


def fitting_unit(size: float, reach: float) -> str:
    """The unit in which a file would best fit the points of a model.

    size   largest coordinate in the file, as a number
    reach  µm, that of the points of the model
    """
    sizes = {unit: size * parse(f"1 {unit}", "length") for unit in get_args(LengthUnit)}
    usual = reach * math.sqrt(FITTING[0] * FITTING[1])
    return min(sizes, key=lambda unit: abs(math.log(sizes[unit] / usual)))
