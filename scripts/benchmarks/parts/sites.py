"""What ten thousand sensors or channels add to a step, on 195,000 and on a million control volumes.

Each row is a run of the same model with the same currents, beside one without them: both take turns, a twentieth of the
run each, so that what else the machine does falls on both. Time is told by stages, as calcium from other channels needs
other steps, and the middle turn of all counts. Sensors are on a lattice 10 nm above the membrane of 20
channels. Of channels that follow one course 10,000 replace 20, with the same current together; of channels that open
one by one, as stochastic gates make them, 10,000 open once, where the others open as often, at the same times.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rdcalcium as rc
from parts.setting import Setting, Tables
from rdcalcium.backends import Operations
from rdcalcium.bench.timing import place
from rdcalcium.system import System

SIDE = 1.5  # µm
CELLS = (58, 100)  # along one side
COUNT, FEW = 10_000, 20  # sensors or channels, and channels beside them
DURATION, TURNS = 0.4, 20  # ms, and turns that runs take
CURRENT, BEGIN = 3.0, 0.1  # pA of all channels together, and when they open (ms)
OPENINGS = 200  # of channels that open one by one, spread over the run
SENSORS = {
    "five sites": "schneggenburger_neher2000",
    "allosteric": "lou2005",
    "two in one, 19 states": "sun2007",
    "five sites, refilled": "refilled_keller2015",
}


def tables(setting: Setting) -> Tables:
    """One row for each size and kind, on the best backend."""
    sides, count, duration = ((9,), 60, 0.15) if setting.quick else (CELLS, COUNT, DURATION)
    kinds = setting.kinds() if setting.quick else setting.kinds()[:1]  # NumPy would take an hour
    return {"": [row for side in sides for row in _rows(kinds, side, count, duration)]}


def _rows(kinds: Sequence[type[Operations]], side: int, count: int, duration: float) -> list[dict[str, Any]]:
    found = []
    for kind in kinds:
        plain = model(side, FEW, duration)
        for name, library in SENSORS.items():
            found.append(_row(f"sensors: {name}", plain, with_sensors(plain, library, count), kind, count))
        found.append(_row("channels of one course", plain, model(side, count, duration), kind, count))
        one_by_one = [model(side, n, duration, opening_of=count) for n in (FEW, count)]
        found.append(_row("channels one by one", *one_by_one, kind, count))
    return found


def model(side: int, channels: int, duration: float, opening_of: int = 0) -> rc.Model:
    """A box of so many cells along one side, with four fields; all its channels together carry the same current.

    opening_of  so many openings of a channel at a time, in turn; none: all channels are open from BEGIN on
    """
    where = np.random.default_rng(1).uniform(-0.45 * SIDE, 0.45 * SIDE, (channels, 2))
    current = CURRENT / (FEW if opening_of else channels)
    group: dict[str, Any] = {"name": "Ca", "positions": where.tolist()}
    group["current"] = {"kind": "pulse", "amplitude": current, "start": BEGIN, "duration": duration}
    if opening_of:
        group["current"] = {"kind": "pulse", "amplitude": current, "start": 0, "duration": duration}
        group["openings"] = _openings(channels, duration)
    return rc.Model.model_validate(
        {
            "geometry": {"kind": "box", "size": [SIDE] * 3},
            "discretization": {"kind": "grid", "size_at_active_zone": SIDE / side},
            "magnesium": {"free": 500},
            "buffers": [
                {"name": "fixed", "use": "fixed_keller2015", "total": 400},
                {"name": "EGTA", "use": "EGTA", "total": 1000},
                {"name": "ATP", "use": "ATP_keller2015", "total": 2000},
            ],
            "channels": [group],
            "run": {"duration": duration},
        }
    )


def _openings(channels: int, duration: float) -> list[list[list[float]]]:
    """When each channel is open, from when to when (ms): all openings at the same times, however many channels."""
    gap = (duration - BEGIN) / (OPENINGS + FEW)
    each: list[list[list[float]]] = [[] for _ in range(channels)]
    for i in range(OPENINGS):
        begin = BEGIN + i * gap
        each[i % channels].append([begin, begin + gap * FEW / 2])
    return each


def with_sensors(plain: rc.Model, library: str, count: int) -> rc.Model:
    """The model with so many sensors of one kind."""
    side = int(np.ceil(np.sqrt(count)))
    line = 0.95 * SIDE * ((np.arange(side) + 0.5) / side - 0.5)
    positions = [[x, y, 0.01] for x in line.tolist() for y in line.tolist()][:count]
    return plain.changed(sensors=[{"name": "v", "use": library, "positions": positions}])


def _row(name: str, plain: rc.Model, more: rc.Model, kind: type[Operations], count: int) -> dict[str, Any]:
    runs = [simulation(one, kind) for one in (plain, more)]
    turns = in_turns(runs)
    run = runs[1]
    ms = 1e3 * float(turns.seconds[1].sum()) / run.steps
    ms_without = ms / turns.middle_ratio()
    return {
        "what": name,
        "sites": count,
        "fields": run.system.shape[0],
        "control volumes": run.system.shape[1],
        **place(run.do),
        "steps": run.steps,
        "stages per step": run.stepper.evaluations / run.steps,
        "ms per step": ms,
        "ms without them": ms_without,
        "us per step for them": 1e3 * (ms - ms_without),
        "% of a step": 100 * (ms / ms_without - 1),
    }


def simulation(described: rc.Model, kind: type[Operations]) -> rc.Simulation:
    """A run at its beginning, on all threads."""
    system: System = rc.build_system(described, rc.discretize(described))
    return rc.Simulation(described, kind(system, described.run.precision))


class Turns(NamedTuple):
    """What each run did in each turn: a row for a run."""

    seconds: NDArray[np.float64]
    stages: NDArray[np.int64]

    def middle_ratio(self) -> float:
        """How many times as long as the first run the second takes for a stage: the median of the turns."""
        both = self.stages.min(axis=0) > 0
        without, with_them = (self.seconds / np.maximum(self.stages, 1))[:, both]
        return float(np.median(with_them / without))


def in_turns(runs: Sequence[rc.Simulation]) -> Turns:
    """Each run to its end, while all take turns; the first step, for which kernels are loaded, apart."""
    turns = Turns(np.zeros((len(runs), TURNS)), np.zeros((len(runs), TURNS), np.int64))
    for run in runs:
        run.advance()
    for turn in range(TURNS):
        for i, run in enumerate(runs):
            until = run.model.run.duration * (turn + 1) / TURNS
            before, start = run.stepper.evaluations, time.perf_counter()
            while run.t < until and not run.finished:
                run.stretch(until)
            turns.seconds[i, turn] = time.perf_counter() - start
            turns.stages[i, turn] = run.stepper.evaluations - before
    return turns
