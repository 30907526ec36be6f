"""One run into its folder: from the model to a complete Result, stopped and resumed on the way."""

from rdcalcium.runner.execution import Progress
from rdcalcium.runner.start import prepare, resume, run

__all__ = ["Progress", "prepare", "resume", "run"]
