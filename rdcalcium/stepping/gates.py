"""Gates that are drawn as the run goes: what they do in a step that was tried, and where it has to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.mirrors import shared_sources
from rdcalcium.influx import Influx
from rdcalcium.openings import Openings
from rdcalcium.randomness import BY_NUMBER
from rdcalcium.recorders.watched import WatchedPoints
from rdcalcium.sensing import SensingGate, Standing, changed
from rdcalcium.system import System

CLOSE = 1e-3  # share of a step, by which a channel may open or close before or after its end
OPEN_BEFORE, STILL_OPEN = -1.0, -1.0  # what is kept of a time that is infinite


@dataclass(frozen=True)
class Sensing:
    """One group of such channels.

    group   its number
    places  (channels, corners) of the control volumes at its pores, among what is fetched of the watched points
    shares  (channels, corners) that add up to 1
    """

    group: int
    gate: SensingGate
    places: np.ndarray
    shares: np.ndarray

    def calcium(self, values: np.ndarray) -> np.ndarray:
        """At each channel, (channels,) µM, of values as they are fetched."""
        found: np.ndarray = (self.shares * values[CALCIUM, self.places]).sum(axis=1)
        return found


class Gates:
    """All groups of a run whose openings nobody knows before.

    Within a step the channels that are open stay what they are. So one in which a channel opens or closes is taken
    back, and ends then when it is tried again: it is the calcium of that trial which decides, to a thousandth of it.
    """

    def __init__(self, influx: Influx, points: WatchedPoints, system: System):
        self.influx, self.points = influx, points
        self.groups = [
            _sensing(g, group.gate, influx, points, system)
            for g, group in enumerate(influx.currents.groups)
            if isinstance(group.gate, SensingGate)
        ]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.groups)

    def begin(self, seed: int, trial: int) -> None:
        """Be before the first step of a trial."""
        self.standing = [sensing.gate.begin(seed, trial) for sensing in self.groups]

    def first_change(self, t: float, end: float, values: np.ndarray, again: bool) -> float:
        """When the first channel opens or closes in a step from t to `end` (ms), where that is too early to be its end.

        Infinite where the step can stay: then `settle`.

        values  as they are fetched at the end of the step
        again   whether the step was cut to end with such a change
        """
        close = CLOSE * (end - t)
        self._tried = []
        for sensing, at in zip(self.groups, self.standing, strict=True):
            calcium = (sensing.calcium(self.points.last), sensing.calcium(values))
            self._tried.append(sensing.gate.through(at, t, end, calcium, close if again else 0.0))
        first = min((float(changes.min(initial=np.inf)) for _, changes in self._tried), default=np.inf)
        return first if first < end - close else np.inf

    def settle(self, end: float) -> None:
        """Take what was drawn last, and let channels open and close at the end of that step, ms."""
        for i, (sensing, (standing, changes)) in enumerate(zip(self.groups, self._tried, strict=True)):
            self.standing[i] = standing
            who = np.flatnonzero(np.isfinite(changes))
            if len(who):
                known = self.influx.openings[sensing.group]
                assert known is not None  # `begin` of the influx has made them
                self._renew(sensing.group, changed(known, who, end, sensing.gate.is_open[standing.states[who]]))

    def _renew(self, group: int, openings: Openings) -> None:
        self.influx.renew(group, openings)
        self.points.renew(group)

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on."""
        found = {}
        for i, (sensing, at) in enumerate(zip(self.groups, self.standing, strict=True)):
            known = self.influx.openings[sensing.group]
            assert known is not None
            opened = np.where(np.isinf(known.opened), OPEN_BEFORE, known.opened)
            closed = np.where(np.isinf(known.closed), STILL_OPEN, known.closed)
            found[f"gate {i}"] = np.stack([at.states, at.turns, at.waits], axis=1)
            found[f"openings {BY_NUMBER} {i}"] = np.stack([known.channel, opened, closed], axis=1)
        return found

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what was `saved`."""
        for i, sensing in enumerate(self.groups):
            states, turns, waits = saved[f"gate {i}"].T
            self.standing[i] = Standing(states.astype(int), turns.astype(int), waits.copy())
            channel, opened, closed = saved[f"openings {BY_NUMBER} {i}"].T
            opened = np.where(opened == OPEN_BEFORE, -np.inf, opened)
            closed = np.where(closed == STILL_OPEN, np.inf, closed)
            self._renew(sensing.group, Openings(sensing.gate.channels, channel.astype(int), opened, closed))


def _sensing(g: int, gate: SensingGate, influx: Influx, points: WatchedPoints, system: System) -> Sensing:
    """The group of that number, with where its channels feel calcium."""
    cells, shares = shared_sources(influx.groups[g], influx.planes, system.discretization)
    cells = np.where(shares > 0, cells, cells[np.arange(len(cells)), shares.argmax(axis=1)][:, None])
    return Sensing(g, gate, points.places_of(cells), shares / shares.sum(axis=1, keepdims=True))
