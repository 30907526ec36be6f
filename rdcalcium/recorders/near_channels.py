"""What control volumes miss close to channels that open one by one, around those that are open or were a moment ago."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rdcalcium.chemistry import CALCIUM
from rdcalcium.discretization.mirrors import computed_share
from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.openings import Openings
from rdcalcium.recorders.near_pores import faded, half_life
from rdcalcium.system import System
from rdcalcium.time_course import TimeCourse
from rdcalcium.units import AMOUNT_PER_CHARGE

TOGETHER = 256  # channels whose fields are found at once
MISSED = 0.003  # share of the field of a channel, which cells miss at a point where it is followed after it has closed
FADED = 300.0  # half-lives, after which 3e-5 of a correction is left and it is forgotten


class NearChannels:
    """Fields at points of the single channels of a group, only where cells miss something of them: pairs of both.

    They are those of NearPores, but each channel has its own current and its own end of it. What the open channels add
    up to changes when one of them opens or closes, and is kept until then.

    point, channel   (pairs,) by channel, ascending
    exact, discrete  (pairs, rates) µM per pA
    half             (pairs,) ms, as in NearPores; 0 where nothing of it lingers
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
        pairs, exact, discrete = (np.concatenate(part, axis=-1) for part in zip(*found, strict=True))
        self.channel, self.point = pairs
        self.exact, self.discrete = (np.ascontiguousarray(field.T) for field in (exact, discrete))
        self.half = np.zeros(len(self.point))
        if len(self.point):
            squared = (system.discretization.offsets(points[self.point], pores[self.channel]) ** 2).sum(axis=1)
            widths = system.discretization.locator.widths(pores).max(axis=1)[self.channel]
            spread = system.fields[CALCIUM].diffusivity * system.discretization.mobility_at(pores)
            lingers = (np.abs(exact - discrete) > MISSED * exact).any(axis=0)
            self.half[lingers] = half_life(squared, widths, spread[self.channel])[lingers]
        self._longest = FADED * self.half.max(initial=0.0)  # ms, that anything lingers
        self._first = np.searchsorted(self.channel, np.arange(self.channels + 1))

    def begin(self, openings: Openings) -> None:
        """Take the openings of a trial."""
        near = np.diff(self._first) > 0
        self.openings = openings.among(near)
        self._drops = self._falls(openings.among(np.bincount(self.channel[self.half > 0], minlength=len(near)) > 0))
        self._events = self._changes()
        self._rewind()

    def _falls(self, openings: Openings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When (ms) the current of which channel falls, and by how much (pA): it closes, or that of all jumps."""
        ended = np.isfinite(openings.closed)
        parts = [
            (openings.closed[ended], self.influx.value(openings.closed[ended], before=True), openings.channel[ended])
        ]
        for t, drop in zip(*self.influx.drops(), strict=True):
            through = np.flatnonzero(openings.are_open(t, before=True) & openings.are_open(t))
            parts.append((np.full(len(through), t), np.full(len(through), drop), through))
        times, drops, channels = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(times, kind="stable")
        return times[order], drops[order], channels[order]

    def _changes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """When (ms) which channel opens (1) or closes (-1)."""
        times = np.concatenate([self.openings.opened, self.openings.closed])
        signs = np.repeat([1.0, -1.0], len(self.openings.opened))
        order = np.argsort(times, kind="stable")
        return times[order], np.tile(self.openings.channel, 2)[order], signs[order]

    def _rewind(self) -> None:
        self._passed, self._open_at = 0, np.zeros(self.points, dtype=int)
        self._sums = np.zeros((2, self.points, self.exact.shape[1]))

    def _follow(self, t: float, before_jump: bool) -> None:
        """Add the channels that open until t (ms), and take away those that close.

        One after the other from the beginning of the trial on, so that a resumed run has the same last digits.
        """
        times, channels, signs = self._events
        passed = int(np.searchsorted(times, t, side="left" if before_jump else "right"))
        if passed == self._passed:
            return
        if passed < self._passed:
            self._rewind()
        pair, which = self._pairs_of(channels[self._passed : passed])
        sign = signs[self._passed : passed][which]
        for total, field in zip(self._sums, (self.exact, self.discrete), strict=True):
            np.add.at(total, self.point[pair], sign[:, None] * field[pair])
        np.add.at(self._open_at, self.point[pair], sign.astype(int))
        self._passed = passed

    def _pairs_of(self, channels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of some channels, and the position in `channels` of the channel of each; both (pairs,)."""
        many = np.diff(self._first)[channels]
        which = np.repeat(np.arange(len(channels)), many)
        begins = np.cumsum(many) - many
        return self._first[channels][which] + np.arange(len(which)) - begins[which], which

    def fields(self, t: float, before_jump: bool) -> tuple[np.ndarray, np.ndarray]:
        """Both fields of the channels that are open at t (ms), with what lingers of others, (rates, points) µM each."""
        self._follow(t, before_jump)
        # Where no channel is open nothing is left but the last digits of what came and went.
        now = self._sums * (self._open_at > 0)[:, None] * float(self.influx.value(t, before=before_jump))
        pair, current = self._lingering(t, before_jump)
        for total, field in zip(now, (self.exact, self.discrete), strict=True):
            np.add.at(total, self.point[pair], current[:, None] * field[pair])
        exact, discrete = now.transpose(0, 2, 1)
        return exact, discrete

    def _lingering(self, t: float, before_jump: bool) -> tuple[np.ndarray, np.ndarray]:
        """Pairs whose channel has closed a moment ago, and the current (pA) that is left around it at the point."""
        times, drops, channels = self._drops
        first = int(np.searchsorted(times, t - self._longest))
        until = t - SAME_TIME if before_jump else t + SAME_TIME
        last = int(np.searchsorted(times, until, side="left" if before_jump else "right"))
        pair, which = self._pairs_of(channels[first:last])
        age = np.maximum(t - times[first:last], 0.0)[which]
        kept = age < FADED * self.half[pair]
        pair, age = pair[kept], age[kept]
        return pair, drops[first:last][which[kept]] / faded(age, self.half[pair])


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
