"""Voltage, open probabilities and currents of the whole run, known before it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rdcalcium.model import Model
from rdcalcium.results.csv_table import CsvTable
from rdcalcium.results.folder import STIMULUS, TIME
from rdcalcium.simulation import Simulation


def write_stimulus(folder: Path, model: Model, simulation: Simulation) -> None:
    """Write stimulus.csv, a row wherever a current has one; no file where nothing flows."""
    groups = simulation.currents.groups
    if not groups:
        return
    knots = [g.influx.knots for g in groups] + [[0.0, model.run.duration]]
    times = np.unique(np.concatenate(knots))
    times = times[(times >= 0) & (times <= model.run.duration)]
    columns: dict[str, np.ndarray] = {TIME: times}
    if model.stimulus:
        columns["voltage (mV)"] = model.stimulus.voltage(times)
    for group, count in zip(groups, simulation.sources.counts, strict=True):
        if group.open_probability:
            columns[f"{group.name}: open probability"] = group.open_probability.value(times, before=True)
        inward = model.copies * count * group.influx.value(times)
        columns[f"{group.name}: current (pA)"] = -inward
    table = CsvTable(folder / STIMULUS, list(columns))
    for row in zip(*columns.values(), strict=True):
        table.append(row)
    table.close()
