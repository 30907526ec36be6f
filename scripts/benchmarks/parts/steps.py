"""Latency: the steps of the box problem on few control volumes, as a plain run takes them.

A backend that takes its steps without the host does so here too. An evaluation of the right-hand side is a stage, or
the end of a step; `us per evaluation` is the time of the run over their number, so it holds all that a step does
besides. A case that a backend handles on one core is measured on one thread alone.
"""

from __future__ import annotations

import time
from typing import Any

import rdcalcium as rc
from parts import models
from parts.setting import Setting, Tables
from rdcalcium.backends import Operations
from rdcalcium.bench.measure import worth_measuring
from rdcalcium.bench.timing import place
from rdcalcium.system import System

CELLS = (0.05, 0.025, 0.5 / 30)  # µm: 2,000 to 54,000 cubes
EDGES = (0.055, 0.03, 0.02)  # µm: 2,000 to 27,000 nodes
MOST, SECONDS = 5, 1.0  # runs of each case, of which the quickest counts: no more once so many seconds are over


def tables(setting: Setting) -> Tables:
    """One row for each size, backend and number of threads."""
    count = 1 if setting.quick else len(CELLS)
    described = [*map(models.cubes, CELLS[:count]), *map(models.tetrahedra, EDGES[:count])]
    if setting.quick:
        described = [model.changed(run={"duration": 0.02}) for model in described]
    return {"": [row for model in described for row in _rows(setting, model)]}


def _rows(setting: Setting, model: rc.Model) -> list[dict[str, Any]]:
    system = rc.build_system(model, rc.discretize(model))
    values = system.shape[0] * system.shape[1]
    return [_row(model, system, kind, n) for kind in setting.kinds() for n in worth_measuring(kind, values)]


def _row(model: rc.Model, system: System, kind: type[Operations], threads: int) -> dict[str, Any]:
    do = kind(system, model.run.precision)
    do.threads = threads
    run, seconds = _quickest(model, do)
    evaluations = run.stepper.evaluations
    return {
        "cells": model.discretization.kind,
        "control volumes": system.shape[1],
        "fields": system.shape[0],
        **place(do),
        "steps": run.steps,
        "evaluations": evaluations,
        "us per step": 1e6 * seconds / run.steps,
        "us per evaluation": 1e6 * seconds / evaluations,
        "ns per evaluation and volume": 1e9 * seconds / evaluations / system.shape[1],
    }


def _quickest(model: rc.Model, do: Operations) -> tuple[rc.Simulation, float]:
    """The quickest of some runs to the end, and the seconds of its steps."""
    runs: list[tuple[rc.Simulation, float]] = []
    while len(runs) < MOST and sum(seconds for _, seconds in runs) < SECONDS:
        simulation = rc.Simulation(model, do)
        start = time.perf_counter()
        simulation.run()
        runs.append((simulation, time.perf_counter() - start))
    return min(runs, key=lambda run: run[1])
