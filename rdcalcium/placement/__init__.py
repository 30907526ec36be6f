"""Where channels, sensors, vesicles and active zones are, where a model says so by rules."""

from rdcalcium.placement.coupling import Coupling, coupling, coupling_distances, distances
from rdcalcium.placement.follow import placed, require_places, with_rules_of
from rdcalcium.placement.rows import Row, rows_of

__all__ = [
    "Coupling",
    "Row",
    "coupling",
    "coupling_distances",
    "distances",
    "placed",
    "require_places",
    "rows_of",
    "with_rules_of",
]
