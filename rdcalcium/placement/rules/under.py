"""Places under others."""

from __future__ import annotations

import numpy as np

from rdcalcium.model.placement.under import Under
from rdcalcium.placement.chart import raised
from rdcalcium.placement.site import Site


def places(rule: Under, site: Site) -> np.ndarray:
    """At the feet of the others, (n, 3)."""
    return site.require_free(raised(site.near(rule.around), rule.height))
