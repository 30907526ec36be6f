"""Vesicles that a rule places, as obstacles of the terminal."""

from __future__ import annotations

from rdcalcium.model.base import Name, Part
from rdcalcium.model.placement import AnyRule
from rdcalcium.model.quantity import PositiveLength


class Vesicles(Part):
    """Vesicles of one size that a rule places. They become obstacles of the geometry, and never overlap."""

    name: Name = "vesicle"
    """Of each of these obstacles, and so of their surface."""
    radius: PositiveLength
    """Of the outside, membrane included."""
    placement: AnyRule
    """Where they are."""
