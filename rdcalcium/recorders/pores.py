"""How open the channels are whose gate calcium changes: nobody knows it before the run."""

from __future__ import annotations

import numpy as np

from rdcalcium.currents import Currents
from rdcalcium.model import Model
from rdcalcium.patches.pores import INFLUX
from rdcalcium.system import System

SHUT = 1e-9  # open probability, below which there is no current to compare with


class Pores:
    """Reads the states of all such groups from the numbers of the patches.

    groups    their numbers, among all groups
    channels  of each in the whole terminal
    """

    def __init__(self, model: Model, system: System, currents: Currents, counts: np.ndarray):
        self.currents = currents
        self.groups = [g for g, group in enumerate(currents.groups) if group.follows_calcium == "patch"]
        self.channels = model.copies * counts[self.groups]
        self._patches = system.patches
        # Their patches come in the order of the groups, and calcium enters through no others.
        self._numbers = [i for i, patch in enumerate(system.patches.patches) if INFLUX in patch.mechanism.courses]
        self._open = [model.channels[g].open_mask for g in self.groups]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.groups)

    def open_probability(self, sites: np.ndarray) -> np.ndarray:
        """Mean over the channels of each group, (groups,), from the numbers of the patches (size,)."""
        parts = [*self._patches.split(sites)]
        found = []
        for number, is_open in zip(self._numbers, self._open, strict=True):
            patch, rows = parts[number]
            others = rows[: len(is_open) - 1]
            shares = np.vstack([1 - others.sum(axis=0), others])
            found.append(shares[is_open].sum(axis=0) @ patch.extents / patch.extents.sum())
        return np.array(found)

    def current(self, sites: np.ndarray, t: float) -> np.ndarray:
        """Of all channels of each group at t ms, (groups,) pA, positive inward."""
        courses = [self._patches.patches[number].mechanism.courses[INFLUX] for number in self._numbers]
        one = np.array([float(course.at(t)) for course in courses])
        inward: np.ndarray = self.channels * self.open_probability(sites) * one
        return inward

    def left(self, sites: np.ndarray, t: float) -> np.ndarray:
        """What flows at t ms over what would flow at resting calcium, for every group of channels; 1 for others."""
        left = np.ones(len(self.currents.groups))
        for g, probability in zip(self.groups, self.open_probability(sites).tolist(), strict=True):
            at_rest = self.currents.groups[g].open_probability
            if at_rest is not None and (usual := float(at_rest.value(t, before=True))) > SHUT:
                left[g] = probability / usual
        return left
