"""What this machine can do: its memory bandwidth, and how near the main kernel comes to it."""

from rdcalcium.bench.measure import measure
from rdcalcium.bench.table import table, write

__all__ = ["measure", "table", "write"]
