"""Places under others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.under import Under
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _under(rule: Under, placing: Placing) -> np.ndarray:
    """At the feet of the others, (n, 3)."""
    return placing.require_free(raised(placing.near(rule.around), rule.height))
