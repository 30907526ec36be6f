"""per_stimulus.csv: what each stimulus of a train brings: the highest calcium, and release, until the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from rdcalcium.results.columns import (
    CALCIUM,
    RELEASE_PROBABILITY,
    RELEASES,
    TIME,
    TRIAL,
    Column,
    peak,
    per_stimulus,
)
from rdcalcium.results.csv_table import CsvTable, read_table
from rdcalcium.results.folder import PER_STIMULUS, PROBES, SENSORS


def write_per_stimulus(folder: Path, begins: Sequence[float], duration: float) -> None:
    """Make the table from those of the sensors and probes; no file where nothing begins.

    begins    ms, of each stimulus
    duration  ms, of the run, at which the last one ends
    """
    within = np.unique([t for t in begins if 0 <= t < duration])
    tables = [table for table in (read_table(folder / PROBES), read_table(folder / SENSORS)) if table]
    if not len(within) or not tables:
        return
    joined = {heading: values for table in tables for heading, values in table.items()}
    trials = joined.pop(TRIAL.heading, None)
    found: list[dict[str, float]] = []
    for trial in [None] if trials is None else np.unique(trials).tolist():
        of = {heading: values if trial is None else values[trials == trial] for heading, values in joined.items()}
        first = {} if trial is None else {TRIAL.heading: trial}
        found += [first | row for row in _rows(of, [*within.tolist(), duration])]
    table = CsvTable(folder / PER_STIMULUS, list(found[0]))
    for row in found:
        table.append(list(row.values()))
    table.close()


def _rows(traces: Mapping[str, np.ndarray], ends: Sequence[float]) -> Iterator[dict[str, float]]:
    """Of one trial: a row for each stimulus, from its begin to the next of the `ends`, ms."""
    times = traces[TIME.heading]
    for begin, end in pairwise(ends):
        inside = np.concatenate([[begin], times[(times > begin) & (times < end)], [end]])
        row = {TIME.heading: begin}
        for heading, values in traces.items():
            row |= _between(Column.read(heading), inside, np.interp(inside, times, values))
        yield row


def _between(column: Column, times: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """What a trace says of the time between two stimuli, by heading."""
    if column.quantity == CALCIUM and column.place:
        highest, at = peak(column.place)
        return {highest.heading: float(values.max()), at.heading: float(times[values.argmax()])}
    releases, chance = per_stimulus(column.place)
    if column.quantity == RELEASES:  # of sites that are refilled; its column follows that of the probability
        return {releases.heading: float(values[-1] - values[0])}
    if column.quantity == RELEASE_PROBABILITY:
        gained, left = values[-1] - values[0], 1 - values[0]
        return {releases.heading: float(gained), chance.heading: float(gained / left) if left > 0 else 0.0}
    return {}
