"""When each channel of a group opens and closes: sampled from its gate, or prescribed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from rdcalcium.hazard import accumulated, integral, row_before, share, slopes, time_until, way_taken
from rdcalcium.model import KineticScheme
from rdcalcium.randomness import generator


@dataclass(frozen=True, eq=False)
class Openings:
    """Every opening of the channels of a group in one trial.

    channels  how many there are
    channel   (openings,) number of the one that opens, from 0
    opened    (openings,) ms, ascending; -∞ where it is open from the beginning
    closed    (openings,) ms; ∞ where it stays open
    """

    channels: int
    channel: np.ndarray
    opened: np.ndarray
    closed: np.ndarray

    @classmethod
    def of(cls, intervals: Sequence[Sequence[tuple[float, float]]]) -> Openings:
        """Prescribed ones: the intervals in which each channel is open, ms."""
        rows = [(opened, closed, i) for i, each in enumerate(intervals) for opened, closed in each]
        opened, closed, channel = np.array(sorted(rows)).reshape(-1, 3).T
        return cls(len(intervals), channel.astype(int), opened, closed)

    @cached_property
    def events(self) -> np.ndarray:
        """Times at which any channel opens or closes, ms, ascending."""
        times = np.unique(np.concatenate([self.opened, self.closed]))
        return times[np.isfinite(times)]

    def are_open(self, t: float, before: bool = False) -> np.ndarray:
        """Which channels are open at a time (ms), (channels,); where one opens or closes then, after that or before."""
        until = int(np.searchsorted(self.opened, t, side="left" if before else "right"))
        closed = self.closed[:until]
        still = closed >= t if before else closed > t
        found = np.zeros(self.channels, dtype=bool)
        found[self.channel[:until][still]] = True
        return found

    def conducting(self, times: np.ndarray, before: np.ndarray | bool, shares: np.ndarray) -> np.ndarray:
        """How many are open at each time (ms), or before what happens then, (times,); each counts by its share.

        shares  (channels,)
        """
        flows = np.zeros(len(times))
        for ends, sign in ((self.opened, 1.0), (self.closed, -1.0)):
            order = np.argsort(ends, kind="stable")
            passed = [np.searchsorted(ends[order], times, side=side) for side in ("left", "right")]
            total = np.append(0.0, np.cumsum(shares[self.channel[order]]))
            flows += sign * total[np.where(before, *passed)]
        return flows

    def among(self, chosen: np.ndarray) -> Openings:
        """Those of some of the channels, (channels,) bool; the others never open."""
        kept = chosen[self.channel]
        return Openings(self.channels, self.channel[kept], self.opened[kept], self.closed[kept])

    def within(self, duration: float) -> Openings:
        """Those that begin before the end of a run and end after its beginning."""
        kept = (self.opened < duration) & (self.closed > 0)
        return Openings(self.channels, self.channel[kept], self.opened[kept], self.closed[kept])


class PrescribedGate:
    """Channels that open at given times, the same in every trial."""

    def __init__(self, openings: Openings):
        self._openings = openings

    def openings(self, seed: int, trial: int) -> Openings:
        """The given ones."""
        return self._openings


@dataclass(eq=False)
class DrawnGate:
    """Channels of a group that go from state to state by themselves; the same of them from the same numbers.

    The n-th two numbers of a channel are its row of the n-th stream. So they are the same whatever other groups there
    are, and how many channels follow in its own.

    times    (rows,) ms, ascending; two of one time where the voltage jumps
    voltage  (rows,) mV
    start    (states,) probability of each state at the beginning
    is_open  (states,)
    """

    name: str
    scheme: KineticScheme
    times: np.ndarray
    voltage: np.ndarray
    start: np.ndarray
    is_open: np.ndarray
    channels: int

    def numbers(self, seed: int, trial: int, turn: int) -> np.ndarray:
        """The pairs of all channels in one turn of theirs, (channels, 2) uniform from 0 to 1."""
        return generator(seed, trial, "gate", self.name, turn).random((self.channels, 2))

    def states_at_start(self, u: np.ndarray) -> np.ndarray:
        """In which each channel begins, (channels,), by a uniform number."""
        reached = np.cumsum(self.start)
        return np.searchsorted(reached, u * reached[-1], side="right")


@dataclass(eq=False)
class StochasticGate(DrawnGate):
    """Channels that go from state to state by themselves, at the rates that the voltage gives their gate.

    A channel that came to a state s at t leaves it at t' where ∫ λ_s = -ln u from t to t', λ_s being the sum of the
    rates out of it and u uniform; `hazard.py` says to where, and on which lines.
    """

    def __post_init__(self) -> None:
        """Rates out of each state at the rows, and their integrals."""
        self._exits = _exits(self.scheme, self.voltage)
        self._leaving = [sum((rate for _, rate in exits), np.zeros(len(self.times))) for exits in self._exits]
        self._grown = [accumulated(self.times, rate) for rate in self._leaving]
        self._slopes = [slopes(self.times, rate) for rate in self._leaving]

    def openings(self, seed: int, trial: int) -> Openings:
        """Those of a trial."""
        draws = (self.numbers(seed, trial, turn) for turn in count())
        state = self.states_at_start(next(draws)[:, 0])
        time, changes = np.zeros(self.channels), []
        going = np.arange(self.channels)
        begins = self.is_open[state]
        while len(going):
            u = next(draws)[going]
            time[going], reached = self._step(state[going], time[going], u)
            was, state[going] = self.is_open[state[going]], reached
            changed = (self.is_open[reached] != was) & (time[going] < np.inf)
            changes.append((going[changed], time[going[changed]]))
            going = going[time[going] < np.inf]
        return _paired(begins, changes)

    def _step(self, state: np.ndarray, t: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """When channels in these states at t leave them, and to where; ∞ and the same state after the last row.

        u  (channels, 2) uniform from 0 to 1
        """
        when, reached = np.full(len(t), np.inf), state.copy()
        for s in np.unique(state).tolist():
            who = np.flatnonzero(state == s)
            when[who] = self._left(s, t[who], -np.log1p(-u[who, 0]))
            gone = who[when[who] < np.inf]
            if len(gone):  # a state without a way out is never left
                reached[gone] = self._target(s, when[gone], u[gone, 1])
        return when, reached

    def _left(self, s: int, t: np.ndarray, waited: np.ndarray) -> np.ndarray:
        """When the integral of the rate out of a state, from t on, has come to `waited`; ∞ where it never does."""
        grown, rate, slope = self._grown[s], self._leaving[s], self._slopes[s]
        row = row_before(self.times, t)
        wanted = grown[row] + integral(rate[row], slope[row], t - self.times[row]) + waited
        inside = wanted < grown[-1]
        row = np.searchsorted(grown, wanted[inside], side="right") - 1
        when = np.full(len(t), np.inf)
        since = time_until(rate[row], slope[row], wanted[inside] - grown[row])
        when[inside] = np.maximum(self.times[row] + since, t[inside])
        return when

    def _target(self, s: int, t: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Where channels go that leave a state at t: to each other state in proportion to its rate then."""
        targets = np.array([target for target, _ in self._exits[s]])
        row = row_before(self.times, t)
        later = share(self.times, row, t)
        now = [(1 - later) * rate[row] + later * rate[row + 1] for _, rate in self._exits[s]]
        return targets[way_taken(np.array(now), u)]


