"""When to look: at whole fields, at sensors and probes, and at stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rdcalcium.errors import InputError
from rdcalcium.integrators.limits import SAME_TIME
from rdcalcium.model import Model
from rdcalcium.units import milliseconds

MOST_ROWS = 200  # of each trial, and of stores, where a model does not say how many: each may cost a wait for a device
MOST = 1_000_000  # times; more is a mistake in the unit
SAME_SNAPSHOT = 1e-9  # ms; two moments nearer than that are one


def snapshot_times(model: Model) -> np.ndarray:
    """When a run writes whole fields, ms: at rest, as often and at the moments that the model asks, and at the end."""
    snapshots, duration = model.record.snapshots, model.run.duration
    interval, chosen = (snapshots.every, snapshots.times) if snapshots else (None, ())
    even = every(interval or duration, duration, "record.snapshots.every")
    others = [t for t in chosen if t < duration and np.abs(even - t).min() > SAME_SNAPSHOT]
    return np.union1d(even, others)


def row_times(model: Model) -> np.ndarray | None:
    """When a run writes what sensors and probes see, ms; none: after each step. All trials have the same times."""
    interval, duration = model.record.every, model.run.duration
    if interval is None and model.computed_trials > 1:
        interval = duration / MOST_ROWS
    return None if interval is None else every(interval, duration, "record.every")


def store_times(model: Model) -> np.ndarray:
    """When a run writes what is in stores, ms: with sensors and probes, but not after each step.

    A store needs the state of all its membrane, for which a device has to stop; what points see it tells by itself.
    """
    rows, duration = row_times(model), model.run.duration
    return every(duration / MOST_ROWS, duration, "record.every") if rows is None else rows


def every(interval: float, duration: float, key: str) -> np.ndarray:
    """0, interval, 2 interval, … and the end of the run, ms; `key` of the model is the interval."""
    if duration / interval > MOST:
        raise InputError(
            f"{key} = {milliseconds(interval)} makes {duration / interval:.3g} times in {milliseconds(duration)}; "
            f"at most {MOST:g} are possible"
        )
    count = int(np.floor(duration / interval * (1 + 1e-12)))
    times = np.array([float(f"{interval * i:.12g}") for i in range(count + 1)])  # 0.15, not 0.15000000000000002
    if duration - times[-1] > 1e-9 * duration:
        times = np.append(times, duration)
    return times


@dataclass(frozen=True, eq=False)
class Schedule:
    """Times at which to look, (n,) ms, ascending."""

    times: np.ndarray

    def due(self, t: float, h: float) -> np.ndarray:
        """Numbers of the times within the step of h ms that ends at t; a step of no length is the beginning."""
        first = np.searchsorted(self.times, t - h + SAME_TIME, side="right") if h else 0
        return np.arange(first, self._until(t))

    def following(self, t: float) -> float:
        """The first of the times that is not due at t yet, ms; infinite after the last."""
        later = self._until(t)
        return float(self.times[later]) - SAME_TIME if later < len(self.times) else np.inf

    def last(self, t: float) -> float:
        """The latest of the times that are due at t, ms."""
        return float(self.times[self._until(t) - 1])

    def _until(self, t: float) -> int:
        """How many of the times are due at t."""
        return int(np.searchsorted(self.times, t + SAME_TIME, side="right"))


@dataclass(frozen=True)
class Schedules:
    """When one run looks at whole fields, at sensors and probes (none: after each step), and at stores."""

    snapshots: Schedule
    rows: Schedule | None
    stores: Schedule


def schedules(model: Model) -> Schedules:
    """All of a model; an interval that makes too many times is refused."""
    rows = row_times(model)
    of_rows = None if rows is None else Schedule(rows)
    return Schedules(Schedule(snapshot_times(model)), of_rows, Schedule(store_times(model)))
