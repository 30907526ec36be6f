"""What the flashes of a model do to its cages: a share of each state becomes others, in an instant."""

from __future__ import annotations

import numpy as np

from rdcalcium.chemistry import FreeForm, Photolysis, State, concentration
from rdcalcium.model import Model
from rdcalcium.model.flashes import Flash
from rdcalcium.system import System

BELL = 4 * np.log(2)  # exp(-BELL (r / width)²) is one half where r is half of the full width


class Flashes:
    """The flashes of a model, in the order in which they come.

    times  (flashes,) ms
    cells  control volumes in which most of a cage is broken, one for each flash
    """

    def __init__(self, model: Model, system: System):
        self.system = system
        self._flashes = sorted(model.flashes, key=lambda flash: flash.time)
        self.times = np.array([flash.time for flash in self._flashes])
        self.cells = np.unique(np.array([self._brightest(flash) for flash in self._flashes], dtype=np.int64))

    def after(self, number: int, y: np.ndarray) -> np.ndarray:
        """The fields (fields, n) µM after a flash, y before it."""
        flash, after = self._flashes[number], y.copy()
        light = self.light(flash)
        steps = [step for step in self.system.chemistry.photolysis if step.cage == flash.cage]
        for step in steps:
            amount = _share(step, steps, light) * concentration(step.source, y)
            _move(step.source, -amount, after)
            _move(step.target, amount, after)
        return after

    def light(self, flash: Flash) -> np.ndarray:
        """Share of the cage that a flash breaks in each control volume, (n,)."""
        centres = self.system.discretization.centres
        if flash.spot is None:
            return np.full(len(centres), flash.efficiency)
        squared = ((centres - np.array(flash.spot.centre)) ** 2).sum(axis=1)
        bell: np.ndarray = flash.efficiency * np.exp(-BELL * squared / flash.spot.width**2)
        return bell

    def _brightest(self, flash: Flash) -> int:
        there = self.system.discretization.volumes > 0
        return int(np.argmax(self.light(flash) * self.system.shares.get(flash.cage, 1.0) * there))


def _share(step: Photolysis, steps: list[Photolysis], light: np.ndarray) -> np.ndarray:
    """What a step takes of its source where a light breaks such shares of what has rates of 1 together, (n,).

    With the rates k of all steps from there, and q their sum, 1 - (1 - light)^q is broken, k/q of it by this one.
    """
    total = sum(other.rate for other in steps if other.source == step.source)
    share: np.ndarray = (1 - (1 - light) ** total) * step.rate / total
    return share


def _move(state: State, amount: np.ndarray, y: np.ndarray) -> None:
    """Add an amount (n,) µM to a state; a free form that is no field follows from the others."""
    if not isinstance(state, FreeForm):
        y[state] += amount