def _exits(scheme: KineticScheme, voltage: np.ndarray) -> list[list[tuple[int, np.ndarray]]]:
    """Of each state the states that it can go to, and how fast at each voltage (rows,) ms⁻¹."""
    index = {state: i for i, state in enumerate(scheme.states)}
    exits: list[list[tuple[int, np.ndarray]]] = [[] for _ in scheme.states]
    for t, (forward, backward) in zip(scheme.transitions, scheme.rates(voltage), strict=True):
        for source, target, rate in ((t.source, t.target, forward), (t.target, t.source, backward)):
            if np.any(rate > 0):
                exits[index[source]].append((index[target], np.broadcast_to(rate, voltage.shape)))
    return exits


def _paired(begins: np.ndarray, changes: Sequence[tuple[np.ndarray, np.ndarray]]) -> Openings:
    """Openings of channels, from whether each is open at the beginning, and from who changes when (ms)."""
    first = np.flatnonzero(begins)
    channel = np.concatenate([first, *(who for who, _ in changes)])
    times = np.concatenate([np.full(len(first), -np.inf), *(when for _, when in changes)])
    order = np.lexsort((times, channel))
    channel, times = channel[order], times[order]
    # Each channel opens and closes in turn.
    new = np.diff(channel, prepend=-1) != 0
    rank = np.arange(len(channel)) - np.maximum.accumulate(np.where(new, np.arange(len(channel)), 0))
    opens = np.flatnonzero(rank % 2 == 0)
    follows = np.append(~new[1:], False)[opens] if len(channel) else np.zeros(0, bool)
    closed = np.where(follows, np.append(times, np.inf)[opens + 1], np.inf)
    by_time = np.argsort(times[opens], kind="stable")
    return Openings(len(begins), channel[opens][by_time], times[opens][by_time], closed[by_time])
