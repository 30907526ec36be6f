"""The loop of stabilised explicit Runge-Kutta methods: many stages of one recursion, carried as increments."""

from __future__ import annotations

import numpy as np

from rdcalcium.backends.base import Array, Operations
from rdcalcium.integrators.base import Method
from rdcalcium.integrators.stepper import Step, StepSources


class StabilizedRungeKutta:
    """One method, with a number of stages that is set before every step."""

    def __init__(self, operations: Operations, method: Method):
        self.do, self.method = operations, method
        self.stages = 2
        self.evaluations = 0

    def increment(self, step: Step, sources: StepSources | None) -> Array:
        """z_s, from z_0 = 0 and z_1 = mu_t h F_0 on."""
        do, k, h = self.do, self.method.coefficients(self.stages), step.h
        z, older, _ = step.spare
        do.scale(0.0, step.f0, older)
        do.scale(k.mu_t[1] * h, step.f0, z)
        do.follow(step.y, older, z, k.c[1] * h)
        rows = np.column_stack([k.mu, k.nu, k.mu_t * h, k.gamma_t * h, np.diff(k.c, prepend=0.0) * h])[2:]
        cells, changes = (None, None) if sources is None else (sources.cells, sources.change[1:])
        self.evaluations += self.stages - 1
        return do.stages(step.y, step.f0, z, older, rows, cells, changes)[0]

    def smooth(self, rate: Array) -> None:
        """Nothing: its steps are short enough for all that moves."""

    def error(self, step: Step, z: Array, end: Array, f1: Array, rtol: float, atol: np.ndarray) -> float:
        """The estimate of the method."""
        slopes, increment = self.method.estimate
        return self.do.error_norm(step.y, end, z, step.f0, f1, slopes * step.h, increment, rtol, atol)
