"""A release sensor as a Markov chain: one-way steps between its states, at rates that calcium sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.model import Sensor
from rdcalcium.model.expression import Expression
from rdcalcium.model.names import CALCIUM, MAGNESIUM
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.stationary import resting

CalciumCourse = tuple[
    np.ndarray, np.ndarray, np.ndarray
]  # calcium at the beginning, middle and end of a step, (positions,) µM
Half = tuple[np.ndarray, np.ndarray]  # calcium (positions,) µM, and the rates that are given, (rows, positions) ms⁻¹
Step = tuple[str, str, Expression, str | None]  # from, to, rate in ms⁻¹ (µM⁻¹ ms⁻¹ for what binds), what binds


@dataclass(frozen=True)
class Rates:
    """Of steps: constant + slope × calcium; or given, where they depend on calcium in another manner.

    constant  (steps,) ms⁻¹
    slope     (steps,) µM⁻¹ ms⁻¹
    row       (steps,) of what is given; -1 elsewhere
    """

    constant: np.ndarray
    slope: np.ndarray
    row: np.ndarray

    def at(self, calcium: np.ndarray, given: np.ndarray) -> np.ndarray:
        """(steps, positions) ms⁻¹, at calcium (positions,) µM and with what is given, (rows, positions) ms⁻¹."""
        rates: np.ndarray = self.constant[:, None] + self.slope[:, None] * calcium
        other = self.row >= 0
        rates[other] = given[self.row[other]]
        return rates

    def twice(self) -> Rates:
        """Of the same steps in two copies."""
        return Rates(np.tile(self.constant, 2), np.tile(self.slope, 2), np.tile(self.row, 2))


class Chain:
    """The steps of a scheme, those back included, and which of them release a vesicle.

    states            names
    released          (states,) whether the vesicle is gone
    empty             share of sites that begin without one, because the sensor says so
    sources, targets  (steps,) states
    fuses             (steps,) whether the step releases a vesicle
    laws              of the rates of all steps
    returns           whether a site from which one was released gets another
    reserve           state that never runs out; none: a site has one vesicle at most
    """

    def __init__(self, sensor: Sensor, magnesium: float = 0.0):
        scheme, self._shares = sensor.kinetics(), sensor.shares_at_start()
        self.states = scheme.states
        self.released = np.array([state in sensor.released for state in scheme.states])
        self.empty = sum(share for state, share in self._shares.items() if state in sensor.released)
        steps = [*_steps(scheme, sensor)]
        place = {state: i for i, state in enumerate(scheme.states)}
        self.sources = np.array([place[step[0]] for step, _ in steps])
        self.targets = np.array([place[step[1]] for step, _ in steps])
        self.fuses = np.array([fuses for _, fuses in steps])
        self.returns = sensor.refills
        self.reserve = None if sensor.reserve is None else place[sensor.reserve]
        self._read([step for step, _ in steps], scheme, magnesium)

    def _read(self, steps: Sequence[Step], scheme: KineticScheme, magnesium: float) -> None:
        """Rates as constant + slope × calcium, and those that depend on it otherwise."""
        constant, slope, row = np.zeros(len(steps)), np.zeros(len(steps)), np.full(len(steps), -1)
        self._others: list[tuple[Expression, bool]] = []
        self._parameters = dict(scheme.parameters)
        for i, (_, _, rate, ligand) in enumerate(steps):
            if CALCIUM in rate.names:
                row[i] = len(self._others)
                self._others.append((rate, ligand == CALCIUM))
                continue
            value = rate.evaluate(self._parameters) * (magnesium if ligand == MAGNESIUM else 1.0)
            (slope if ligand == CALCIUM else constant)[i] = value
        self.laws = Rates(constant, slope, row)

    def rates(self, calcium: np.ndarray) -> np.ndarray:
        """Of every step at calcium (positions,) µM, (steps, positions) ms⁻¹."""
        return self.laws.at(calcium, self.given(calcium))

    def given(self, calcium: np.ndarray) -> np.ndarray:
        """Rates that are no straight lines in calcium, (rows, positions) ms⁻¹."""
        found = np.empty((len(self._others), *calcium.shape))
        for row, (rate, binds) in zip(found, self._others, strict=True):
            row[...] = rate.evaluate({**self._parameters, CALCIUM: calcium}) * (calcium if binds else 1.0)
        return found

    def halves(self, course: CalciumCourse) -> tuple[Half, Half]:
        """Calcium and rates that stay what they are during each half of a step: of fourth order.

        Their mean is that of Simpson's rule, and their difference has the first moment of the parabola through both
        ends and the middle: exp(½h Q₂) exp(½h Q₁) is the commutator-free Magnus method of fourth order (Blanes & Moan
        2006), here with rates that are never below zero.
        """
        calcium, given = _halves(*course), _halves(*(self.given(calcium) for calcium in course))
        return (calcium[0], given[0]), (calcium[1], given[1])

    @property
    def linear(self) -> bool:
        """Whether all rates are straight lines in calcium."""
        return not self._others

    @property
    def steepest(self) -> float:
        """How much faster a state is left for each µM, at most, where rates are `linear`, µM⁻¹ ms⁻¹."""
        return float(np.bincount(self.sources, self.laws.slope).max())

    def fastest(self, calcium: float) -> float:
        """The fastest that any state is left at a calcium (µM), ms⁻¹."""
        leaving = np.bincount(self.sources, self.rates(np.array([calcium]))[:, 0])
        return float(leaving.max())

    def generator(self, calcium: float) -> np.ndarray:
        """Q of dp/dt = Q p at one calcium, (states, states) ms⁻¹."""
        q = np.zeros((len(self.states),) * 2)
        rates = self.rates(np.array([calcium]))[:, 0]
        np.add.at(q, (self.targets, self.sources), rates)
        np.add.at(q, (self.sources, self.sources), -rates)
        return q

    def start(self, rest: float) -> np.ndarray:
        """Occupancies before anything happens, (states,): as the sensor says, or at rest at a calcium in µM.

        Pools of a reserve are at rest as the states of a site are whose vesicles go in a circle: what flows is in
        proportion to what the reserve holds, which is 1.
        """
        found = np.array([self._shares.get(state, 0.0) for state in self.states])
        if not self._shares:
            found = resting(self.generator(rest).T, self.reserve)
            if self.reserve is not None:
                found /= found[self.reserve]
        if self.reserve is not None:
            found[self.reserve] = 1.0
        return found


def _steps(scheme: KineticScheme, sensor: Sensor) -> Sequence[tuple[Step, bool]]:
    """Every step one way, and whether it releases a vesicle."""
    found: list[tuple[Step, bool]] = []
    for t in scheme.transitions:
        found.append(((t.source, t.target, t.forward, t.ligand), sensor.fuses(t)))
        if t.backward is not None:
            found.append(((t.target, t.source, t.backward, None), False))
    return found


def _halves(before: np.ndarray, middle: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two values that hold for half a step each and have the mean and the first moment of the parabola through three.

    Where one would be below zero it is zero, and the mean stays.
    """
    mean = np.maximum((before + 4 * middle + after) / 6, 0.0)
    tilt = np.clip((after - before) / 3, -mean, mean)
    return mean - tilt, mean + tilt
