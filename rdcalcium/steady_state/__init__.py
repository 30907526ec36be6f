"""Steady states: what a terminal tends to while its channels stay as they are, found by Newton's method."""

from rdcalcium.steady_state.solve import steady
from rdcalcium.steady_state.state import SteadyState
from rdcalcium.steady_state.table import write_table

__all__ = ["SteadyState", "steady", "write_table"]
