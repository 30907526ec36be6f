"""Voltage, open probabilities and currents of the whole run, known before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rdcalcium.influx import Influx
from rdcalcium.model import Model, VoltageCourse
from rdcalcium.results.columns import TIME, TRIAL, VOLTAGE, Column, current, open_channels, open_probability
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.folder import STIMULUS
from rdcalcium.runner.bends import bends
from rdcalcium.simulation import Simulation
from rdcalcium.tabulation import rows_between
from rdcalcium.time_course import TimeCourse


def write_stimulus(folder: Path, model: Model, simulation: Simulation) -> None:
    """Write stimulus.csv, whose rows straight lines join to the true courses, within 1/1000 of the range of each.

    There is a row where something bends, and no file where there is neither voltage nor channel. A jump has two rows of
    one time, the value before it and the value after it.
    """
    influx = simulation.influx
    if not influx.groups and model.stimulus is None:
        return
    jumps = influx.events, *(g.influx.jumps for g in influx.currents.groups)
    times, before = _rows([g.influx for g in influx.currents.groups], jumps, model.stimulus, model.run.duration)
    columns = stimulus_columns(model, influx, times, before)
    table = CsvTable(folder / STIMULUS, [column.heading for column in columns])
    pieces = rows_between(model.stimulus, model.run.duration) if model.stimulus else []
    ends = np.searchsorted(times, [piece[0] for piece in pieces])
    kept = bends(times, [values for column, values in columns.items() if column != TIME], ends)
    for row in zip(*(values[kept] for values in columns.values()), strict=True):
        table.append(row)
    table.close()


class StimulusOfTrials:
    """stimulus.csv of a run with several trials: the rows of each at the same times; after a jump then."""

    def __init__(self, folder: Path, model: Model, influx: Influx, times: np.ndarray, keep: int | None):
        """Begin the table, or go on with it after the rows of trial `keep`.

        times  (rows,) ms
        """
        self.model, self.influx, self.times = model, influx, times
        self._before = times >= model.run.duration  # at the end, the value inside the run
        names = [column.heading for column in (TRIAL, *self._columns())]
        self._table = CsvTable(folder / STIMULUS, names, None if keep is None else (keep, np.inf))

    def _columns(self) -> dict[Column, np.ndarray]:
        return stimulus_columns(self.model, self.influx, self.times, self._before)

    def write(self, trial: int) -> None:
        """The rows of the trial that the influx is in."""
        for row in zip(*self._columns().values(), strict=True):
            self._table.append([trial, *row])
        self._table.flush()

    def close(self) -> None:
        """Flush and close."""
        self._table.close()


def stimulus_columns(model: Model, influx: Influx, times: np.ndarray, before: np.ndarray) -> dict[Column, np.ndarray]:
    """Voltage, and what the channels of each group do, at times (ms), after a jump then or before it; (times,) each.

    Of a group that follows calcium this is not known before the run.
    """
    columns: dict[Column, np.ndarray] = {TIME: times}
    if model.stimulus:
        columns[VOLTAGE] = model.stimulus.voltage(times, before)
    counts = model.copies * influx.conducting(times, before)
    for group, count in zip(influx.currents.groups, counts.T, strict=True):
        if group.follows_calcium:
            continue
        if group.open_probability:
            columns[open_probability(group.name)] = _values(group.open_probability, times, before)
        if group.gate:
            columns[open_channels(group.name)] = count
        inward = count * _values(group.influx, times, before)
        columns[current(group.name)] = 0.0 - inward  # not -inward, which makes -0.0 of nothing
    return columns


def _rows(
    courses: Sequence[TimeCourse], found: Sequence[np.ndarray], stimulus: VoltageCourse | None, duration: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times of the rows from 0 to the duration, ms, and whether each tells the value before a jump; both (rows,).

    found  times of jumps, ms
    """
    times, jumps = [np.array([0.0, duration]), *(course.knots for course in courses)], [np.zeros(0), *found]
    if stimulus:  # smooth between the rows at which gates see it, but where it jumps
        times += rows_between(stimulus, duration)
        jumps.append(stimulus.jumps(duration))
    after, jumped = np.unique(np.concatenate(times + jumps)), np.unique(np.concatenate(jumps))
    after = after[(after >= 0) & (after < duration)]
    jumped = np.append(jumped[(jumped > 0) & (jumped < duration)], duration)  # at the end, the value inside the run
    rows = np.concatenate([jumped, after])
    before = np.arange(len(rows)) < len(jumped)
    order = np.lexsort((~before, rows))
    return rows[order], before[order]


def _values(course: TimeCourse, times: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.where(before, course.value(times, before=True), course.value(times))
