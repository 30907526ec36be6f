"""When channels are open: a line for each channel and trial, from each opening to the closing after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdcalcium.results.columns import TIME
from rdcalcium.view.canvas import new_figure, save
from rdcalcium.view.run_folder import RunFolder

if TYPE_CHECKING:
    import xarray

WIDTH, LEAST, LINE = 7.0, 1.4, 0.12  # inches: of the figure, of a panel at least, and of a channel in it
TRIALS = 3  # that are drawn, the first ones


def openings(run_folder: str | Path, path: str | Path) -> Path:
    """A panel for each of the first trials, the groups of channels in colours; returns the path.

    Raises RunFolderError where the run has no openings.csv.
    """
    run = RunFolder(run_folder)
    found = run.result.openings
    trials, lines = np.unique(found.trial)[:TRIALS].tolist(), _lines(found)
    height = max(LEAST, LINE * len(lines) + 0.5)
    figure = new_figure((WIDTH, 0.6 + height * max(len(trials), 1)))
    axes = figure.subplots(max(len(trials), 1), 1, sharex=True, squeeze=False)[:, 0]
    names = list(dict.fromkeys(name for name, _ in lines))
    for axis, trial in zip(axes, trials, strict=False):
        for name, channels, opens, closes in _rows(found, trial):
            y = [lines.index((name, channel)) for channel in channels]
            axis.hlines(y, opens, closes, color=f"C{names.index(name)}", lw=2)
        axis.set_ylim(len(lines) - 0.5, -0.5)
        axis.set_yticks([lines.index(next(line for line in lines if line[0] == name)) for name in names], names)
        axis.set_title(f"trial {trial}", loc="left", fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel(TIME.heading)
    return save(figure, path)


def _lines(found: xarray.Dataset) -> list[tuple[str, int]]:
    """Every channel that opens at all, by its group and number, the groups in the order in which they come."""
    groups = list(dict.fromkeys(found.channels.values.tolist()))
    pairs = set(zip(found.channels.values.tolist(), found.channel.values.tolist(), strict=True))
    return sorted(pairs, key=lambda pair: (groups.index(pair[0]), pair[1]))


def _rows(found: xarray.Dataset, trial: int) -> list[tuple[str, list[int], list[float], list[float]]]:
    """Of each group in a trial: channels, and when they open and close (ms)."""
    of = found.isel(opening=(found.trial == trial).values)
    rows = []
    for name in dict.fromkeys(of.channels.values.tolist()):
        mine = of.isel(opening=(of.channels == name).values)
        rows.append((name, *(mine[key].values.tolist() for key in ("channel", "time", "closes"))))
    return rows
