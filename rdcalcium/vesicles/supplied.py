"""Single vesicles of pools that a reserve fills: as many as happen to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rdcalcium.randomness import BY_NUMBER
from rdcalcium.vesicles.chain import Chain
from rdcalcium.vesicles.flow import poisson
from rdcalcium.vesicles.sampled import DRAWN_AT_ONCE, SampledVesicles

LISTED = f"vesicles {BY_NUMBER}"
SOURCE = -1  # number of what is no vesicle


class SuppliedVesicles(SampledVesicles):
    """Pools whose vesicles go from state to state by themselves, and come out of a reserve by chance.

    A pool is a source that stays in the reserve: whenever its waiting time is over, a vesicle comes out of it, which
    then is on its own until it goes back, or fuses. At first the number of vesicles in each state has the Poisson
    distribution of its mean, and it keeps one: its mean follows the equations of `Vesicles`, and releases are a Poisson
    process. Random numbers are known by seed, trial, pool, and the number of the vesicle among those of its pool.

    The sources are the first of `states`, vesicles follow.
    """

    def __init__(self, chain: Chain, name: str, seed: int, trials: Sequence[int], positions: int, vesicles: int):
        super().__init__(chain, name, seed, trials, positions, vesicles)
        assert chain.reserve is not None
        self._reserve, self._gone, self._pools = chain.reserve, len(chain.states), len(self.states)
        self._place_of_pool = self.place
        self._pool, self._number = np.arange(self._pools), np.full(self._pools, SOURCE)
        self._next = np.zeros(self._pools, dtype=int)  # number of the vesicle that comes next
        self._came: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def begin(self, occupancy: np.ndarray, time: float = 0.0) -> None:
        """Draw how many vesicles there are in each state at a time in ms, from their means.

        occupancy  (states,), or (states, positions)
        """
        self.time = time
        self.states[:] = self._reserve
        self._waits = -np.log1p(-self._draw(np.arange(self._pools))[:, 1])
        each = np.broadcast_to(occupancy.T, (self.positions, len(occupancy)))[self._place_of_pool].T
        filled = [state for state, means in enumerate(each) if means.max() > 0 and state != self._reserve]
        u = np.array([self._stream(pool, "start").random(len(filled)) for pool in range(self._pools)])
        counts = np.array([_counts(each[state], own) for state, own in zip(filled, u.T, strict=True)])
        states, pools = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
        self._add(pools, np.array(filled, dtype=int)[states])

    def saved(self) -> dict[str, np.ndarray]:
        """All from which `restore` goes on."""
        each = (self.states, self._pool, self._number, self._turn, self._waits)
        return {LISTED: np.stack(each, axis=1).astype(float), "came": np.append(self._next, self.time)}

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what was `saved`."""
        self.states, self._pool, self._number, self._turn = saved[LISTED][:, :4].T.astype(int)
        self._waits = saved[LISTED][:, 4].copy()
        self._next, self.time = saved["came"][:-1].astype(int), float(saved["came"][-1])
        self.place = self._place_of_pool[self._pool]
        self._drawn = np.empty((len(self.states), DRAWN_AT_ONCE, 2))
        for one in np.flatnonzero(self._turn % DRAWN_AT_ONCE).tolist():
            self._drawn[one] = self._numbers(one, int(self._turn[one]) // DRAWN_AT_ONCE)

    def _through(self, going: np.ndarray, left: np.ndarray, rates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As for sites, then for the vesicles that came meanwhile; who fuses is known by its pool."""
        who, time = super()._through(going, left, rates)
        found = [(self._pool[who], time)]
        if self._came:
            pool, state, since = (np.concatenate(part) for part in zip(*self._came, strict=True))
            new = self._add(pool, state)
            since = np.append(np.zeros(len(self.states) - len(new)), since)
            who, time = super()._through(new, since, rates)
            found.append((self._pool[who], time))
        self._came = []
        self._keep(self.states != self._gone)
        return np.concatenate([pool for pool, _ in found]), np.concatenate([time for _, time in found])

    def _jump(self, going: np.ndarray, rates: np.ndarray, left: np.ndarray) -> np.ndarray:
        """As sites do; out of a source comes a vesicle, and a vesicle that is back in the reserve is gone."""
        step = super()._jump(going, rates, left)
        source = self._number[going] == SOURCE
        if source.any():
            self._came.append((going[source], self.states[going[source]], left[going[source]]))
        back = going[~source & (self.states[going] == self._reserve)]
        self.states[going[source]], self.states[back] = self._reserve, self._gone
        return step

    def _add(self, pool: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Put new vesicles of pools into states; their places in the list, which is its end."""
        begin, count = len(self.states), len(pool)
        number = np.empty(count, dtype=int)
        for i, source in enumerate(pool.tolist()):
            number[i] = self._next[source]
            self._next[source] += 1
        self._pool, self._number = np.append(self._pool, pool), np.append(self._number, number)
        self.states, self._turn = np.append(self.states, state), np.append(self._turn, np.zeros(count, dtype=int))
        self._waits = np.append(self._waits, np.zeros(count))
        self._drawn = np.concatenate([self._drawn, np.empty((count, DRAWN_AT_ONCE, 2))])
        self.place = self._place_of_pool[self._pool]
        new = np.arange(begin, begin + count)
        self._waits[new] = -np.log1p(-self._draw(new)[:, 1])
        return new

    def _keep(self, kept: np.ndarray) -> None:
        """Strike the others off the list."""
        if kept.all():
            return
        self.states, self._pool, self._number = self.states[kept], self._pool[kept], self._number[kept]
        self._turn, self._waits, self._drawn = self._turn[kept], self._waits[kept], self._drawn[kept]
        self.place = self.place[kept]

    def _numbers(self, site: int, block: int) -> np.ndarray:
        words = (self._number[site].item(), block)
        return self._stream(int(self._pool[site]), "vesicle", *words).random((DRAWN_AT_ONCE, 2))


def _counts(means: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Numbers with Poisson distributions of these means, by numbers from 0 to 1; all (pools,)."""
    found = np.zeros(len(means), dtype=int)
    for mean in np.unique(means[means > 0]).tolist():
        found[means == mean] = np.searchsorted(np.cumsum(poisson(mean)), u[means == mean], side="right")
    return found


def drawn(chain: Chain, name: str, seed: int, trials: Sequence[int], positions: int, vesicles: int) -> SampledVesicles:
    """Sites of a chain, or pools if it has a reserve."""
    kind = SampledVesicles if chain.reserve is None else SuppliedVesicles
    return kind(chain, name, seed, trials, positions, vesicles)
