"""The contract between the loop and those who take its steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.influx import Influx
from rdcalcium.integrators import limits
from rdcalcium.integrators.base import Method
from rdcalcium.integrators.controller import StepController
from rdcalcium.integrators.stepper import Stepper, StepSources
from rdcalcium.recorders.watched import WatchedPoints
from rdcalcium.stepping.gates import Gates


@dataclass(frozen=True)
class Setting:
    """What stays the same while a run takes its steps.

    method   of explicit steps
    rtol     relative tolerance
    atol     (fields,) µM, absolute tolerance
    longest  ms, that a step may be
    gates    of channels that are drawn as the run goes
    """

    operations: Operations
    influx: Influx
    points: WatchedPoints
    method: Method
    rtol: float
    atol: np.ndarray
    longest: float
    gates: Gates


@dataclass
class Pace:
    """What the steps so far say about the next one.

    control         how long it is
    implicit_above  stages of an explicit step, above which an implicit one is taken where it can be
    rejected        attempts so far
    stuck           whether the run cannot go on, because the next step would be shorter than SHORTEST_STEP
    """

    control: StepController
    implicit_above: float
    rejected: int = 0
    stuck: bool = False

    @classmethod
    def at_start(cls, method: Method) -> Pace:
        """Nothing is known yet."""
        return cls(StepController(method.order), limits.IMPLICIT_FROM)

    def tried_implicitly(self, accepted: bool) -> None:
        """Be readier to try again after an implicit step that was accepted, and less so after another one."""
        if accepted:
            self.implicit_above = max(limits.IMPLICIT_EASE * self.implicit_above, limits.IMPLICIT_ON)
        else:
            self.implicit_above = limits.IMPLICIT_AGAIN * max(self.implicit_above, limits.IMPLICIT_FROM)

    def restart(self) -> None:
        """Forget the steps before an event: what follows is another problem."""
        self.control.restart()
        self.implicit_above = limits.IMPLICIT_FROM


@dataclass(frozen=True)
class TakenStep(ABC):
    """One accepted step, whoever took it.

    t, h         end and length, ms
    evaluations  of the right-hand side until then
    amount       of calcium that entered, µM µm³
    values       (fields, points) µM at its end, of every watched point and under the pores
    """

    t: float
    h: float
    evaluations: int
    amount: float
    values: np.ndarray

    @abstractmethod
    def sources(self) -> StepSources | None:
        """During the step, at its two ends at least; None where there are no channels."""

    def inside(self, shares: np.ndarray) -> Iterable[np.ndarray] | None:
        """The watched points after shares of the step, each like `values`; None: only the state knows them."""
        return None


class Way(ABC):
    """One way of taking steps."""

    @abstractmethod
    def take(self, stepper: Stepper, pace: Pace, t: float, until: float, alone: bool) -> list[TakenStep]:
        """Steps that follow t (ms), taken: stepper and pace are behind the last one. None, if all attempts failed.

        The points still show the state at t.

        until  ms; no step follows one that ends then or later
        alone  at most one step
        """
