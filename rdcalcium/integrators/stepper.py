"""The state of a run, and one step of it by whichever scheme: try, then accept or try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from rdcalcium.backends.base import Array, Operations

T = TypeVar("T")
ROUNDING_SHOWS = 1e-3  # tolerance below which the error estimate of a long step shows the rounding of its ends


def refines(operations: Operations, tolerance: float) -> bool:
    """Whether F at the ends of a step has to be that of the state before rounding (docs/precision.md).

    A device that takes steps by itself does not do that.
    """
    return operations.precision == "float32" and tolerance < ROUNDING_SHOWS


@dataclass(frozen=True)
class StepSources:
    """Sources over one step, on the device of the backend.

    cells   distinct control volumes, (k,)
    first   at the beginning of the step, (k,) µM ms⁻¹
    change  since then, at the time of every stage, (stages + 1, k) µM ms⁻¹
    amount  that they bring, µM µm³, by the quadrature of the scheme
    """

    cells: Array
    first: Array
    change: Array
    amount: float


@dataclass(frozen=True)
class Step:
    """What a scheme starts from, all (fields, n) on the device.

    h       ms
    y, f0   the state, and its rate of change with the sources of the beginning
    spare   three more states, to work in
    """

    h: float
    y: Array
    f0: Array
    spare: tuple[Array, Array, Array]


class Scheme(Protocol):
    """One way of finding where a step leads."""

    evaluations: int

    def increment(self, step: Step, sources: StepSources | None) -> Array:
        """y(t + h) - y(t), in one of the spare states."""

    def error(self, step: Step, z: Array, end: Array, f1: Array, rtol: float, atol: np.ndarray) -> float:
        """Local error of the increment z relative to the tolerance, in the maximum norm; z may be lost over it.

        end, f1  where it leads, and the rate of change there
        """

    def smooth(self, rate: Array) -> None:
        """Take out of a rate of change what is too stiff to show between the ends of the last step, in place."""


def cubic(
    h: float, shares: np.ndarray, ends: Sequence[np.ndarray], slopes: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    """Values at shares of a step of h ms between its two ends, which have these slopes (Hermite): of third order."""
    (start, end), (slope_0, slope_1) = ends, slopes
    for s in shares:
        bend = slope_0 * s * (1 - s) ** 2 - slope_1 * s * s * (1 - s)
        yield start + (end - start) * s * s * (3 - 2 * s) + h * bend


class Stepper:
    """Owns the state of a run and advances it; says which operations, never how they are done.

    y            the state
    carried      what rounding took from it
    evaluations  of the right-hand side so far
    """

    def __init__(self, operations: Operations, initial: np.ndarray, sites: np.ndarray | None = None):
        """Begin with a state (fields, n), and the numbers of its patches; none: zeros."""
        self.do = operations
        self.y = operations.from_host(initial, sites)
        self.carried = operations.from_host(initial - operations.to_host(self.y))
        self._carried_end, self._f0, self._f1, *self._spare = (operations.new() for _ in range(5))
        self._f0_is_current = False
        self.evaluations = 0

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restored` goes on with the same bits.

        The derivative is kept as it is: the sources of the last step went into it and out of it again, which leaves
        the rounding of two additions.
        """
        kept = {"y": self.y, "carried": self.carried} | ({"derivative": self._f0} if self._f0_is_current else {})
        fields = {name: self.do.to_host(array) for name, array in kept.items()}
        if not self.do.system.patches:
            return fields
        return fields | {f"{name} at sites": self.do.sites(array) for name, array in kept.items()}

    @classmethod
    def restored(cls, operations: Operations, saved: Mapping[str, np.ndarray]) -> Stepper:
        """The stepper as it was when `saved`."""

        def loaded(name: str) -> Array:
            return operations.from_host(saved[name], saved.get(f"{name} at sites"))

        stepper = cls(operations, saved["y"])
        stepper.y, stepper.carried = loaded("y"), loaded("carried")
        if "derivative" in saved:
            stepper._f0, stepper._f0_is_current = loaded("derivative"), True
        return stepper

    def jump(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        """Go on from what `change` makes of the state (fields, n) in double precision; patches stay as they are."""
        do, sites = self.do, [self.do.sites(array) for array in (self.y, self.carried)]
        after = change(do.to_host(self.y) + do.to_host(self.carried))
        self.y = do.from_host(after, sites[0])
        self.carried = do.from_host(after - do.to_host(self.y), sites[1])
        self._f0_is_current = False

    @property
    def tried(self) -> Array:
        """Where the last attempt has led to, before it is accepted."""
        return self._spare[1]

    def rate(self, refined: bool = False) -> Array:
        """The right-hand side at the state, without sources."""
        if not self._f0_is_current:
            self._rhs(self.y, self.carried, self._f0, refined)
            self._f0_is_current = True
        return self._f0

    @property
    def states(self) -> tuple[Array, ...]:
        """All arrays, in the order of `rdcalcium.backends.program.STATES`."""
        return (self.y, self.carried, self._f0, *self._spare, self._carried_end, self._f1)

    def adopt(self, scheme: Scheme, states: Sequence[Array], stages: int, evaluations: int) -> None:
        """Go on from `states` that a device has taken to the end of an explicit step of so many stages."""
        self._scheme = scheme
        self.y, self.carried, self._f0, odd, even, self._carried_end, self._f1 = states
        self._spare = [odd, even] if stages % 2 else [even, odd]  # the second is where the last step began
        self.evaluations = evaluations

    def attempt(self, scheme: Scheme, h: float, sources: StepSources | None, rtol: float, atol: np.ndarray) -> float:
        """Try one step of h ms; the error relative to the tolerance comes back. Then `accept`, or attempt again."""
        do = self.do
        refined = refines(do, rtol)
        self._add(self.rate(refined), sources, 1.0, at_end=False)
        self._scheme, before = scheme, scheme.evaluations
        step = Step(h, self.y, self._f0, (self._spare[0], self._spare[1], self._f1))
        z = scheme.increment(step, sources)
        self._spare = [z, self._spare[0] if z is self._spare[1] else self._spare[1]]
        end = self._spare[1]
        do.advance(self.y, self.carried, z, end, self._carried_end)
        self._rhs(end, self._carried_end, self._f1, refined)
        self._add(self._f1, sources, 1.0, at_end=True)
        error = scheme.error(step, z, end, self._f1, rtol, atol)
        self._add(self._f0, sources, -1.0, at_end=False)
        self._add(self._f1, sources, -1.0, at_end=True)
        self.evaluations += scheme.evaluations - before
        return error

    def _rhs(self, y: Array, carried: Array, out: Array, refined: bool) -> None:
        """out = F(y), or F(y + carried) if refined."""
        if refined:
            self.do.refined_rhs(y, carried, out)
        else:
            self.do.rhs(y, out)
        self.evaluations += 1 + refined

    def _add(self, target: Array, sources: StepSources | None, sign: float, at_end: bool) -> None:
        """Add the sources to a right-hand side, or take them away: the next step brings its own."""
        if sources is not None:
            self.do.add_at(target, sources.cells, sources.first, sign)
            if at_end:
                self.do.add_at(target, sources.cells, sources.change[-1], sign)

    def _slope(self, rate: Array, sources: StepSources | None, at_end: bool) -> Array:
        """A copy of a right-hand side with the sources in it, so that nobody who looks changes the run."""
        self.do.scale(1.0, rate, self._spare[0])
        self._add(self._spare[0], sources, 1.0, at_end)
        self._scheme.smooth(self._spare[0])
        return self._spare[0]

    def within(
        self, h: float, shares: np.ndarray, sources: StepSources | None, look: Callable[[Array], np.ndarray]
    ) -> Iterator[np.ndarray]:
        """What `look` makes of the state (linearly) inside the step that was just accepted, at shares of its length.

        The cubic through both ends and their derivatives (Hermite): of third order, so that nobody who wants to look
        makes a step shorter. All looks are taken at once; later steps do not change what comes of them.
        """
        start, end, slope_0, slope_1 = self.ends(sources, look)
        return cubic(h, shares, (start, end), (slope_0, slope_1))

    def ends(self, sources: StepSources | None, look: Callable[[Array], T]) -> tuple[T, T, T, T]:
        """What `look` makes of the beginning and end of the step that was just accepted, and of the slopes there."""
        start, end = look(self._spare[1]), look(self.y)
        slope = look(self._slope(self._f1, sources, at_end=False))  # after `accept` _f1 is of the beginning
        return start, end, slope, look(self._slope(self._f0, sources, at_end=True))

    def accept(self) -> None:
        """Make the end of the last attempt the state; its derivative serves the next step."""
        self.y, self._spare[1] = self._spare[1], self.y
        self.carried, self._carried_end = self._carried_end, self.carried
        self._f0, self._f1 = self._f1, self._f0
