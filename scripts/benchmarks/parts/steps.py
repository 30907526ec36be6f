"""Latency: whole accepted steps of the box problem on few control volumes, split into stages and the rest.

The steps are those of a plain run. The shares come from a second one, in which each operation is waited for: what is
neither in stages nor in other kernels is Python and launches.
"""

from __future__ import annotations

import time
from typing import Any

import rdcalcium as rc
from parts import models
from parts.setting import Setting, Tables
from parts.watched import Watched
from rdcalcium.backends import Operations
from rdcalcium.system import System

CELLS = (0.05, 0.025, 0.5 / 30)  # µm: 2,000 to 54,000 cubes
EDGES = (0.055, 0.03, 0.02)  # µm: 2,000 to 40,000 nodes


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
    plain, seconds = _run(model, do)
    watched = Watched(do)
    _, total = _run(model, watched)
    stages = plain.explicit.evaluations
    return {
        "cells": model.discretization.kind,
        "control volumes": system.shape[1],
        "fields": system.shape[0],
        "backend": do.name,
        "threads": threads,
        "steps": plain.steps,
        "stages": stages,
        "us per step": 1e6 * seconds / plain.steps,
        "us per stage": 1e6 * watched.in_stages / stages,
        "stages %": 100 * watched.in_stages / total,
        "other kernels %": 100 * watched.in_others / total,
        "the rest %": 100 * (1 - (watched.in_stages + watched.in_others) / total),
    }


def _run(model: rc.Model, do: Any) -> tuple[rc.Simulation, float]:
    """A run to its end, and the seconds of its steps."""
    simulation = rc.Simulation(model, do)
    start = time.perf_counter()
    simulation.run()
    return simulation, time.perf_counter() - start
