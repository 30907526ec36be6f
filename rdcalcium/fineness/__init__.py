"""How fine is fine enough: what the cells of a model leave of error, estimated on others before it runs."""

from rdcalcium.fineness.estimate import Estimate, NoEstimateError, estimate_error
from rdcalcium.fineness.told import sentences

__all__ = ["Estimate", "NoEstimateError", "estimate_error", "sentences"]
