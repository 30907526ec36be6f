"""What channels.csv says of channels whose gate calcium changes: nobody knows it before the run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rdcalcium.recorders.pores import Pores
from rdcalcium.simulation import Moment, Simulation


def open_and_inward(
    simulation: Simulation, moment: Moment, times: np.ndarray
) -> Iterator[tuple[float, np.ndarray, np.ndarray]]:
    """At times (ms) in the step to a moment: how open each group is, and its current inward in pA, (groups,) each.

    How open is the probability, or the number of open channels in the terminal where these are drawn; both before what
    happens at the end of the step.
    """
    model, pores, influx = simulation.model, simulation.pores, simulation.influx
    sensing = [g for g, group in enumerate(model.channels) if group.follows_calcium]
    if not sensing:
        return
    with_sites = [*simulation.within(moment, times, simulation.do.sites)] if pores else [np.zeros(0)] * len(times)
    counts = model.copies * influx.conducting(times, np.ones(len(times), dtype=bool))
    for t, sites, count in zip(times.tolist(), with_sites, counts, strict=True):
        found = _of_patches(pores, sites, t) if pores else {}
        one = influx.currents.at(t, before_jump=True)
        rows = np.array([found.get(g, (count[g], count[g] * one[g])) for g in sensing])
        yield t, rows[:, 0], rows[:, 1]


def _of_patches(pores: Pores, sites: np.ndarray, t: float) -> dict[int, tuple[float, float]]:
    """Open probability and current (pA) of each group whose gate is a patch."""
    known = zip(pores.open_probability(sites).tolist(), pores.current(sites, t).tolist(), strict=True)
    return dict(zip(pores.groups, known, strict=True))
