"""Listed places."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.listed import Listed
from rdcalcium.placement.chart import raised
from rdcalcium.placement.placing import Placing
from rdcalcium.placement.rules.base import follow


@follow.register
def _listed(rule: Listed, placing: Placing) -> np.ndarray:
    """As they are listed, (n, 3)."""
    return placing.require_free(raised(np.array(rule.positions), rule.height))
