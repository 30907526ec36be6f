"""What it is to follow a rule."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from rdcalcium.model.placement import Rule
from rdcalcium.placement.placing import Placing


@singledispatch
def follow(rule: Rule, placing: Placing) -> np.ndarray:
    """Where a rule puts what is placed: u, v along the membrane, and the height above it, (n, 3) µm.

    Raises ModelError where there is no room. A file for each kind of rule registers how it is followed.
    """
    raise LookupError(f"nothing says how the rule {rule.kind!r} is followed")
