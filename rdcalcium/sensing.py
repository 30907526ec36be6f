"""Channels that open by chance while calcium changes their gate: drawn as the run goes, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rdcalcium.hazard import accumulated, integral, row_before, share, slopes, time_until, way_taken
from rdcalcium.model import VoltageCourse
from rdcalcium.model.names import CALCIUM
from rdcalcium.openings import DrawnGate, Openings


@dataclass(frozen=True, eq=False)
class Standing:
    """Where the channels of a group are; all (channels,).

    states  in which they are
    turns   which pair of its numbers each uses now
    waits   what the integral of the rates out of its state still has to grow by until a channel leaves it
    """

    states: np.ndarray
    turns: np.ndarray
    waits: np.ndarray


@dataclass(eq=False)
class SensingGate(DrawnGate):
    """Channels that go from state to state by themselves, at the rates that voltage and their own calcium give them.

    Each goes its way as one of a `StochasticGate` does, see `hazard.py`, and from the same numbers, so that one which
    calcium does not change opens at the same times. Rates are straight lines between the rows at which gates are
    tabulated, and calcium is one from the beginning to the end of a step.

    stimulus  that the voltage of the rows is of
    """

    stimulus: VoltageCourse

    def __post_init__(self) -> None:
        """Every way from state to state, there and back."""
        index = {state: i for i, state in enumerate(self.scheme.states)}
        pairs = [(index[t.source], index[t.target]) for t in self.scheme.transitions]
        self._ways = np.array([way for a, b in pairs for way in ((a, b), (b, a))])
        self._from = np.arange(len(self.scheme.states))[:, None] == self._ways[:, 0]  # (states, ways)

    def openings(self, seed: int, trial: int) -> Openings:
        """What is known of a trial before it begins: which channels are open then."""
        first = np.flatnonzero(self.is_open[self.begin(seed, trial).states])
        return Openings(self.channels, first, np.full(len(first), -np.inf), np.full(len(first), np.inf))

    def begin(self, seed: int, trial: int) -> Standing:
        """The channels before the first step of a trial."""
        self._key = (seed, trial)
        self._drawn: dict[int, np.ndarray] = {}
        states = self.states_at_start(self._numbers(0)[:, 0])
        return Standing(states, np.ones(self.channels, dtype=int), -np.log1p(-self._numbers(1)[:, 0]))

    def _numbers(self, turn: int) -> np.ndarray:
        """The pairs of all channels, (channels, 2), in this turn of theirs."""
        if turn not in self._drawn:
            self._drawn[turn] = self.numbers(*self._key, turn)
        return self._drawn[turn]

    def _forget(self, before: int) -> None:
        """Turns that all channels have left behind; a step that begins earlier again draws them anew."""
        for turn in [turn for turn in self._drawn if turn < before]:
            del self._drawn[turn]

    def through(
        self, at: Standing, t: float, end: float, calcium: tuple[np.ndarray, np.ndarray], late: float = 0.0
    ) -> tuple[Standing, np.ndarray]:
        """Advance each channel from t to `end` (ms) or to its first opening or closing; returns those times too.

        They are infinite for channels that neither open nor close, (channels,) ms.

        calcium  (channels,) µM at both ends
        late     ms, by which a change may come after the end and still count as one at the end
        """
        self._forget(int(at.turns.min()))
        times, rates = self._rates(t, end, calcium)
        leaving = np.einsum("sw,wrc->scr", self._from, rates)
        hazard = accumulated(times, leaving)
        states, turns, waits = at.states.copy(), at.turns.copy(), at.waits.copy()
        now, changes = np.full(self.channels, t), np.full(self.channels, np.inf)
        going = np.arange(self.channels)
        while len(going):
            rate, grown = leaving[states[going], going], hazard[states[going], going]
            before = _grown(times, rate, grown, now[going])
            wanted = before + waits[going]
            jumps = wanted < grown[:, -1] + late * rate[:, -1]
            waits[going[~jumps]] -= (grown[:, -1] - before)[~jumps]
            going, rate, grown, wanted = going[jumps], rate[jumps], grown[jumps], wanted[jumps]
            now[going] = np.clip(_when(times, rate, grown, wanted), now[going], end)
            was = states[going]
            states[going] = self._target(times, rates, going, was, now[going], turns[going])
            turns[going] += 1
            waits[going] = -np.log1p(-self._of_turns(going, turns[going])[:, 0])
            changed = self.is_open[states[going]] != self.is_open[was]
            changes[going[changed]] = now[going[changed]]
            going = going[~changed]
        return Standing(states, turns, waits), changes

    def _rates(self, t: float, end: float, calcium: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Times (rows,) ms, and the rate of every way then, (ways, rows, channels) ms⁻¹."""
        first, last = np.searchsorted(self.times, t, side="right"), np.searchsorted(self.times, end, side="left")
        times = np.concatenate([[t], self.times[first:last], [end]])
        at_ends = self.stimulus.voltage(np.array([t, end]), before=np.array([False, True]))
        voltage = np.concatenate([at_ends[:1], self.voltage[first:last], at_ends[1:]])[:, None]
        share = ((times - t) / (end - t))[:, None]
        local = np.maximum((1 - share) * calcium[0] + share * calcium[1], 0.0)
        found = []
        for step, pair in zip(self.scheme.transitions, self.scheme.rates(voltage, local), strict=True):
            found += [pair[0] * (local if step.ligand == CALCIUM else 1.0), pair[1]]
        return times, np.array([np.broadcast_to(rate, local.shape) for rate in found])

    def _target(
        self,
        times: np.ndarray,
        rates: np.ndarray,
        channels: np.ndarray,
        states: np.ndarray,
        when: np.ndarray,
        turns: np.ndarray,
    ) -> np.ndarray:
        """Where channels go that leave their states at these times: each way in proportion to its rate then."""
        row = row_before(times, when)
        later = share(times, row, when)
        now = (1 - later) * rates[:, row, channels] + later * rates[:, row + 1, channels]
        return self._ways[way_taken(now * self._from[states].T, self._of_turns(channels, turns)[:, 1]), 1]

    def _of_turns(self, channels: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """The pairs that channels use in their turns, (channels, 2)."""
        found = np.empty((len(channels), 2))
        for turn in np.unique(turns).tolist():
            now = turns == turn
            found[now] = self._numbers(turn)[channels[now]]
        return found


def changed(openings: Openings, who: np.ndarray, t: float, opens: np.ndarray) -> Openings:
    """With what some channels do at a time (ms), later than all before: each opens, or closes."""
    closed = openings.closed.copy()
    closed[np.isinf(closed) & np.isin(openings.channel, who[~opens])] = t
    new = who[opens]
    return replace(
        openings,
        channel=np.append(openings.channel, new),
        opened=np.append(openings.opened, np.full(len(new), t)),
        closed=np.append(closed, np.full(len(new), np.inf)),
    )


def _grown(times: np.ndarray, rate: np.ndarray, grown: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Integral of the rate of each channel until its t, (channels,); rate and its integral at rows (channels, rows)."""
    row = row_before(times, t)
    at = np.arange(len(row)), row
    found: np.ndarray = grown[at] + integral(rate[at], slopes(times, rate)[at], t - times[row])
    return found


def _when(times: np.ndarray, rate: np.ndarray, grown: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """When that integral has come to what is wanted, (channels,) ms."""
    row = np.clip((grown <= wanted[:, None]).sum(axis=1) - 1, 0, len(times) - 2)
    at = np.arange(len(row)), row
    found: np.ndarray = times[row] + time_until(rate[at], slopes(times, rate)[at], wanted - grown[at])
    return found
