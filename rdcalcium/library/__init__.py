"""Literature values as data, and the models that can be run by name.

Entries are named after what they are and the paper whose values they hold, EGTA and BAPTA apart: "ATP_keller2015". The
name of a sensor that is the only one of its paper may be that of the paper: "felmy2003".
"""

from rdcalcium.catalogue import SHELVES, entries, entry, references
from rdcalcium.library.citations import papers, used_references
from rdcalcium.library.described import explain
from rdcalcium.library.loading import buffer, channels, likeness, load, loaded, pump, resolve, sensor, transport

__all__ = [
    "SHELVES",
    "buffer",
    "channels",
    "entries",
    "entry",
    "explain",
    "likeness",
    "load",
    "loaded",
    "papers",
    "pump",
    "references",
    "resolve",
    "sensor",
    "transport",
    "used_references",
]
