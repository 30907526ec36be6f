"""The run folder: writing, reading, provenance."""

from rdcalcium.results.folder import RunFolderError
from rdcalcium.results.run import Result

__all__ = ["Result", "RunFolderError"]
