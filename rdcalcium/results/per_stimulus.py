"""per_stimulus.csv: what each stimulus brings until the next one: the highest calcium, release, and failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rdcalcium.model import Model
from rdcalcium.results import columns
from rdcalcium.results.columns import TIME, TRIAL, Column
from rdcalcium.results.csv_table import read_table, write_table
from rdcalcium.results.events import EventTable, events_to_go_on_with
from rdcalcium.results.folder import PER_STIMULUS, RELEASES, lost


def columns_of(model: Model) -> list[Column]:
    """What is known when a trial ends."""
    held = [TRIAL, TIME] if model.computed_trials > 1 else [TIME]
    held += [column for point in model.watched for column in columns.peak(point)]
    return held + [column for s in model.releasing for label in s.labels() for column in columns.per_stimulus(label)]


class PerStimulusTable(EventTable):
    """Open for the rows of each trial that ends; no file where nothing begins."""

    def __init__(self, folder: Path, model: Model, stimuli: int, complete: int | None = None):
        """Begin the table, or go on with that of so many complete trials.

        Raises RunFolderError where their rows are not there.
        """
        path, wanted = folder / PER_STIMULUS, columns_of(model)
        self._model, self._several = model, model.computed_trials > 1
        kept = _kept(path, wanted, stimuli, complete) if stimuli and complete and self._several else []
        super().__init__(path, wanted, stimuli > 0)
        self.append(kept)

    def write(self, trial: int, begins: np.ndarray, peaks: np.ndarray, released: np.ndarray) -> None:
        """The rows of a trial that has ended.

        begins    (stimuli,) ms
        peaks     (stimuli, points, 2) µM, and when, ms
        released  (stimuli + 1, columns) at each begin and at the end, in the order of sensors.csv
        """
        if len(begins):
            first = [trial] if self._several else []
            brought = zip(begins.tolist(), peaks, _release(self._model, released), strict=True)
            self.append([*first, t, *highest.ravel(), *release] for t, highest, release in brought)


def _release(model: Model, released: np.ndarray) -> np.ndarray:
    """Releases to be expected of a site from each stimulus to the next, and the chance of its first one then.

    released  (stimuli + 1, columns), of each sensor its rate, its probability, and where it is refilled the number
    returns   (stimuli, 2 sensors), of those that release vesicles
    """
    found, at = [np.zeros((len(released) - 1, 0))], 0
    for sensor in model.sensors:
        width = len(columns.seen_by(sensor))
        if not sensor.releases:
            at += width * len(sensor.positions)
            continue
        for _ in sensor.positions:
            probability, number = released[:, at + 1], released[:, at + width - 1]
            left = 1 - probability[:-1]
            chance = np.divide(np.diff(probability), left, out=np.zeros(len(left)), where=left > 0)
            found.append(np.column_stack([np.diff(number), chance]))
            at += width
    return np.hstack(found)


def _kept(path: Path, wanted: Sequence[Column], stimuli: int, complete: int) -> list[tuple[float, ...]]:
    """Rows of so many complete trials; a run that has broken off at its end may have counted failures already."""
    counted = [*wanted, *columns.COUNTS]
    held = events_to_go_on_with(path, counted if list(read_table(path))[len(wanted) :] else wanted)[: len(wanted)]
    rows = [row for row in zip(*(column.tolist() for column in held), strict=True) if row[0] <= complete]
    if len(rows) != complete * stimuli:
        raise lost(f"{path} has {len(rows)} of the {complete * stimuli} rows before the checkpoint", "restore it, or ")
    return rows


def add_counts(folder: Path, model: Model) -> None:
    """Say of every stimulus in which share of the trials it fails, and how many vesicles fuse, of all sensors together.

    What was drawn; where none is what is to be expected, unless vesicles come back. Nothing of a single trial, and the
    rows of one stimulus in several trials say the same.
    """
    table, fused = read_table(folder / PER_STIMULUS), read_table(folder / RELEASES)
    known = fused or not any(sensor.refills for sensor in model.sensors)
    if not table or not known or not model.releasing or model.run.trials == 1:
        return
    begins, row = np.unique(table[TIME.heading], return_inverse=True)
    found = _drawn(begins, fused, model.run.trials) if fused else _expected(model, table, len(begins))
    table |= {column.heading: values[row] for column, values in zip(columns.COUNTS, found, strict=True)}
    write_table(folder / PER_STIMULUS, table)


def _drawn(begins: np.ndarray, fused: Mapping[str, np.ndarray], trials: int) -> tuple[np.ndarray, ...]:
    """Share of failures, mean and variance of the number of vesicles that fuse, over trials, (stimuli,) each."""
    counts = counts_between(begins, fused[TRIAL.heading], fused[TIME.heading], trials)
    return (counts == 0).mean(axis=0), counts.mean(axis=0), counts.var(axis=0, ddof=1)


def _expected(model: Model, table: Mapping[str, np.ndarray], stimuli: int) -> tuple[np.ndarray, ...]:
    """The same where no vesicle was drawn.

    In each trial it is a sum of independent vesicles: none fuses with Π (1 - p)ⁿ, the mean is Σ n p, the variance
    Σ n p (1 - p), to which that of the means of trials is added.
    """
    sites = {label: sensor.vesicles for sensor in model.releasing for label in sensor.labels()}
    n = np.array([*sites.values()])
    p = np.stack([table[columns.per_stimulus(label)[0].heading].reshape(-1, stimuli) for label in sites], axis=-1)
    means, spread = (n * p).sum(axis=-1), (n * p * (1 - p)).sum(axis=-1).mean(axis=0)
    return ((1 - p) ** n).prod(axis=-1).mean(axis=0), means.mean(axis=0), spread + means.var(axis=0, ddof=1)


def counts_between(begins: np.ndarray, trial: np.ndarray, time: np.ndarray, trials: int) -> np.ndarray:
    """How many moments of each trial, of those from 1 on, lie between a begin and the next, (trials, begins)."""
    counts = np.zeros((trials, len(begins)), dtype=int)
    number = np.searchsorted(begins, time, side="right") - 1
    after = number >= 0
    np.add.at(counts, (trial[after] - 1, number[after]), 1)
    return counts
