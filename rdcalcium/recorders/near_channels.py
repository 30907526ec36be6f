"""What control volumes miss close to channels that open one by one, around those that are open or were a moment ago."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array

from rdcalcium.chemistry import CALCIUM
from rdcalcium.currents import TimeCourse
from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.openings import Openings
from rdcalcium.recorders.near_pores import CELL, HALF, STEEPNESS
from rdcalcium.system import System, computed_share
from rdcalcium.units import AMOUNT_PER_CHARGE

TOGETHER = 256  # channels whose fields are found at once
FADED = 1000.0  # half-lives, after which 4e-6 of a correction is left and it is forgotten


class NearChannels:
    """Fields at points of the single channels of a group, only where cells miss something of them: pairs of both.

    They are those of NearPores, but each channel has its own current and its own end of it.

    point, channel   (pairs,) by channel, ascending
    exact, discrete  (rates, pairs) µM per pA
    half             (pairs,) ms, as in NearPores
    """

    def __init__(
        self,
        system: System,
        pores: np.ndarray,
        planes: Sequence[tuple[int, float]],
        points: np.ndarray,
        kappas: np.ndarray,
        influx: TimeCourse,
    ):
        self.influx, self.points, self.channels = influx, len(points), len(pores)
        found = list(_pairs(system, pores, planes, points, kappas))
        pairs, self.exact, self.discrete = (np.concatenate(part, axis=-1) for part in zip(*found, strict=True))
        self.channel, self.point = pairs
        self.half = np.zeros(0)
        if len(self.channel):
            squared = ((points[self.point] - pores[self.channel]) ** 2).sum(axis=1)
            squared += CELL * system.discretization.locator.widths(pores).max(axis=1)[self.channel] ** 2
            spread = system.fields[CALCIUM].diffusivity * system.discretization.mobility_at(pores)
            self.half = HALF * squared / spread[self.channel]
        rows = (np.ones(len(self.point)), (self.point, np.arange(len(self.point))))
        self._at_points = csr_array(rows, shape=(self.points, len(self.point)))
        self._first = np.searchsorted(self.channel, np.arange(self.channels + 1))

    def begin(self, openings: Openings) -> None:
        """Take the openings of a trial."""
        self.openings = openings.among(np.diff(self._first) > 0)
        self._ended, self._drop, self._by = self._drops()

    def _drops(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When the current of which channel falls, and by how much (pA): it closes, or the current of all jumps."""
        ended = self.openings.closed[np.isfinite(self.openings.closed)]
        by = self.openings.channel[np.isfinite(self.openings.closed)]
        times, drops, channels = [ended], [self.influx.value(ended, before=True)], [by]
        for t, drop in zip(*self.influx.drops(), strict=True):
            through = np.flatnonzero(self.openings.are_open(t, before=True) & self.openings.are_open(t))
            times.append(np.full(len(through), t))
            drops.append(np.full(len(through), drop))
            channels.append(through)
        order = np.argsort(np.concatenate(times), kind="stable")
        return np.concatenate(times)[order], np.concatenate(drops)[order], np.concatenate(channels)[order]

    def fields(self, t: float, before_jump: bool) -> tuple[np.ndarray, np.ndarray]:
        """Both fields of the channels that are open at t (ms), with what lingers of others, (rates, points) µM each."""
        is_open = self.openings.are_open(t, before_jump)[self.channel]
        current = np.where(is_open, float(self.influx.value(t, before=before_jump)), 0.0)
        until = t - SAME_TIME if before_jump else t + SAME_TIME
        first = np.searchsorted(self._ended, t - FADED * self.half.max(initial=0.0))
        last = np.searchsorted(self._ended, until, side="left" if before_jump else "right")
        by = self._by[first:last]
        many = np.diff(self._first)[by]
        drop = np.repeat(np.arange(first, last), many)
        pair = np.repeat(self._first[by] - np.cumsum(many) + many, many) + np.arange(len(drop))
        ages = np.maximum(t - self._ended[drop], 0.0)
        np.add.at(current, pair, self._drop[drop] / (1 + (ages / self.half[pair]) ** STEEPNESS))
        exact, discrete = ((self._at_points @ (field * current).T).T for field in (self.exact, self.discrete))
        return exact, discrete


def _pairs(
    system: System,
    pores: np.ndarray,
    planes: Sequence[tuple[int, float]],
    points: np.ndarray,
    kappas: np.ndarray,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Channels and points of pairs (2, pairs), and both fields of each (rates, pairs), of some channels at a time."""
    yield np.zeros((2, 0), dtype=int), np.zeros((len(kappas), 0)), np.zeros((len(kappas), 0))
    diffusivity = system.fields[CALCIUM].diffusivity
    if not len(points) or not diffusivity:
        return
    spread = diffusivity * system.discretization.mobility_at(pores)
    unit = computed_share(pores, planes) * AMOUNT_PER_CHARGE / spread
    for begin in range(0, len(pores), TOGETHER):
        some = slice(begin, begin + TOGETHER)
        exact, discrete = system.discretization.locator.near_fields(points, pores[some], kappas)
        point, channel = np.nonzero((exact[0] > 0) & (discrete[0] > 0))
        order = np.lexsort((point, channel))
        point, channel = point[order], channel[order]
        factor = unit[some][channel]
        pair = np.stack([channel + begin, point])
        yield pair, exact[:, point, channel] * factor, discrete[:, point, channel] * factor
