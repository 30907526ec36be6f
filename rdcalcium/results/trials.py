"""Tables of several trials as labelled arrays: traces over trial and time, and what came of each trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rdcalcium.results import columns
from rdcalcium.results.columns import TIME, TRIAL, Column

if TYPE_CHECKING:
    import xarray

# Of the table with a row for each trial: what a quantity is called in Python, and over what besides the trial it goes.
OUTCOMES = {
    columns.CHARGE.quantity: ("charge", None),
    columns.IONS.quantity: ("ions", None),
    columns.OPENED: ("channels_that_opened", "group"),
    columns.OPENINGS: ("openings", "group"),
    columns.PEAK: ("peak_calcium", "point"),
    columns.PEAK_TIME: ("time_of_peak", "point"),
    columns.RELEASE_PROBABILITY: ("release_probability", "sensor"),
    columns.RELEASES: ("cumulative_release", "refilled_sensor"),
    columns.RELATIVE_ERROR.quantity: ("relative_error", None),
}


def over_trials(table: Mapping[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Coordinates trial and time, and every other column as (trials, times); NaN where a trial has not come to it."""
    numbers, row = np.unique(table[TRIAL.heading], return_inverse=True)
    times, place = np.unique(table[TIME.heading], return_inverse=True)
    found = {}
    for heading, values in table.items():
        if heading not in (TRIAL.heading, TIME.heading):
            found[heading] = np.full((len(numbers), len(times)), np.nan)
            found[heading][row, place] = values
    return {"trial": ("trial", numbers.astype(int)), "time": ("time", times, {"units": TIME.unit})}, found


def outcomes(table: Mapping[str, np.ndarray]) -> xarray.Dataset:
    """The table with a row for each trial, by quantity, over trials and the groups, points and sensors of each."""
    import xarray

    found: dict[str, list[tuple[Column, np.ndarray]]] = {}
    for heading, values in table.items():
        column = Column.read(heading)
        if column.quantity in OUTCOMES:
            found.setdefault(column.quantity, []).append((column, values))
    data: dict[str, Any] = {}
    coordinates: dict[str, Any] = {"trial": ("trial", table[TRIAL.heading].astype(int))}
    for quantity, held in found.items():
        name, over = OUTCOMES[quantity]
        units = {"units": held[0][0].unit}
        if over is None:
            data[name] = (("trial",), held[0][1], units)
            continue
        data[name] = (("trial", over), np.stack([values for _, values in held], axis=1), units)
        coordinates[over] = (over, np.array([column.place for column, _ in held]))
    return xarray.Dataset(data, coords=coordinates)
