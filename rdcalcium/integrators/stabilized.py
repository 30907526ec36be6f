"""The loop of stabilised explicit Runge-Kutta methods: many stages of one recursion, carried as increments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends.base import Array, Operations
from rdcalcium.integrators.base import Coefficients, Method


@dataclass(frozen=True)
class StepSources:
    """Sources over one step, on the device of the backend.

    cells   distinct control volumes, (k,)
    first   at the beginning of the step, (k,) µM ms⁻¹
    change  since then, at the time of every stage, (stages + 1, k) µM ms⁻¹
    """

    cells: Array
    first: Array
    change: Array


class StabilizedRungeKutta:
    """Owns the state of a run and advances it; says which operations, never how they are done.

    method   its coefficients
    y        the state
    carried  what rounding took from it
    """

    def __init__(self, operations: Operations, initial: np.ndarray, method: Method):
        self.do, self.method = operations, method
        self.y = operations.from_host(initial)
        self.carried = operations.new()
        self._carried_end, self._z, self._older, self._f0, self._f1 = (operations.new() for _ in range(5))
        self._f0_is_current = False
        self.evaluations = 0

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restored` goes on with the same bits.

        The derivative is kept as it is: the sources of the last step went into it and out of it again, which leaves
        the rounding of two additions.
        """
        kept = {"y": self.y, "carried": self.carried} | ({"derivative": self._f0} if self._f0_is_current else {})
        return {name: self.do.to_host(array) for name, array in kept.items()}

    @classmethod
    def restored(cls, operations: Operations, saved: Mapping[str, np.ndarray], method: Method) -> StabilizedRungeKutta:
        """The scheme as it was when `saved`."""
        scheme = cls(operations, saved["y"], method)
        scheme.carried = operations.from_host(saved["carried"])
        if "derivative" in saved:
            scheme._f0, scheme._f0_is_current = operations.from_host(saved["derivative"]), True
        return scheme

    def attempt(self, h: float, stages: int, sources: StepSources | None, rtol: float, atol: np.ndarray) -> float:
        """Try one step of h ms; the error relative to the tolerance comes back. Then `accept`, or attempt again."""
        do = self.do
        if not self._f0_is_current:
            do.rhs(self.y, self._f0)
            self._f0_is_current = True
            self.evaluations += 1
        self._add(self._f0, sources, 1.0, at_end=False)
        self._stages(h, self.method.coefficients(stages), sources)
        do.advance(self.y, self.carried, self._z, self._older, self._carried_end)
        do.rhs(self._older, self._f1)
        self._add(self._f1, sources, 1.0, at_end=True)
        slopes, increment = self.method.estimate
        ends = (self.y, self._older, self._z, self._f0, self._f1)
        error = do.error_norm(*ends, slopes * h, increment, rtol, atol)
        self._add(self._f0, sources, -1.0, at_end=False)
        self._add(self._f1, sources, -1.0, at_end=True)
        self.evaluations += stages
        return error

    def _stages(self, h: float, k: Coefficients, sources: StepSources | None) -> None:
        """Increments z_1 … z_s over the start of the step; the last is left in _z."""
        do, f0 = self.do, self._f0
        do.scale(0.0, f0, self._older)
        do.scale(k.mu_t[1] * h, f0, self._z)
        rows = np.column_stack([k.mu, k.nu, k.mu_t * h, k.gamma_t * h])[2:]
        cells, changes = (None, None) if sources is None else (sources.cells, sources.change[1:])
        self._z, self._older = do.stages(self.y, f0, self._z, self._older, rows, cells, changes)

    def _add(self, target: Array, sources: StepSources | None, sign: float, at_end: bool) -> None:
        """Add the sources to a right-hand side, or take them away: the next step brings its own."""
        if sources is not None:
            self.do.add_at(target, sources.cells, sources.first, sign)
            if at_end:
                self.do.add_at(target, sources.cells, sources.change[-1], sign)

    def _with_sources(self, rate: Array, sources: StepSources | None, at_end: bool) -> Array:
        """A copy of a right-hand side with the sources in it, so that nobody who looks changes the run."""
        self.do.scale(1.0, rate, self._z)
        self._add(self._z, sources, 1.0, at_end)
        return self._z

    def within(
        self, h: float, shares: np.ndarray, sources: StepSources | None, look: Callable[[Array], np.ndarray]
    ) -> Iterator[np.ndarray]:
        """What `look` makes of the state (linearly) inside the step that was just accepted, at shares of its length.

        The cubic through both ends and their derivatives (Hermite): of third order, so that nobody who wants to look
        makes a step shorter.
        """
        start, end = look(self._older), look(self.y)
        slope_0 = look(self._with_sources(self._f1, sources, at_end=False))  # after `accept` _f1 is of the beginning
        slope_1 = look(self._with_sources(self._f0, sources, at_end=True))
        for s in shares:
            bend = slope_0 * s * (1 - s) ** 2 - slope_1 * s * s * (1 - s)
            yield start + (end - start) * s * s * (3 - 2 * s) + h * bend

    def accept(self) -> None:
        """Make the end of the last attempt the state; its derivative serves the next step."""
        self.y, self._older = self._older, self.y
        self.carried, self._carried_end = self._carried_end, self.carried
        self._f0, self._f1 = self._f1, self._f0
