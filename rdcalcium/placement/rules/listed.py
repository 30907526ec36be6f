"""Listed places."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.listed import Listed
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Listed, site: Site) -> np.ndarray:
    """As they are listed, (n, 3)."""
    return site.require_free(raised(np.array(rule.positions), rule.height))
