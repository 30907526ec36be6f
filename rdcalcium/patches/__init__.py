"""What sits on surfaces and takes calcium from the cytosol there: mechanisms, and the control volumes under them."""

from rdcalcium.patches.base import Mechanism, Patch, Patches, Row, Segment
from rdcalcium.patches.build import build_patches, has_patches

__all__ = ["Mechanism", "Patch", "Patches", "Row", "Segment", "build_patches", "has_patches"]
