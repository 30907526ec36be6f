"""What the flashes of a model do to its cages: a share of each state becomes others, in an instant."""

from __future__ import annotations

import numpy as np

from rdcalcium.chemistry import FreeForm, Photolysis, State, concentration
from rdcalcium.model import Model
from rdcalcium.model.flashes import Flash
from rdcalcium.system import System

BELL = 4 * np.log(2)  # exp(-BELL (r / width)²) is one half where r is half of the full width


class Flashes:
    """The flashes of a model, in the order in which they come; one that lasts is many.

    times  (flashes,) ms
    cells  control volumes in which most of a cage is broken, one for each flash
    """

    def __init__(self, model: Model, system: System):
        self.system = system
        each = [(moment, flash) for flash in model.flashes for moment in flash.moments]
        each.sort(key=lambda one: one[0])
        self.times, self._flashes = np.array([moment for moment, _ in each]), [flash for _, flash in each]
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
        """Share of the cage that a flash breaks in each control volume at each of its moments, (n,)."""
        centres = self.system.discretization.centres
        whole = np.full(len(centres), flash.efficiency)
        if flash.spot is not None:
            squared = ((centres - np.array(flash.spot.centre)) ** 2).sum(axis=1)
            whole *= np.exp(-BELL * squared / flash.spot.width**2)
        share: np.ndarray = -np.expm1(np.log1p(-whole) / len(flash.moments)) if flash.duration else whole
        return share

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
