"""Single vesicles, each drawn from its chain: when they fuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.randomness import generator
from rdcalcium.vesicles.chain import Chain

DRAWN_AT_ONCE = 16  # pairs of random numbers of a vesicle
MOST = 10**6  # sites in all trials that are drawn together: a minute, and some 300 MB


@dataclass(frozen=True, eq=False)
class Fusions:
    """When vesicles fuse, in the order of time.

    trial     (fusions,) number of the trial
    position  (fusions,) of the site among the positions of its sensor, from 0
    vesicle   (fusions,) of the site among those of its position, from 0
    time      (fusions,) ms
    """

    trial: np.ndarray
    position: np.ndarray
    vesicle: np.ndarray
    time: np.ndarray


class SampledVesicles:
    """Release sites that go from state to state by themselves, at the rates that their calcium sets.

    A site that came into a state leaves it when the integral of the rates out of it has grown to -ln u, with u uniform
    from 0 to 1, and takes each way in proportion to its rate then (Gillespie 1977). While rates stay what they are, as
    in each half of a step, that is exact. The n-th pair of numbers of a site depends on the seed, its trial, sensor,
    position and number alone: whatever else is drawn, on whatever machine, its chances are the same.

    trials  (trials,) their numbers
    place   (sites,) of each among the positions
    states  (sites,) in which they are now
    fused   sites that fused in the last step, and when (ms)
    """

    def __init__(self, chain: Chain, name: str, seed: int, trials: Sequence[int], positions: int, vesicles: int):
        self.chain, self.name, self.seed = chain, name, seed
        self.trials, self.positions, self.vesicles = np.asarray(trials), positions, vesicles
        count = len(self.trials) * positions * vesicles
        if count > MOST:
            raise InputError(
                f"sensor {name!r} has {positions * vesicles} vesicles, drawn in {len(self.trials)} trials; at most "
                f"{MOST:g} can be drawn together: take fewer trials, or several runs with other seeds"
            )
        self.place = np.tile(np.repeat(np.arange(positions), vesicles), len(self.trials))
        self._ways = _ways_out(chain)
        self._turn, self._waits = np.zeros(count, dtype=int), np.zeros(count)
        self.states = np.zeros(count, dtype=int)
        self._drawn = np.empty((count, DRAWN_AT_ONCE, 2))
        self.time = 0.0
        self.fused: tuple[np.ndarray, np.ndarray] = (np.zeros(0, dtype=int), np.zeros(0))

    def begin(self, occupancy: np.ndarray, time: float = 0.0) -> None:
        """Draw the state that each site starts in at a time in ms, from occupancies.

        occupancy  (states,), or (states, positions)
        """
        self.time = time
        u = self._draw(np.arange(len(self.states)))
        ends = np.broadcast_to(occupancy.T, (self.positions, len(occupancy))).cumsum(axis=1).T
        drawn = u[:, 0] * ends[-1, self.place]
        self.states = sum((end[self.place] <= drawn for end in ends), np.zeros(len(drawn), dtype=int))
        self._waits = -np.log1p(-u[:, 1])

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on."""
        return {"sites": self.states, "turns": self._turn, "waits": np.append(self._waits, self.time)}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what was `saved`."""
        self.states, self._turn = saved["sites"].astype(int), saved["turns"].astype(int)
        self._waits, self.time = saved["waits"][:-1].copy(), float(saved["waits"][-1])
        for site in np.flatnonzero(self._turn % DRAWN_AT_ONCE).tolist():
            self._drawn[site] = self._numbers(site, int(self._turn[site]) // DRAWN_AT_ONCE)

    def follow(self, stretches: Sequence[tuple[np.ndarray, float]]) -> None:
        """Go through stretches of constant rates (steps, positions) ms⁻¹, each with its length in ms."""
        found = [self._stretch(rates, length) for rates, length in stretches]
        who = np.concatenate([np.zeros(0, dtype=int), *(who for who, _ in found)])
        when = np.concatenate([np.zeros(0), *(when for _, when in found)])
        order = np.argsort(when, kind="stable")
        self.fused = (who[order], when[order])

    def fusions(self) -> Fusions:
        """Those of the last step."""
        who, when = self.fused
        each = self.positions * self.vesicles
        return Fusions(self.trials[who // each], who // self.vesicles % self.positions, who % self.vesicles, when)

    def _stretch(self, rates: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
        """Sites that fuse, and when (ms)."""
        end = self.time + length
        who, left = self._through(np.arange(len(self.states)), np.full(len(self.states), length), rates)
        self.time = end
        return who, end - left

    def _through(self, going: np.ndarray, left: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Some sites until an end which is `left` ms away for each of all sites: who fuses, and how long before it."""
        leaving = np.zeros((len(self.chain.states) + 1, self.positions))  # the last is left by nobody
        np.add.at(leaving, self.chain.sources, rates)
        fused = [(going[:0], left[:0])]
        while len(going):
            rate = leaving[self.states[going], self.place[going]]
            grown = rate * left[going]
            jumps = self._waits[going] < grown
            self._waits[going[~jumps]] -= grown[~jumps]
            going, rate = going[jumps], rate[jumps]
            left[going] -= self._waits[going] / rate
            step = self._jump(going, rates, left)
            fuses = self.chain.fuses[step]
            fused.append((going[fuses], left[going[fuses]]))
        return np.concatenate([who for who, _ in fused]), np.concatenate([time for _, time in fused])

    def _jump(self, going: np.ndarray, rates: np.ndarray, left: np.ndarray) -> np.ndarray:
        """Which step sites take that leave their states now; they are in the new ones afterwards."""
        u = self._draw(going)
        ways = self._ways[self.states[going]]
        each = np.where(ways < 0, 0.0, rates[ways, self.place[going, None]]).cumsum(axis=1)
        chosen = np.sum(each <= u[:, :1] * each[:, -1:], axis=1).clip(max=ways.shape[1] - 1)
        step: np.ndarray = ways[np.arange(len(going)), chosen]
        self.states[going] = self.chain.targets[step]
        self._waits[going] = -np.log1p(-u[:, 1])
        return step

    def _draw(self, sites: np.ndarray) -> np.ndarray:
        """The next two numbers of each of some sites, (sites, 2): which way, and how long until the next one."""
        at = self._turn[sites] % DRAWN_AT_ONCE
        for site in sites[at == 0].tolist():
            self._drawn[site] = self._numbers(site, int(self._turn[site]) // DRAWN_AT_ONCE)
        self._turn[sites] += 1
        return self._drawn[sites, at]

    def _numbers(self, site: int, block: int) -> np.ndarray:
        return self._stream(site, block).random((DRAWN_AT_ONCE, 2))

    def _stream(self, site: int, *words: int | str) -> np.random.Generator:
        """Random numbers of a site for one purpose."""
        trial, rest = divmod(site, self.positions * self.vesicles)
        return generator(self.seed, int(self.trials[trial]), "fusion", self.name, *divmod(rest, self.vesicles), *words)


def _ways_out(chain: Chain) -> np.ndarray:
    """Steps out of each state, (states, most); where there are fewer, -1 follows."""
    each = [np.flatnonzero(chain.sources == state) for state in range(len(chain.states))]
    ways = np.full((len(each), max(map(len, each))), -1)
    for state, steps in enumerate(each):
        ways[state, : len(steps)] = steps
    return ways
