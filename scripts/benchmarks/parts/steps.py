"""Latency: whole accepted steps of the box problem on few control volumes, split into stages and the rest.

First those of a plain run, in which a backend may take its steps without the host. The rest comes from a second one, in
which the host asks for each operation and waits: what is neither in stages nor in other kernels is Python and launches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import rdcalcium as rc
from parts import models
from parts.setting import Setting, Tables
from parts.watched import Watched
from rdcalcium.backends import Operations
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
    return [_row(model, system, kind, threads) for kind in setting.kinds() for threads in kind.thread_counts()]


def _row(model: rc.Model, system: System, kind: type[Operations], threads: int) -> dict[str, Any]:
    do = kind(system, model.run.precision)
    do.threads = threads
    plain, seconds = _quickest(model, lambda: do)
    watched, total = _quickest(model, lambda: Watched(do))
    stages, seen = watched.host.explicit.evaluations, watched.do
    most = max(seen.others, key=seen.others.__getitem__)
    return {
        "cells": model.discretization.kind,
        "control volumes": system.shape[1],
        "fields": system.shape[0],
        "backend": do.name,
        "threads": threads,
        "steps": plain.steps,
        "stages": stages,
        "us per step": 1e6 * seconds / plain.steps,
        "us per step by the host": 1e6 * total / watched.steps,
        "us per stage": 1e6 * seen.in_stages / stages,
        "stages %": 100 * seen.in_stages / total,
        "other kernels %": 100 * seen.others.total() / total,
        "the rest %": 100 * (1 - seen.seconds.total() / total),
        "most of other kernels": f"{most}, {100 * seen.others[most] / total:.0f} %",
    }


def _quickest(model: rc.Model, operations: Callable[[], Any]) -> tuple[rc.Simulation, float]:
    """The quickest of some runs to the end, and the seconds of its steps."""
    runs: list[tuple[rc.Simulation, float]] = []
    while len(runs) < MOST and sum(seconds for _, seconds in runs) < SECONDS:
        simulation = rc.Simulation(model, operations())
        start = time.perf_counter()
        simulation.run()
        runs.append((simulation, time.perf_counter() - start))
    return min(runs, key=lambda run: run[1])
