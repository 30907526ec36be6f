"""What came of each trial, and of all of them on average."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rdcalcium.model import Model
from rdcalcium.recorders.peaks import Peaks
from rdcalcium.results import columns
from rdcalcium.results.about import Point
from rdcalcium.results.columns import Column
from rdcalcium.simulation import Simulation
from rdcalcium.units import AMOUNT_PER_CHARGE, IONS_PER_AMOUNT

# Of a point in the summary, by what the table of trials calls it.
OF_A_POINT = {
    columns.PEAK: "peak",
    columns.PEAK_TIME: "time_of_peak",
    columns.RELEASE_PROBABILITY: "release_probability",
    columns.RELEASES: "cumulative_release",
}


def outcome(simulation: Simulation, peaks: Peaks) -> np.ndarray:
    """A trial that is at its end, in the order of `results.tables.headings_of_trials`, without its number."""
    balance = simulation.balance()
    openings = [o.within(simulation.t) for o in simulation.influx.openings if o is not None]
    opened = [count for o in openings for count in (len(np.unique(o.channel)), len(o.channel))]
    released = [
        value
        for sensor in simulation.sensors
        if sensor.releases_vesicles
        for probability, count in zip(sensor.probability(), sensor.releases(), strict=True)
        for value in ([probability, count] if sensor.refills else [probability])
    ]
    entered = [balance.entered / AMOUNT_PER_CHARGE, balance.entered * IONS_PER_AMOUNT]
    return np.array([*entered, *opened, *peaks.values.ravel(), *released, balance.relative_error])


def over_trials(simulation: Simulation, trials: dict[str, np.ndarray]) -> dict[str, Point]:
    """What each sensor and probe saw in complete trials: the mean, and of two or more the standard deviation."""
    found: dict[str, dict[str, float]] = {name: {} for name in simulation.model.watched}
    for heading, values in trials.items():
        column = Column.read(heading)
        if column.place in found and (name := OF_A_POINT.get(column.quantity)):
            found[column.place][name] = float(values.mean())
            if len(values) > 1:
                found[column.place][f"{name}_sd"] = float(values.std(ddof=1))
    return {name: Point(**values) for name, values in found.items()}


def failures(simulation: Simulation, trials: dict[str, np.ndarray]) -> float | None:
    """Expected share of trials without a release: the mean over them of Π (1 - p)ⁿ over all sensors of n sites."""
    columns_of = {Column.read(heading): values for heading, values in trials.items()}
    released = {c.place: values for c, values in columns_of.items() if c.quantity == columns.RELEASE_PROBABILITY}
    if not any(map(len, released.values())):
        return None
    sites = {label: sensor.vesicles for sensor in simulation.model.sensors for label in sensor.labels()}
    return float(np.mean(np.prod([(1 - p) ** sites[place] for place, p in released.items()], axis=0)))


def drawn_failures(model: Model, fused: Mapping[str, np.ndarray], complete: int) -> float | None:
    """Share of so many complete trials in which no vesicle that is drawn fuses; none of a single trial.

    fused  columns of the table with a row for each vesicle that fuses; none where no vesicle is drawn
    """
    if not fused or not complete or model.run.trials == 1:
        return None
    trials = np.unique(fused[columns.TRIAL.heading])
    return 1 - float(np.mean(np.isin(np.arange(1, complete + 1), trials)))
