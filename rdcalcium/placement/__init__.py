"""Where channels, sensors, vesicles and active zones are, where a model says so by rules."""

from rdcalcium.placement.coupling import coupling_distances, distances
from rdcalcium.placement.follow import placed, require_places, with_rules_of
from rdcalcium.placement.rows import Place, places

__all__ = ["Place", "coupling_distances", "distances", "placed", "places", "require_places", "with_rules_of"]
