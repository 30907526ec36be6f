"""The run folder: writing, reading, provenance. What a snapshot shows is a CellComplex, which pictures read here."""

from rdcalcium.discretization import CellComplex
from rdcalcium.results.folder import RunFolderError
from rdcalcium.results.run import Result

__all__ = ["CellComplex", "Result", "RunFolderError"]
