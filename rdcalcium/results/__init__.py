"""The run folder: writing, reading, provenance. What a snapshot shows is a CellComplex, which pictures read here."""

from rdcalcium.discretization import CellComplex
from rdcalcium.placement import Row
from rdcalcium.results.folder import RunFolderError
from rdcalcium.results.placement import read_places
from rdcalcium.results.run import Result

__all__ = ["CellComplex", "Result", "Row", "RunFolderError", "read_places"]
