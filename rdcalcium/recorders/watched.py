"""The points that a run looks at after every step: sensors, then probes."""

from __future__ import annotations

import numpy as np

from rdcalcium.backends import Operations
from rdcalcium.backends.base import Array
from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization import Discretization, PointWeights
from rdcalcium.influx import Influx
from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.recorders.near_channels import NearChannels
from rdcalcium.recorders.near_pores import NearPores


class WatchedPoints:
    """Every field at points, and the highest calcium of the cytosol there and under the pores, as of the last look.

    alone      (points,) which of them see one control volume, as it is, or lie in a lumen, where no channel opens
    left       (groups,) share of the current of each that flows, where calcium changes its gate; 1 elsewhere
    weights    of the control volumes in the value at each point, then of each one under a pore or in a flash
    cytosolic  (points,) which of all these are in the cytosol: calcium in a lumen says nothing of how fast it reacts
    """

    def __init__(
        self, positions: np.ndarray, operations: Operations, influx: Influx, flashed: np.ndarray, alone: np.ndarray
    ):
        """Points (points, 3) µm, which of them see the nearest control volume alone, and those that flashes light."""
        self.do, self.count, self.influx, self.currents = operations, len(positions), influx, influx.currents
        system, groups = operations.system, influx.currents.groups
        together = [
            np.empty((0, 3)) if group.gate else pores for group, pores in zip(groups, influx.groups, strict=True)
        ]
        self.near_pores = NearPores(system, together, influx.planes, positions)
        self._drops = [group.influx.drops() for group in groups]
        self._each = {
            g: NearChannels(system, influx.groups[g], influx.planes, positions, self.near_pores.kappas, group.influx)
            for g, group in enumerate(groups)
            if group.gate
        }
        found = _weights(system.discretization, positions, alone) if len(positions) else None
        self.alone = alone | beyond_membranes(system.discretization, found) if found else alone
        self._cells = np.union1d(influx.cells, flashed)
        self.weights = _with_cells(found, self._cells)
        self.cytosolic = ~beyond_membranes(system.discretization, self.weights)
        self._places = operations.points(self.weights)
        self._found: dict[tuple[float, bool], np.ndarray] = {}  # calcium, as it was asked for since the last look
        self.left = np.ones(len(groups))
        self._seen = (system.rest[:, self.weights.indices] * self.weights.weights).sum(axis=-1)
        self.begin()

    def begin(self) -> None:
        """Take the openings of the trial that the influx is in."""
        self._found.clear()
        for g, channels in self._each.items():
            if openings := self.influx.openings[g]:
                channels.begin(openings)

    def renew(self, group: int) -> None:
        """Take other openings of a group from the influx."""
        self._found.clear()
        if openings := self.influx.openings[group]:
            self._each[group].begin(openings)

    def places_of(self, cells: np.ndarray) -> np.ndarray:
        """Of control volumes under pores among what is fetched."""
        return self.count + np.searchsorted(self._cells, cells)

    def look(self, y: Array) -> None:
        """Fetch every field at every point."""
        self.seen(self.fetch(y))

    def fetch(self, y: Array) -> np.ndarray:
        """Every field at every point, and in every control volume under a pore; (fields, points)."""
        return self.do.gather(y, self._places)

    def seen(self, values: np.ndarray) -> None:
        """Take what was fetched, (fields, points) µM, for the look."""
        self._seen = values
        self._found.clear()

    @property
    def last(self) -> np.ndarray:
        """What was fetched last, (fields, points) µM."""
        return self._seen

    @property
    def highest_calcium(self) -> float:
        """In the cytosol at the points, under the pores and in flashes, µM; it sets the stiffness of binding."""
        return float(self._seen[CALCIUM, self.cytosolic].max(initial=0.0))

    def values(self, t: float) -> np.ndarray:
        """Every field at every point, (fields, points) µM; calcium with what the control volumes miss of it."""
        return np.vstack([self.calcium(t, before_jump=True), self._seen[CALCIUM + 1 :, : self.count]])

    def calcium(self, t: float, before_jump: bool) -> np.ndarray:
        """Calcium at every point, (points,) µM, under the currents at t ms; where these jump, before or after that."""
        moment = (t, before_jump or not np.any(np.abs(self.influx.stops - t) < SAME_TIME))  # they jump at stops alone
        if moment not in self._found:
            self._found[moment] = self._corrected(self._seen[:, : self.count], *moment)
        return self._found[moment]

    def within(self, times: np.ndarray, fetched: np.ndarray) -> np.ndarray:
        """Every field at every point at times (ms), (times, fields, points) µM, from what was fetched then."""
        found = fetched[:, :, : self.count]
        for values, t in zip(found, times, strict=True):
            values[CALCIUM] = self._corrected(values, float(t), before_jump=True)
        return found

    def _corrected(self, values: np.ndarray, t: float, before_jump: bool) -> np.ndarray:
        currents = np.tile(self.left * self.currents.at(t, before_jump), (self.count, 1))
        for group, (times, drops) in enumerate(self._drops):
            if group in self._each:
                continue
            past = times < t - SAME_TIME if before_jump else times <= t + SAME_TIME
            ages = np.maximum(t - times[past], 0.0)
            currents[:, group] += self.left[group] * drops[past] @ self.near_pores.lingering(group, ages)
        exact, discrete = self.near_pores.fields(currents)
        for channels in self._each.values():
            more = channels.fields(t, before_jump)
            exact, discrete = exact + more[0], discrete + more[1]
        return np.where(self.alone, values[CALCIUM], self.near_pores.calcium(values, exact, discrete))


def _weights(discretization: Discretization, positions: np.ndarray, alone: np.ndarray) -> PointWeights:
    """Interpolation weights of points, but of those that are alone the nearest control volume."""
    found = discretization.locator.weights(positions)
    indices, weights = found.indices.copy(), found.weights.copy()
    indices[alone] = discretization.nearest_volumes(positions[alone])[:, None]
    weights[alone] = np.eye(weights.shape[1])[0]
    return PointWeights(indices, weights)


def beyond_membranes(discretization: Discretization, found: PointWeights) -> np.ndarray:
    """Whether each point is in the lumen of a store, (points,)."""
    if discretization.parts is None:
        return np.zeros(len(found.indices), dtype=bool)
    inside: np.ndarray = ((discretization.parts[found.indices] > 0) & (found.weights > 0)).any(axis=1)
    return inside


def _with_cells(points: PointWeights | None, cells: np.ndarray) -> PointWeights:
    """Interpolation weights of points, followed by single control volumes."""
    corners = points.indices.shape[1] if points else 1
    indices = np.repeat(cells[:, None], corners, axis=1)
    weights = np.zeros(indices.shape)
    weights[:, :1] = 1.0
    if points is None:
        return PointWeights(indices, weights)
    return PointWeights(np.concatenate([points.indices, indices]), np.concatenate([points.weights, weights]))
