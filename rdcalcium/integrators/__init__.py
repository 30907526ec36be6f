"""Time-stepping: one method per file, each states its order."""

from rdcalcium.integrators import rkc, rkl
from rdcalcium.integrators.base import Method

METHODS: dict[str, Method] = {module.METHOD.name: module.METHOD for module in (rkc, rkl)}
