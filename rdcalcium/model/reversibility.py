"""The graph of a kinetic scheme: what hangs together, what each state holds, and which cycles do not balance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.model.transition import Transition


@dataclass(frozen=True)
class Cycle:
    """A way round that leads back to its first state.

    states  in this order
    ratio   product of the rates this way round over that of the other: 1 where there is microscopic reversibility
    """

    states: tuple[str, ...]
    ratio: float

    def __str__(self) -> str:
        """Its states, and the first again."""
        return " - ".join((*self.states, *self.states[:1]))


def forest(states: Sequence[str], steps: Sequence[Transition]) -> dict[str, int | None]:
    """Each state with the number of the step by which it is reached first; none: it is the first of its part.

    Steps that bind, or that can be undone, come first. A state comes after the one from which it is reached.
    """
    order = sorted(range(len(steps)), key=lambda i: steps[i].backward is None and not steps[i].ligand)
    reached: dict[str, int | None] = {}
    for first in states:
        if first in reached:
            continue
        reached[first] = None
        while (i := next((i for i in order if _crosses(steps[i], reached)), None)) is not None:
            reached[steps[i].target if steps[i].source in reached else steps[i].source] = i
    return reached


def _crosses(step: Transition, reached: dict[str, int | None]) -> bool:
    return (step.source in reached) != (step.target in reached)


def counted(states: Sequence[str], steps: Sequence[Transition], ligand: str) -> dict[str, int]:
    """How many ions of a ligand each state holds, counted from the first state of its part."""
    count: dict[str, int] = {}
    for state, i in forest(states, steps).items():
        if i is None:
            count[state] = 0
        elif steps[i].target == state:
            count[state] = count[steps[i].source] + steps[i].change(ligand)
        else:
            count[state] = count[steps[i].target] - steps[i].change(ligand)
    return count


def fundamental_cycles(
    states: Sequence[str], steps: Sequence[Transition], rates: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[Cycle]:
    """Cycles of steps that can be undone, of which all others are made: one for each step that reaches nothing new.

    The product of K = forward / backward along the way on which each state is reached is what its occupancy would be in
    equilibrium, relative to the first; a cycle balances where the step that closes it agrees (Kolmogorov 1936). What
    binds on the way round also unbinds, so concentrations cancel. A step with a rate of 0 leaves its cycles open.

    rates  of every step, forward and backward
    """
    both = [i for i, (forward, backward) in enumerate(rates) if forward > 0 and backward > 0]
    closed, log_K = [steps[i] for i in both], [math.log(rates[i][0] / rates[i][1]) for i in both]
    reached = forest(states, closed)
    ways: dict[str, list[str]] = {}  # from each state back to the first
    level: dict[str, float] = {}
    for state, i in reached.items():
        if i is None:
            ways[state], level[state] = [state], 0.0
        else:
            forwards = closed[i].target == state
            before = closed[i].source if forwards else closed[i].target
            ways[state] = [state, *ways[before]]
            level[state] = level[before] + (log_K[i] if forwards else -log_K[i])
    return [
        Cycle(_round(ways[t.target], ways[t.source]), math.exp(log_K[i] + level[t.source] - level[t.target]))
        for i, t in enumerate(closed)
        if i not in reached.values()
    ]


def _round(there: list[str], back: list[str]) -> tuple[str, ...]:
    """From the end of a step to where both ways back meet, and on to its beginning."""
    meet = next(state for state in there if state in back)
    return (*there[: there.index(meet) + 1], *reversed(back[: back.index(meet)]))
